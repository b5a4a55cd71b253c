"""The image formats that decoded pictures are written in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import IO, Any

from PIL.PngImagePlugin import PngInfo

from fovea.bitstream import MAX_SIDE, Metadata
from fovea.errors import ImageError
from fovea.picture.metadata import image_info, orientation_in, oriented
from fovea.picture.picture import Picture


@dataclass(frozen=True)
class Format:
    """An image format.

    Attributes:
        name: name that Pillow uses.
        media_type: its media type.
        alpha: whether the format has an alpha channel.
        metadata: whether the format stores EXIF, ICC and XMP.
        options: options with which Pillow writes the format with no or little loss.
        largest_side: largest number of pixels of a side that the format, or its library, can write.
    """

    name: str
    media_type: str
    alpha: bool
    metadata: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    largest_side: int = MAX_SIDE


_JPEG = Format(
    "JPEG",
    "image/jpeg",
    alpha=False,
    metadata=True,
    options={"quality": 95, "subsampling": 0},
    largest_side=65_500,
)
# TIFF is written without compression, which is fast. Unlike BMP and PPM, it has an alpha channel.
_TIFF = Format("TIFF", "image/tiff", alpha=True, metadata=False)
FORMATS = {
    # Level 1 takes a quarter of the time of Pillow's default level, and 9 % more bytes.
    "png": Format("PNG", "image/png", alpha=True, metadata=True, options={"compress_level": 1}),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    # Without the option exact, WebP changes the colors of transparent pixels.
    "webp": Format(
        "WEBP",
        "image/webp",
        alpha=True,
        metadata=True,
        options={"lossless": True, "exact": True},
        largest_side=16_383,
    ),
    "tif": _TIFF,
    "tiff": _TIFF,
    "bmp": Format("BMP", "image/bmp", alpha=False, metadata=False),
    "ppm": Format("PPM", "image/x-portable-pixmap", alpha=False, metadata=False),
}
"""The formats by the suffix of their files."""

_EXIF_PREFIX = b"Exif\0\0"
_SEGMENT = 65533
"""Largest number of bytes in a segment of a JPEG file, without its length."""
# EXIF and XMP have one segment each, and a profile has up to 255. The first bytes of each segment identify it.
_LARGEST_IN_JPEG = {"EXIF": _SEGMENT - 6, "XMP": _SEGMENT - 29, "ICC": 255 * (_SEGMENT - 14)}


def save_picture(picture: Picture, file: IO[bytes], form: Format) -> str:
    """Write a picture with all of its metadata that the format can store.

    The orientation and the profile that it cannot store are applied to the pixels, so that the picture looks the same.

    Args:
        picture: picture to write.
        file: open binary file.
        form: one of ``FORMATS``.

    Returns:
        A note about metadata that are left out although the format stores metadata; empty if there are none.

    Raises:
        ImageError: the picture is transparent and the format has no alpha channel, or the picture is too large for it.
    """
    if max(picture.width, picture.height) > form.largest_side:
        raise ImageError(
            f"a picture of {picture.width}x{picture.height} pixels cannot be written as {form.name}: a side has at most"
            f" {form.largest_side} pixels: choose png or tiff"
        )
    note = ""
    if not form.metadata:
        picture = picture.shown()
    elif form.name == "JPEG":
        picture, note = _fitted_to_jpeg(picture)
    image = picture.to_image()
    if picture.alpha is not None and not form.alpha:
        if picture.alpha.min() < 255:
            raise ImageError(f"the picture is transparent, and {form.name} has no alpha channel: choose png or webp")
        image = image.convert(picture.mode.removesuffix("A"))
    try:
        image.save(file, form.name, **form.options, **_metadata_options(form, picture.metadata))
    except (OSError, ValueError) as error:
        raise ImageError(f"the picture cannot be written as {form.name}: {error}") from error
    return note


def _fitted_to_jpeg(picture: Picture) -> tuple[Picture, str]:
    """Return the picture with the metadata that fit into a JPEG, and a note about those that are left out."""
    metadata = picture.metadata
    sizes = {"EXIF": len(metadata.exif.removeprefix(_EXIF_PREFIX)), "ICC": len(metadata.icc), "XMP": len(metadata.xmp)}
    lost = [name for name, size in sizes.items() if size > _LARGEST_IN_JPEG[name]]
    if not lost:
        return picture, ""
    verb = "is" if len(lost) == 1 else "are"
    note = f"{' and '.join(lost)} {verb} too large for a JPEG and left out: choose png or webp to keep all metadata"
    if "ICC" in lost:
        return picture.shown(), note
    kept = Metadata(b"" if "EXIF" in lost else metadata.exif, metadata.icc, b"" if "XMP" in lost else metadata.xmp)
    return replace(picture, metadata=oriented(kept, orientation_in(metadata))), note


def _metadata_options(form: Format, metadata: Metadata) -> dict[str, Any]:
    options: dict[str, Any] = dict(image_info(metadata))
    if form.name == "JPEG" and metadata.exif:  # Pillow does not add the prefix, which EXIF of other formats may lack
        options["exif"] = _EXIF_PREFIX + metadata.exif.removeprefix(_EXIF_PREFIX)
    if form.name == "PNG" and metadata.xmp:  # Pillow has no option to write XMP to PNG
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", metadata.xmp)
    return options
