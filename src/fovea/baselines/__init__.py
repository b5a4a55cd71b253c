"""Conventional and learned codecs to compare with, all behind one interface.

::

    codec = get_baseline("vvc:fast")
    if reason := codec.available():
        print(f"skipped: {reason}")
    data = codec.encode(image, quality=30)
    decoded = codec.decode(data)

Every codec uses one thread unless told otherwise and codes one still image per file. Where a library can be tuned for
PSNR or for human eyes, it is tuned for PSNR. ``RoiCodec(codec, roi_map)`` smooths what lies outside a region of
interest before it encodes. ``ResizedCodec(codec, size)`` codes images at another size than their own.
"""

from fovea.baselines.baseline import Baseline, Codec, Pixels
from fovea.baselines.configured import ConfiguredCodec
from fovea.baselines.registry import baseline_names, get_baseline, is_baseline
from fovea.baselines.resized import CodedSize, ResizedCodec
from fovea.baselines.roi import GuidedCodec, RoiCodec, detections_mask, roi_from_recognizer

__all__ = [
    "Baseline",
    "Codec",
    "CodedSize",
    "ConfiguredCodec",
    "GuidedCodec",
    "Pixels",
    "ResizedCodec",
    "RoiCodec",
    "baseline_names",
    "detections_mask",
    "get_baseline",
    "is_baseline",
    "roi_from_recognizer",
]
