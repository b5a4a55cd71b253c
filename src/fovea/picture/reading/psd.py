"""PSD files of one bit per pixel, in which 1 is black."""

from typing import Any

from PIL import Image


def load_psd(image: Any) -> Image.Image:
    """Load a PSD image.

    Args:
        image: image that Pillow opened.

    Returns:
        The image; another one if it has one bit per pixel, of which Pillow gives the negative.
    """
    inverted = image.mode == "1" and bool(image.tile)
    image.load()
    return image.point([255] + [0] * 255) if inverted else image  # type: ignore[no-any-return]
