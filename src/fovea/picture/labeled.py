"""Labeled images: labels count pixels as they are stored, or as they are shown."""

from PIL import Image, ImageOps


def as_labeled(image: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    """The image that its labels were made for.

    Args:
        image: as stored.
        size: width and height according to the labels; None where they do not tell.

    Returns:
        The image as stored if that has the labeled size, else turned as EXIF says.

    Example:
        >>> as_labeled(Image.new("L", (3, 2)), (3, 2)).size
        (3, 2)
    """
    return image if image.size == size else ImageOps.exif_transpose(image)
