"""JPEG XL files, which the package ``pillow-jxl-plugin`` reads."""

from typing import Any

from PIL import ExifTags, Image


def load_jpegxl(image: Any) -> Image.Image:
    """Load a JPEG XL image.

    The format stores the orientation outside EXIF, and the decoder turns the pixels upright. The orientation in EXIF
    has no meaning, and is set to upright. The only exception is a file that holds a recompressed JPEG: the plugin
    returns the original JPEG, whose EXIF is valid.

    Args:
        image: image that Pillow opened.

    Returns:
        The image.
    """
    image.load()
    if not is_jpeg(image):
        exif = image.getexif()
        if exif.get(ExifTags.Base.Orientation, 1) != 1:
            exif[ExifTags.Base.Orientation] = 1
            image.info["exif"] = exif.tobytes()
    return image  # type: ignore[no-any-return]


def is_jpeg(image: Any) -> bool:
    """Return whether a JPEG XL image is a recompressed JPEG."""
    return bool(getattr(image, "jpeg", False))
