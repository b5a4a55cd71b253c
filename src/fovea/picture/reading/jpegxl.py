"""JPEG XL, as the package ``pillow-jxl-plugin`` reads it."""

from typing import Any

from PIL import ExifTags, Image


def load_jpegxl(image: Any) -> Image.Image:
    """Load a JPEG XL image.

    The format states the orientation outside EXIF, and the decoder turns the pixels by it: what EXIF says of it has no
    meaning, and is set to upright. Only a JPEG that was packed into the format comes out as it was, EXIF and all.
    """
    image.load()
    if not getattr(image, "jpeg", False):
        exif = image.getexif()
        if exif.get(ExifTags.Base.Orientation, 1) != 1:
            exif[ExifTags.Base.Orientation] = 1
            image.info["exif"] = exif.tobytes()
    return image  # type: ignore[no-any-return]
