"""Conversion of colors from an ICC color profile to sRGB."""

import io
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageCms

_PROFILE_MODES = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}

ColorTransform = Callable[[Image.Image], Image.Image]
"""Function that converts an image of mode L, RGB or CMYK to sRGB, mode RGB."""


def srgb_transform(profile: bytes) -> ColorTransform | None:
    """Return the transform from the colors of a profile to sRGB.

    Args:
        profile: ICC profile; empty if there is none.

    Returns:
        The transform. None if there is no profile, if the profile is sRGB, or if it is broken or of an unknown kind:
        viewers show such images as sRGB, too.
    """
    mode = _PROFILE_MODES.get(profile[16:20])
    if mode is None:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None
    if mode == "RGB" and _changes_nothing(transform):
        return None

    def apply(image: Image.Image) -> Image.Image:
        # Gray images often have the RGB profile of their editor. A gray profile does not apply to colors.
        if image.mode == "L" and mode == "RGB":
            image = image.convert("RGB")
        return transform.apply(image) if image.mode == mode else image.convert("RGB")

    return apply


@cache
def _color_grid() -> Image.Image:
    """Return an image whose colors are a regular grid in the RGB cube."""
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3))


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Return whether a transform keeps all colors, which means that its profile is sRGB.

    The name of a profile does not show this: there are many profiles of sRGB, and some other profiles are called sRGB.
    """
    colors = _color_grid()
    before, after = (np.asarray(image).astype(int) for image in (colors, transform.apply(colors)))
    return bool((np.abs(after - before) <= 1).all())
