"""Codecs to compare with, all behind one interface.

::

    codec = get("vvc:fast")
    if reason := codec.available():
        print(f"skipped: {reason}")
    data = codec.encode(image, quality=30)
    back = codec.decode(data)

Every codec is single-threaded unless told otherwise, codes one still image a file, and is set up for pixel
error rather than for eyes where it offers the choice. ``RoiCodec(codec, map)`` smooths what lies outside a
map first.
"""

from fovea.baselines.baseline import Baseline, Codec, Picture
from fovea.baselines.registry import get, names
from fovea.baselines.roi import GuidedCodec, RoiCodec, RoiMap, paint, recognized

__all__ = [
    "Baseline",
    "Codec",
    "GuidedCodec",
    "Picture",
    "RoiCodec",
    "RoiMap",
    "get",
    "names",
    "paint",
    "recognized",
]
