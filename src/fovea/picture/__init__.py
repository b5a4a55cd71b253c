"""Pictures, which the codec encodes and decodes, and their conversion from and to Pillow images and arrays.

``docs/images.md`` describes how image modes, orientations and color profiles are treated.
"""

from fovea.picture.alpha import decode_alpha, encode_alpha
from fovea.picture.blocks import metadata_bytes
from fovea.picture.files import image_suffixes, open_picture, opened
from fovea.picture.formats import FORMATS, save_picture
from fovea.picture.metadata import image_info, orientation_in, orientation_of, oriented
from fovea.picture.picture import Picture, check_size
from fovea.picture.pixels import as_shown, as_stored
from fovea.picture.reading import decoded_size
from fovea.picture.region import RegionLike, enlarged_map, fill_boxes, region_map
from fovea.picture.resizing import resized
from fovea.picture.scaling import coded_box, enlarge, map_at_full_scale, needed_box, shrink

__all__ = [
    "FORMATS",
    "Picture",
    "RegionLike",
    "as_shown",
    "as_stored",
    "check_size",
    "coded_box",
    "decode_alpha",
    "decoded_size",
    "encode_alpha",
    "enlarge",
    "enlarged_map",
    "fill_boxes",
    "image_info",
    "image_suffixes",
    "map_at_full_scale",
    "metadata_bytes",
    "needed_box",
    "open_picture",
    "opened",
    "orientation_in",
    "orientation_of",
    "oriented",
    "region_map",
    "resized",
    "save_picture",
    "shrink",
]
