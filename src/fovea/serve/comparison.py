"""The comparison of a coded picture with the smallest JPEG that is as exact, measured on the picture itself."""

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.parallel import checkpoint
from fovea.picture import FORMATS
from fovea.serve.parameters import Comparison, Jpeg, Subsampling

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

OBJECT = 0.5
"""Value of the map of objects, 0..1, above which a pixel belongs to an object."""
_FEWEST = 0.001
"""Smallest share of the picture that objects must cover for a comparison inside them."""
_SUBSAMPLINGS: dict[Subsampling, int] = {"4:2:0": 2, "4:4:4": 0}
"""Subsamplings of the colors, and their numbers in Pillow."""
_LONGEST = FORMATS["jpeg"].largest_side
"""Longest side of a JPEG, in pixels."""
_STRIP = 256
"""Number of rows whose errors are in memory at once."""


@dataclass(frozen=True)
class _Candidate:
    """A JPEG file, with the settings that it was made with."""

    content: bytes
    quality: int
    subsampling: Subsampling

    def decoded(self) -> Pixels:
        with Image.open(io.BytesIO(self.content), formats=["JPEG"]) as image:
            return np.asarray(image)


def compare(model: str, original: Pixels, data: bytes, decoded: Pixels, objects: Mask | None) -> Comparison:
    """Return the figures of a coded picture, and of the smallest JPEG whose error is no larger.

    The error is measured inside the objects that the encoder found, because a codec for machines keeps these; or in the
    whole picture if there are no objects, or the model does not find any. JPEGs are optimized and baseline, at all
    qualities of libjpeg, with colors at half and at full size.

    Args:
        model: name of the model.
        original: pixels of the picture, uint8 [H, W, 3], RGB.
        data: the coded file.
        decoded: pixels of the decoded file, uint8 [H, W, 3], RGB.
        objects: bool [H, W], True on objects; None for a model that does not find objects.
    """
    share = 0.0 if objects is None else float(objects.mean())
    inside = objects if share > _FEWEST else None
    error = squared_error(original, decoded, inside)
    possible = max(original.shape) <= _LONGEST
    found = [jpeg for name in _SUBSAMPLINGS if possible and (jpeg := _smallest_jpeg(original, inside, error, name))]
    smallest = min(found, key=lambda jpeg: len(jpeg.content)) if found else None
    pixels = original.shape[0] * original.shape[1]
    where = "in the whole picture" if inside is None else "inside the objects that the encoder found"
    if not possible:
        sentence = f"The picture is too large for a JPEG, whose sides have at most {_LONGEST:,} pixels."
    elif smallest is None:
        sentence = f"No JPEG has such a small error {where}."
    else:
        sentence = f"The smallest JPEG whose mean squared error {where} is no larger."
    return Comparison(
        bytes=len(data),
        bpp=8 * len(data) / pixels,
        model=model,
        psnr=_psnr(squared_error(original, decoded)),
        psnr_objects=None if inside is None else _psnr(error),
        objects=share,
        compared="picture" if inside is None else "objects",
        jpeg=None if smallest is None else _figures(original, inside, smallest),
        sentence=sentence,
    )


def _figures(original: Pixels, inside: Mask | None, jpeg: _Candidate) -> Jpeg:
    decoded = jpeg.decoded()
    return Jpeg(
        bytes=len(jpeg.content),
        bpp=8 * len(jpeg.content) / (original.shape[0] * original.shape[1]),
        quality=jpeg.quality,
        subsampling=jpeg.subsampling,
        psnr=_psnr(squared_error(original, decoded)),
        psnr_objects=None if inside is None else _psnr(squared_error(original, decoded, inside)),
    )


def squared_error(original: Pixels, decoded: Pixels, inside: Mask | None = None) -> float:
    """Return the mean squared error over R, G and B.

    Args:
        original: uint8 [H, W, 3].
        decoded: uint8 [H, W, 3].
        inside: bool [H, W], True on the pixels that count, at least one; by default all pixels count.

    Example:
        >>> squared_error(np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 5, np.uint8))
        25.0
    """
    total, count = 0, 0
    for top in range(0, len(original), _STRIP):
        rows = slice(top, top + _STRIP)
        errors = np.square(original[rows].astype(np.int32) - decoded[rows]).sum(axis=2)
        counted = errors if inside is None else errors[inside[rows]]
        total += int(counted.sum(dtype=np.int64))
        count += counted.size
    return total / (3 * count)


def _psnr(error: float) -> float | None:
    return round(10 * math.log10(255**2 / error), 3) if error else None


def _smallest_jpeg(
    original: Pixels, inside: Mask | None, largest_error: float, subsampling: Subsampling
) -> _Candidate | None:
    """Return the JPEG of the lowest quality whose error is small enough, by bisection; None if there is none."""
    best = None
    low, high = 1, 100
    while low <= high:
        checkpoint()
        middle = (low + high) // 2
        jpeg = _jpeg(original, middle, subsampling)
        if squared_error(original, jpeg.decoded(), inside) <= largest_error:
            best, high = jpeg, middle - 1
        else:
            low = middle + 1
    return best


def _jpeg(original: Pixels, quality: int, subsampling: Subsampling) -> _Candidate:
    file = io.BytesIO()
    Image.fromarray(original).save(file, "JPEG", quality=quality, subsampling=_SUBSAMPLINGS[subsampling], optimize=True)
    return _Candidate(file.getvalue(), quality, subsampling)
