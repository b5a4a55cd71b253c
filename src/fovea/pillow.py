"""Pillow plugin: importing this module teaches Pillow the ``.fov`` format.

Opening reads the header and the metadata; the pixels are decoded when they are first needed.

Example::

    import fovea.pillow
    from PIL import Image

    Image.open("photo.jpg").save("photo.fov", quality=40)
    Image.open("photo.fov").show()

``save`` takes

* ``quality``: 0 (smallest file) to 100 (best picture), 50 unless given;
* ``scale``: size at which the picture is coded, such as ``"1/2"`` of its own; unless given, models for machines choose;
* ``background``: how much an error outside of objects counts, 0 to 100, for models that have this control;
* ``model``: name of the model that codes the pixels;
* ``exif`` (bytes or ``Image.Exif``), ``icc_profile``, ``xmp``: instead of the image's own, ``b""`` for none;
* ``keep_metadata=False``: drop all three, after the pixels are turned upright and converted to sRGB.

Errors are those that users of Pillow expect: ``ValueError`` for an option that is out of its range, ``OSError`` for a
file that cannot be read or written.
"""

import os
from dataclasses import replace
from typing import IO, Any

from PIL import Image, ImageFile, UnidentifiedImageError

from fovea import codec
from fovea.arguments import AUTO_SCALE, quality_number, scale_number
from fovea.bitstream import MAGIC, MAX_PIXELS, ContainerReader, Metadata, read
from fovea.errors import BitstreamError, FoveaError, about
from fovea.forks import Lock
from fovea.picture import Picture, image_info, metadata_bytes

FORMAT = "FOV"


class FovImageFile(ImageFile.ImageFile):
    """A ``.fov`` file as a Pillow image. Its errors are the ``OSError`` that users of Pillow expect."""

    format = FORMAT
    format_description = "Fovea image for machines"

    def _open(self) -> None:
        self._decoding = Lock()
        try:
            with about(_name(self.filename)):
                reader = ContainerReader(self._file())
                metadata = reader.metadata()
        except BitstreamError as error:
            raise UnidentifiedImageError(str(error)) from error
        self._size = (reader.header.width, reader.header.height)
        self._mode = reader.header.mode
        self.info.update(image_info(metadata))

    def load(self) -> Any:
        """Decode the pixels, the first time."""
        if self._im is None:
            with self._decoding:
                if self._im is None:
                    self._decode()
        return Image.Image.load(self)

    def verify(self) -> None:
        """Check all bytes of the file against their checksums, without decoding, and close the file.

        Raises:
            OSError: the file is damaged.
        """
        try:
            with about(_name(self.filename)):
                read(self._file())
        except BitstreamError as error:
            raise OSError(str(error)) from error
        super().verify()

    def _decode(self) -> None:
        try:
            # Pillow's own guard, Image.MAX_IMAGE_PIXELS, has let the picture pass when it was opened.
            with about(_name(self.filename)):
                picture = codec.default_codec(None).decode_picture(self._file(), max_pixels=MAX_PIXELS)
        except FoveaError as error:
            raise OSError(str(error)) from error
        self.im = picture.to_image().im
        self.readonly = 0
        if self._exclusive_fp:
            self._close_fp()
        self.fp = None

    def _file(self) -> IO[bytes]:
        if self.fp is None:
            raise ValueError("Operation on closed image")
        return self.fp


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(MAGIC)


def _save(image: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    options: dict[str, Any] = image.encoderinfo
    try:
        quality = quality_number(options.get("quality", codec.DEFAULT_QUALITY))
        scale = options.get("scale", AUTO_SCALE)
        scale_number(scale)
        coder = codec.default_codec(options.get("model"))
        background = coder.check_background(options.get("background"))
    except FoveaError as error:
        raise ValueError(str(error)) from error
    try:
        with about(_name(filename)):
            fp.write(coder.encode(_with_metadata(image, options), quality, scale=scale, background=background))
    except FoveaError as error:
        raise OSError(str(error)) from error


def _with_metadata(image: Image.Image, options: dict[str, Any]) -> Picture:
    """The picture to code: metadata among the options take the place of its own."""
    picture = Picture.from_image(image, options.get("keep_metadata", True))
    own = picture.metadata
    metadata = Metadata(
        _block("exif", options.get("exif", own.exif)),
        _block("icc_profile", options.get("icc_profile", own.icc)),
        _block("xmp", options.get("xmp", own.xmp)),
    )
    return replace(picture, metadata=metadata)


def _block(name: str, value: object) -> bytes:
    if value is not None and not isinstance(value, bytes | bytearray | memoryview | str | Image.Exif):
        raise TypeError(f"{name} is of type {type(value).__name__}: expected bytes, text or EXIF of Pillow")
    return metadata_bytes(value)


def _name(filename: str | bytes | None) -> str | None:
    """The name of a file for messages; None for a stream, which has no name."""
    return os.fsdecode(filename) if filename else None


Image.register_open(FORMAT, FovImageFile, _accept)
Image.register_save(FORMAT, _save)
Image.register_extension(FORMAT, ".fov")
Image.register_mime(FORMAT, "image/x-fovea")
