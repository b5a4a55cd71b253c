"""Metadata as Pillow keeps them, in ``image.info``."""

from contextlib import suppress
from dataclasses import replace

from PIL import ExifTags, Image

from fovea.bitstream import Metadata
from fovea.errors import ImageError, LimitError


def metadata_of(image: Image.Image) -> Metadata:
    """EXIF, ICC and XMP of an image.

    Args:
        image: A loaded image: some formats hold metadata after the pixels.

    Returns:
        The bytes as found; no ICC profile where the mode is CMYK or LAB, because such an image becomes RGB,
        of which its profile does not speak.

    Raises:
        ImageError: One of them is too large for a ``.fov`` file.
    """
    info = image.info
    icc = b"" if image.mode in ("CMYK", "LAB") else info.get("icc_profile")
    try:
        return Metadata(_exif_of(image), icc or b"", info.get("xmp") or b"")
    except LimitError as error:
        raise ImageError(f"{error.reason}; leave metadata out (keep_metadata=False, --no-metadata)") from error


def _exif_of(image: Image.Image) -> bytes:
    exif, text = image.info.get("exif"), image.info.get("Raw profile type exif")
    if exif is None and text is not None:  # ImageMagick has written it to PNG like this: three lines, then digits
        with suppress(ValueError):
            exif = bytes.fromhex("".join(text.split("\n")[3:]))
    return exif or b""


def image_info(metadata: Metadata) -> dict[str, bytes]:
    """The entries of ``image.info`` that hold these metadata.

    Example:
        >>> image_info(Metadata(icc=b"profile"))
        {'icc_profile': b'profile'}
    """
    blocks = {"exif": metadata.exif, "icc_profile": metadata.icc, "xmp": metadata.xmp}
    return {key: block for key, block in blocks.items() if block}


def orientation_of(image: Image.Image) -> int:
    """The orientation, 1 to 8, that EXIF or XMP state; 1 where they state none or cannot be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Broken EXIF is no reason to refuse the picture; what it raises in Pillow varies.
        return 1


def orientation_in(metadata: Metadata) -> int:
    """The orientation that these metadata state; see :func:`orientation_of`."""
    image = Image.new("L", (1, 1))
    image.info.update(image_info(metadata))
    return orientation_of(image)


def oriented(metadata: Metadata, orientation: int) -> Metadata:
    """Metadata with that orientation in EXIF, which changes in nothing else; as they are where they state it."""
    if orientation_in(metadata) == orientation:
        return metadata
    exif = Image.Exif()
    exif.load(metadata.exif)
    exif[ExifTags.Base.Orientation] = orientation
    return replace(metadata, exif=exif.tobytes())
