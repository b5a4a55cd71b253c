"""A codec whose encoder is given options."""

from fractions import Fraction
from typing import Any, Protocol

from fovea.baselines.baseline import Pixels
from fovea.baselines.roi import RoiMap


class _TakesOptions(Protocol):
    @property
    def name(self) -> str: ...

    def encode(
        self, image: Pixels, quality: float, *, roi: RoiMap | None = ..., scale: Fraction = ..., background: int = ...
    ) -> bytes: ...

    def decode(self, data: bytes) -> Pixels: ...


class ConfiguredCodec:
    """A codec such as :class:`fovea.Codec` at one scale, or with one background.

    Args:
        codec: the codec.
        scale: scale at which it shrinks and enlarges by itself; None for the one that it chooses.
        background: how much an error outside of objects counts, 0 to 100; None for what goes with the quality.
    """

    def __init__(self, codec: _TakesOptions, scale: Fraction | None = None, background: int | None = None) -> None:
        self.codec, self.scale, self.background = codec, scale, background

    @property
    def name(self) -> str:
        """The name of the codec, ``%`` and the background, and ``@`` and the scale if it is not 1."""
        background = "" if self.background is None else f"%{self.background}"
        return self.codec.name + background + ("" if self.scale in (None, 1) else f"@{self.scale}")

    def encode(self, image: Pixels, quality: float, *, roi: RoiMap | None = None) -> bytes:
        """Encode an image, uint8 [H, W, 3]. A map of the region of interest has the size of the image."""
        options: dict[str, Any] = {"scale": self.scale, "background": self.background}
        given = {name: value for name, value in options.items() if value is not None}
        return self.codec.encode(image, quality, roi=roi, **given)

    def decode(self, data: bytes) -> Pixels:
        """Decode a file, like the codec itself."""
        return self.codec.decode(data)
