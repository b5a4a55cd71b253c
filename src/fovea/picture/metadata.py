"""Metadata in ``image.info``, where Pillow stores them."""

from contextlib import suppress
from dataclasses import replace

from PIL import ExifTags, Image

from fovea.bitstream import Metadata
from fovea.errors import ImageError, LimitError
from fovea.picture.blocks import metadata_bytes
from fovea.picture.reading import turned_by_decoder


def metadata_of(image: Image.Image) -> Metadata:
    """Return the EXIF, ICC and XMP metadata of an image.

    Args:
        image: loaded image, because some formats store metadata after the pixels.

    Returns:
        The unchanged bytes. There is no ICC profile if the mode is CMYK or LAB, because such an image becomes RGB, and
        its profile does not describe RGB.

    Raises:
        ImageError: one of them is too large for a ``.fov`` file.
    """
    info = image.info
    icc = b"" if image.mode in ("CMYK", "LAB") else metadata_bytes(info.get("icc_profile"))
    try:
        return Metadata(_exif_of(image), icc, metadata_bytes(info.get("xmp")))
    except LimitError as error:
        raise ImageError(f"{error.reason}: leave out metadata (keep_metadata=False, --no-metadata)") from error


def _exif_of(image: Image.Image) -> bytes:
    exif, text = image.info.get("exif"), image.info.get("Raw profile type exif")
    if exif is None and text is not None:  # old versions of ImageMagick write EXIF to PNG as 3 lines and then digits
        with suppress(ValueError):
            exif = bytes.fromhex("".join(text.split("\n")[3:]))
    return metadata_bytes(exif)


def image_info(metadata: Metadata) -> dict[str, bytes]:
    """Return metadata as entries of ``image.info``.

    Example:
        >>> image_info(Metadata(icc=b"profile"))
        {'icc_profile': b'profile'}
    """
    blocks = {"exif": metadata.exif, "icc_profile": metadata.icc, "xmp": metadata.xmp}
    return {key: block for key, block in blocks.items() if block}


def orientation_of(image: Image.Image) -> int:
    """Return the orientation, 1 to 8, in the EXIF or XMP metadata of an image; 1 if there is none or it is broken.

    It is also 1 if the decoder turns the pixels upright, even before they are loaded.
    """
    if turned_by_decoder(image):
        return 1
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow raises errors of many kinds for broken EXIF, which is no reason to refuse the picture
        return 1


def orientation_in(metadata: Metadata) -> int:
    """Return the orientation in metadata, as :func:`orientation_of` does for an image."""
    image = Image.new("L", (1, 1))
    image.info.update(image_info(metadata))
    return orientation_of(image)


def oriented(metadata: Metadata, orientation: int) -> Metadata:
    """Return metadata with the given orientation in EXIF and everything else unchanged."""
    if orientation_in(metadata) == orientation:
        return metadata
    exif = Image.Exif()
    exif.load(metadata.exif)
    exif[ExifTags.Base.Orientation] = orientation
    return replace(metadata, exif=exif.tobytes())
