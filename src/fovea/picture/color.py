"""ICC color profiles: from the colors that an image means to sRGB."""

import io
from collections.abc import Callable

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
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None

    def apply(image: Image.Image) -> Image.Image:
        # Gray images often carry the RGB profile of their editor; a gray profile says nothing about colors.
        if image.mode == "L" and mode == "RGB":
            image = image.convert("RGB")
        return transform.apply(image) if image.mode == mode else image.convert("RGB")

    return apply
