"""The image formats that ``fovea decode`` writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from PIL.PngImagePlugin import PngInfo

from fovea.bitstream import Metadata
from fovea.errors import ImageError
from fovea.picture import Picture, image_info


@dataclass(frozen=True)
class Format:
    """An image format.

    Attributes:
        name: Pillow's.
        alpha: whether it holds an alpha channel.
        metadata: whether it holds EXIF, ICC and XMP.
        options: for Pillow to write it without loss, or nearly.
    """

    name: str
    alpha: bool
    metadata: bool
    options: Mapping[str, Any] = field(default_factory=dict)


_JPEG = Format("JPEG", alpha=False, metadata=True, options={"quality": 95, "subsampling": 0})
FORMATS = {
    "png": Format("PNG", alpha=True, metadata=True),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "webp": Format("WEBP", alpha=True, metadata=True, options={"lossless": True}),
    "bmp": Format("BMP", alpha=False, metadata=False),
    "ppm": Format("PPM", alpha=False, metadata=False),
}
"""By the suffix of their files."""

_EXIF_PREFIX = b"Exif\0\0"


def save(picture: Picture, file: IO[bytes], form: Format) -> None:
    """Write a picture with all that the format can hold.

    Metadata that it cannot hold are applied instead, so that the picture looks the same without.

    Args:
        picture: what to write.
        file: open binary file.
        form: one of ``FORMATS``.

    Raises:
        ImageError: the picture is transparent and the format is not, or is too large for the format.
    """
    metadata = picture.metadata
    if not form.metadata and metadata != Metadata():
        picture, metadata = Picture.from_image(picture.to_image(), keep_metadata=False), Metadata()
    image = picture.to_image()
    if picture.alpha is not None and not form.alpha:
        if picture.alpha.min() < 255:
            raise ImageError(f"the picture is transparent, which {form.name} cannot be: choose png or webp")
        image = image.convert(picture.mode.removesuffix("A"))
    try:
        image.save(file, form.name, **form.options, **_metadata_options(form, metadata))
    except (OSError, ValueError) as error:
        raise ImageError(f"the picture cannot be written as {form.name}: {error}") from error


def _metadata_options(form: Format, metadata: Metadata) -> dict[str, Any]:
    options: dict[str, Any] = dict(image_info(metadata))
    if form.name == "JPEG" and metadata.exif:  # Pillow writes it as it is, and files such as WebP have it without
        options["exif"] = _EXIF_PREFIX + metadata.exif.removeprefix(_EXIF_PREFIX)
    if form.name == "PNG" and metadata.xmp:  # Pillow reads XMP from PNG, but has no option to write it
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", metadata.xmp)
    return options
