"""The ROI-based way, out of any codec: smooth what lies outside a region of interest, and code as ever.

Codecs whose encoder takes the map itself get it. The decoder needs to know nothing of either. The encoder does:
somebody has to find the region first, by a recognizer or by labels, and that costs time which a codec that learned
where objects are does not spend: ``encode`` takes it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fovea.baselines.baseline import Codec, Picture
from fovea.errors import BaselineError
from fovea.picture import fill_boxes

if TYPE_CHECKING:
    import supervision as sv

RoiMap = Callable[[Picture], NDArray[np.bool_] | NDArray[np.floating]]
"""Finds the region of interest of an image: [H, W], bool, or float from 0 (smooth) to 1 (keep)."""


class _Predicts(Protocol):
    def predict(self, images: Sequence[Picture]) -> "list[sv.Detections]": ...


class RoiCodec:
    """A codec that smooths each image outside a map before it codes it.

    The map is grown by ``margin`` pixels, because recognizers look at what surrounds an object, and then
    fades out over twice ``feather`` pixels, because a hard border is an edge that costs bits. Inside map and
    margin the pixels reach the codec unchanged.

    Args:
        codec: any codec.
        roi_map: finds the region of interest of an image.
        blur: standard deviation of the Gaussian that smooths the outside, in pixels.
        margin: pixels around the map that are kept too.
        feather: half the width, in pixels, of the fade into the smoothed outside.
    """

    def __init__(self, codec: Codec, roi_map: RoiMap, *, blur: float = 12.0, margin: int = 8, feather: int = 8) -> None:
        self.codec = codec
        self.roi_map = roi_map
        self.blur = blur
        self.margin = margin
        self.feather = feather

    @property
    def name(self) -> str:
        """Name of the codec and ``+roi``."""
        return f"{self.codec.name}+roi"

    def encode(self, image: Picture, quality: float) -> bytes:
        """Smooths the image outside its map, and codes it.

        Args:
            image: uint8 [H, W, 3], RGB.
            quality: as the codec takes it.

        Returns:
            The file of the codec; no map is in it.

        Raises:
            BaselineError: the map does not fit the image, or the codec fails.
        """
        return self.codec.encode(self.smooth(image), quality)

    def decode(self, data: bytes) -> Picture:
        """Decodes a file, as the codec alone would."""
        return self.codec.decode(data)

    def smooth(self, image: Picture) -> Picture:
        """The image that the codec gets to see.

        Args:
            image: uint8 [H, W, 3], RGB.

        Returns:
            uint8 [H, W, 3], smooth outside the map.
        """
        region = self.roi_map(image)
        if region.shape != image.shape[:2]:
            raise BaselineError(f"{self.name}: the map is {list(region.shape)}, the image {list(image.shape[:2])}")
        kept = _soften(region, self.margin, self.feather)[..., None]
        smoothed = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(self.blur)))
        blend: Picture = np.rint(kept * image + (1 - kept) * smoothed).astype(np.uint8)
        return blend


class _TakesMap(Protocol):
    @property
    def name(self) -> str: ...

    def encode(self, image: Picture, quality: float, *, roi: NDArray[np.bool_] | NDArray[np.floating]) -> bytes: ...

    def decode(self, data: bytes) -> Picture: ...


class GuidedCodec:
    """A codec whose encoder takes a map of the region of interest, and the one who finds it.

    Args:
        codec: such as :class:`fovea.Codec` with a model that takes a map.
        roi_map: finds the region of interest of each image; its time is part of that of ``encode``.
    """

    def __init__(self, codec: _TakesMap, roi_map: RoiMap) -> None:
        self.codec = codec
        self.roi_map = roi_map

    @property
    def name(self) -> str:
        """Name of the codec and ``+roi``."""
        return f"{self.codec.name}+roi"

    def encode(self, image: Picture, quality: float) -> bytes:
        """Finds the map of an image, uint8 [H, W, 3], and codes it with that."""
        return self.codec.encode(image, quality, roi=self.roi_map(image))

    def decode(self, data: bytes) -> Picture:
        """Decodes a file, as the codec alone would."""
        return self.codec.decode(data)


def paint(detections: "sv.Detections", height: int, width: int) -> NDArray[np.bool_]:
    """Draws a map from labels or detections: the union of their masks, or else of their boxes.

    Args:
        detections: objects, boxes in pixels.
        height: of the image.
        width: of the image.

    Returns:
        bool [height, width].
    """
    if detections.mask is not None:
        return np.asarray(detections.mask).any(axis=0).reshape(height, width)
    return fill_boxes(detections.xyxy, height, width)


def recognized(recognizer: _Predicts, *, confidence: float = 0.25) -> RoiMap:
    """A map of all that a recognizer sees.

    Args:
        recognizer: detector or segmenter.
        confidence: least score of an object to count.

    Returns:
        The map, for :class:`RoiCodec`.
    """

    def find(image: Picture) -> NDArray[np.bool_]:
        (seen,) = recognizer.predict([image])
        if seen.confidence is not None:
            seen = seen[seen.confidence >= confidence]  # type: ignore[assignment]
        return paint(seen, *image.shape[:2])

    return find


def _soften(region: NDArray[np.bool_] | NDArray[np.floating], margin: int, feather: int) -> NDArray[np.float32]:
    """Grows a map and fades it out; 1 stays 1 all over the map and its margin."""
    from scipy.ndimage import maximum_filter, uniform_filter

    weights = np.clip(region, 0, 1).astype(np.float32)
    # The mean over a window of the feather reaches as far inwards as outwards: grow by that much more first.
    grown = maximum_filter(weights, size=2 * (margin + feather) + 1)
    return np.asarray(uniform_filter(grown, size=2 * feather + 1, mode="nearest"), dtype=np.float32)
