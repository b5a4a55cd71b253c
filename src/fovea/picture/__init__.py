"""Pictures: how any Pillow image or array becomes what the codec takes, and how it goes back.

``docs/images.md`` says what happens to every mode, to orientation and to color profiles.
"""

from fovea.picture.alpha import decode_alpha, encode_alpha
from fovea.picture.files import open_picture
from fovea.picture.labeled import as_labeled
from fovea.picture.metadata import image_info
from fovea.picture.picture import Picture
from fovea.picture.region import RegionLike, region_map

__all__ = [
    "Picture",
    "RegionLike",
    "as_labeled",
    "decode_alpha",
    "encode_alpha",
    "image_info",
    "open_picture",
    "region_map",
]
