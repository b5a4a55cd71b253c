"""Coding with a region of interest.

The region costs nothing in the decoder, which need not know of it. The encoder has to be told the region first, by a
recognizer or by labels. The time of a recognizer is part of the time of ``encode``.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fovea.baselines.baseline import Codec, Pixels
from fovea.errors import BaselineError
from fovea.picture import fill_boxes

if TYPE_CHECKING:
    import supervision as sv

RoiMap = NDArray[np.bool_] | NDArray[np.floating]
"""A map of the region of interest: [H, W], bool, or float from 0 (smooth) to 1 (keep)."""
FindRoi = Callable[[Pixels], RoiMap]
"""Returns the map of an image."""


class _Detector(Protocol):
    def predict(self, images: Sequence[Pixels]) -> "list[sv.Detections]": ...


class RoiCodec:
    """A codec that smooths each image outside the region of interest before it encodes it.

    The region is first grown by ``margin`` pixels, because recognizers also look at the surroundings of an object. It
    then fades out over twice ``feather`` pixels, because a sharp border is an edge that costs bits. Inside the region
    and its margin the codec gets the original pixels.

    Args:
        codec: any codec.
        find_roi: returns the map of an image.
        blur: standard deviation, in pixels, of the Gaussian filter that smooths the outside.
        margin: width in pixels of the surroundings that are kept, too.
        feather: half the width in pixels of the transition to the smoothed outside.
    """

    def __init__(
        self, codec: Codec, find_roi: FindRoi, *, blur: float = 12.0, margin: int = 8, feather: int = 8
    ) -> None:
        self.codec = codec
        self.find_roi = find_roi
        self.blur = blur
        self.margin = margin
        self.feather = feather

    @property
    def name(self) -> str:
        """The name of the codec, and ``+roi``."""
        return f"{self.codec.name}+roi"

    def encode(self, image: Pixels, quality: float) -> bytes:
        """Smooth an image outside its region of interest, and encode it.

        Args:
            image: uint8 [H, W, 3], RGB.
            quality: quality on the scale of the codec.

        Returns:
            The file of the codec. It does not contain the map.

        Raises:
            BaselineError: the map does not fit the image, or the codec fails.
        """
        return self.codec.encode(self.smooth(image), quality)

    def decode(self, data: bytes) -> Pixels:
        """Decode a file, like the codec itself."""
        return self.codec.decode(data)

    def smooth(self, image: Pixels) -> Pixels:
        """Return the image that the codec gets.

        Args:
            image: uint8 [H, W, 3], RGB.

        Returns:
            uint8 [H, W, 3], smooth outside the region of interest.
        """
        region = self.find_roi(image)
        if region.shape != image.shape[:2]:
            raise BaselineError(f"{self.name}: the map is {list(region.shape)}, the image {list(image.shape[:2])}")
        kept = _soften(region, self.margin, self.feather)[..., None]
        smoothed = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(self.blur)))
        blend: Pixels = np.rint(kept * image + (1 - kept) * smoothed).astype(np.uint8)
        return blend


class TakesMap(Protocol):
    """A codec whose encoder takes a map of the region of interest."""

    @property
    def name(self) -> str:
        """The name in tables and plots."""

    def encode(self, image: Pixels, quality: float, *, roi: RoiMap) -> bytes:
        """Encode an image, uint8 [H, W, 3], with the map [H, W] of its region of interest."""

    def decode(self, data: bytes) -> Pixels:
        """Decode a file to uint8 [H, W, 3]."""


class GuidedCodec:
    """A codec whose encoder takes a map of the region of interest, with a function that finds the map.

    Args:
        codec: a codec such as :class:`fovea.Codec` with a model that takes a map.
        find_roi: returns the map of an image.
    """

    def __init__(self, codec: TakesMap, find_roi: FindRoi) -> None:
        self.codec = codec
        self.find_roi = find_roi

    @property
    def name(self) -> str:
        """The name of the codec, and ``+roi``."""
        return f"{self.codec.name}+roi"

    def encode(self, image: Pixels, quality: float) -> bytes:
        """Find the map of an image, uint8 [H, W, 3], and encode the image with it."""
        return self.codec.encode(image, quality, roi=self.find_roi(image))

    def decode(self, data: bytes) -> Pixels:
        """Decode a file, like the codec itself."""
        return self.codec.decode(data)


def detections_mask(detections: "sv.Detections", height: int, width: int) -> NDArray[np.bool_]:
    """Return the union of the masks of detections, or of their boxes where they have no masks.

    Args:
        detections: objects, with boxes in pixels.
        height: height of the image.
        width: width of the image.

    Returns:
        bool [height, width].
    """
    if detections.mask is not None:
        return np.asarray(detections.mask).any(axis=0).reshape(height, width)
    return fill_boxes(detections.xyxy, height, width)


def roi_from_recognizer(recognizer: _Detector, *, min_score: float = 0.25) -> FindRoi:
    """Return a function that finds the region of interest of an image with a recognizer.

    Args:
        recognizer: a detector, or an instance segmenter.
        min_score: lowest score of a detection that belongs to the region.

    Returns:
        A function from an image to its map, for :class:`RoiCodec` and :class:`GuidedCodec`.
    """

    def find(image: Pixels) -> NDArray[np.bool_]:
        (detections,) = recognizer.predict([image])
        if detections.confidence is not None:
            detections = detections[detections.confidence >= min_score]  # type: ignore[assignment]
        return detections_mask(detections, *image.shape[:2])

    return find


def _soften(region: RoiMap, margin: int, feather: int) -> NDArray[np.float32]:
    """Grow a map and let it fade out. It stays 1 in the whole region and its margin."""
    from scipy.ndimage import maximum_filter, uniform_filter

    weights = np.clip(region, 0, 1).astype(np.float32)
    # The mean over a window also shrinks the region by the feather, so the region is first grown by that much more.
    grown = maximum_filter(weights, size=2 * (margin + feather) + 1)
    return np.asarray(uniform_filter(grown, size=2 * feather + 1, mode="nearest"), dtype=np.float32)
