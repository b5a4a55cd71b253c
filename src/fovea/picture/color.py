"""ICC color profiles: from the colors that an image means to sRGB."""

import io
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageCms

_PROFILE_MODES = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}


ColorTransform = Callable[[Image.Image], Image.Image]
"""Turns an image of mode L, RGB or CMYK into sRGB, mode RGB."""


def srgb_transform(profile: bytes) -> ColorTransform | None:
    """The way from a profile's colors to sRGB.

    Args:
        profile: ICC profile; empty for none.

    Returns:
        The transform, or None where there is nothing to do or to go by: no profile, sRGB itself, or a profile
        that is broken or of another kind. Viewers show such images as sRGB too.
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
        # Gray images often carry the RGB profile of their editor; a gray profile says nothing about colors.
        if image.mode == "L" and mode == "RGB":
            image = image.convert("RGB")
        return transform.apply(image) if image.mode == mode else image.convert("RGB")

    return apply


@cache
def _all_over_the_cube() -> Image.Image:
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3))


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether colors come from sRGB: many profiles of sRGB differ by name and form, and some that are not say so."""
    colors = _all_over_the_cube()
    before, after = (np.asarray(image).astype(int) for image in (colors, transform.apply(colors)))
    return bool((np.abs(after - before) <= 1).all())
