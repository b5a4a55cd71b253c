"""Coding images at another size than their own.

A smaller image costs fewer bits and loses detail. At low bitrates the trade often pays: a codec keeps more accuracy
with few pixels that it codes well than with many that it codes badly. Sizes are changed by Pillow's bicubic filter,
which averages over all pixels when it shrinks (antialiasing).
"""

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Self, cast

import numpy as np
from PIL import Image

from fovea.arguments import fraction_of, is_number
from fovea.baselines.baseline import Codec, Pixels
from fovea.baselines.roi import RoiMap, TakesMap
from fovea.errors import BaselineError

_HEADER = struct.Struct(">HH")
"""Width and height of the original, which the decoder needs and the codec does not write."""
_MAX_SIDE = 2**16 - 1


@dataclass(frozen=True)
class CodedSize:
    """The size at which images are coded.

    Attributes:
        value: up to 1, the part of its own width and height at which an image is coded. A larger number is the longest
            side in pixels; smaller images keep their size.

    Example:
        >>> CodedSize(Fraction(1, 2)).of(640, 427), CodedSize(Fraction(320)).of(640, 427)
        ((320, 214), (320, 214))
        >>> CodedSize(Fraction(960)).of(640, 427)
        (640, 427)
    """

    value: Fraction

    @staticmethod
    def is_size(text: str) -> bool:
        """Return whether a text has the form of a size, be it a wrong one: a whole number, a fraction or a decimal."""
        return is_number(text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a size, such as ``1/2``, ``0.75`` or ``960``.

        Raises:
            BaselineError: the size is 0, or a fraction above 1.

        Example:
            >>> print(CodedSize.parse("0.75"))
            3/4
        """
        try:
            value = fraction_of(text)
        except (ValueError, ZeroDivisionError):
            value = Fraction(0)
        if value <= 0 or (value > 1 and value.denominator > 1):
            raise BaselineError(
                f"{text} is no size to code at: write a fraction of the image up to 1, such as 1/2, "
                "or the longest side in pixels, such as 960"
            )
        return cls(value)

    def __str__(self) -> str:
        return str(self.value)

    def of(self, width: int, height: int) -> tuple[int, int]:
        """Return the coded width and height of an image, at least 1 each.

        Args:
            width: width of the image.
            height: height of the image.
        """
        part = self.value if self.value <= 1 else min(Fraction(1), self.value / max(width, height))
        return max(1, round(part * width)), max(1, round(part * height))


class ResizedCodec:
    """A codec that gets images at another size and gives them back at their own.

    The file holds width and height of the original in its first four bytes, because a decoder needs them.

    Args:
        codec: any codec.
        size: size at which it codes.
    """

    def __init__(self, codec: Codec, size: CodedSize) -> None:
        self.codec = codec
        self.size = size

    @property
    def name(self) -> str:
        """The name of the codec, and ``@`` with the size."""
        return f"{self.codec.name}@{self.size}"

    def encode(self, image: Pixels, quality: float, *, roi: RoiMap | None = None) -> bytes:
        """Shrink an image, and encode it.

        Args:
            image: uint8 [H, W, 3], RGB.
            quality: quality on the scale of the codec.
            roi: map of the region of interest, [H, W], for a codec that takes one.

        Returns:
            Width and height of the image in two bytes each, and the file of the codec.

        Raises:
            BaselineError: a side of the image is longer than 65,535 pixels, or the codec fails.
        """
        height, width = image.shape[:2]
        if max(width, height) > _MAX_SIDE:
            raise BaselineError(f"{self.name} takes sides up to {_MAX_SIDE} pixels, not {width}x{height}")
        coded = self.size.of(width, height)
        small = _resized(image, *coded)
        if roi is None:
            data = self.codec.encode(small, quality)
        else:
            data = cast("TakesMap", self.codec).encode(small, quality, roi=_shrunk_map(roi, *coded))
        return _HEADER.pack(width, height) + data

    def decode(self, data: bytes) -> Pixels:
        """Decode a file of :meth:`encode` to an image of the original size, uint8 [H, W, 3].

        Raises:
            BaselineError: the file is damaged, or the codec fails.
        """
        if len(data) < _HEADER.size:
            raise BaselineError(f"{self.name} cannot decode {len(data)} bytes: the size of the image is missing")
        width, height = _HEADER.unpack_from(data)
        return _resized(self.codec.decode(data[_HEADER.size :]), width, height)


def _resized(image: Pixels, width: int, height: int) -> Pixels:
    if image.shape[:2] == (height, width):
        return image
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def _shrunk_map(region: RoiMap, width: int, height: int) -> RoiMap:
    # Bilinear weights are never negative, so the map stays between 0 and 1.
    plane = Image.fromarray(np.asarray(region, dtype=np.float32))
    return np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR))
