"""The sizes of a network: the same code, other numbers."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class TransformConfig:
    """Widths and depths of one transform.

    Attributes:
        wide: channels at 1/8 of the resolution.
        wide_blocks: blocks there.
        deep: channels at 1/16.
        deep_blocks: blocks there.
        kernel: side of the depthwise filters of all blocks, odd.
    """

    wide: int
    wide_blocks: int
    deep: int
    deep_blocks: int
    kernel: int = 3

    def __post_init__(self) -> None:
        check_kernel(self.kernel)

    @property
    def reach(self) -> float:
        """Latent positions on every side that a position depends on: what the filters reach."""
        return (self.deep_blocks + self.wide_blocks / 2) * (self.kernel // 2)


@dataclass(frozen=True)
class NetworkConfig:
    """Widths and depths of one codec network.

    Attributes:
        wide: channels at 1/8 of the resolution, in the encoder.
        wide_blocks: blocks there.
        deep: channels at 1/16.
        deep_blocks: blocks there.
        latent: channels of the latent y, at 1/16.
        detail: how many of them bypass the networks, as a linear transform of patches: fine texture, of which there is
            more than ``deep`` channels hold, and which networks do not make simpler.
        hyper: channels of the hyper-latent z, at 1/64.
        prior: channels inside the networks that predict means and scales.
        roi: whether the encoder sees a map of the region of interest beside the image: the ROI-based way.
        objectness: channels of the part of the encoder that finds objects by itself; 0 where there is none.
        kernel: side of the depthwise filters of the encoder, odd.
        decoder: sizes of the decoder; None mirrors the encoder.
        mean_steps: in how many steps the means of the latent are predicted, each from all that is decoded before.
        background: whether the networks follow a second knob, what an error outside the objects weighs. They are given
            a map of the objects at the resolution of the latent.
    """

    wide: int
    wide_blocks: int
    deep: int
    deep_blocks: int
    latent: int
    hyper: int
    prior: int
    roi: bool = False
    objectness: int = 0
    detail: int = 0
    kernel: int = 3
    decoder: TransformConfig | None = None
    mean_steps: Literal[2, 4] = 2
    background: bool = False

    def __post_init__(self) -> None:
        if self.roi + self.background + (self.objectness > 0) > 1:
            raise ValueError(
                "an encoder is either given a map of the region of interest, with each pixel (roi) or each position of"
                " the latent (background), or finds it (objectness)"
            )
        check_kernel(self.kernel)

    @property
    def analysis(self) -> TransformConfig:
        """Sizes of the encoder."""
        return TransformConfig(self.wide, self.wide_blocks, self.deep, self.deep_blocks, self.kernel)

    @property
    def synthesis(self) -> TransformConfig:
        """Sizes of the decoder."""
        return self.decoder or self.analysis

    @property
    def region(self) -> bool:
        """Whether there is a region of interest, given or found, outside which quantization is coarser."""
        return self.given or self.objectness > 0

    @property
    def given(self) -> bool:
        """Whether the encoder is given a map of the region of interest."""
        return self.roi or self.background

    @property
    def inputs(self) -> int:
        """Channels of the pixels that the encoder sees: R, G, B, and the map where each pixel has its own value."""
        return 4 if self.roi else 3


def check_kernel(side: int) -> None:
    """Raise a ValueError unless a filter of this side has a middle."""
    if side % 2 == 0:
        raise ValueError(f"the side of a filter is odd, not {side}")


_SMALL = NetworkConfig(wide=112, wide_blocks=4, deep=192, deep_blocks=3, latent=320, hyper=64, prior=112, detail=128)
ARCHITECTURES = {
    "fovea-s": _SMALL,
    "fovea-s-roi": replace(_SMALL, roi=True),
    "fovea-s-objectness": replace(_SMALL, objectness=96),
    "fovea-s2": NetworkConfig(
        wide=96,
        wide_blocks=1,
        deep=192,
        deep_blocks=3,
        latent=320,
        hyper=64,
        prior=112,
        detail=128,
        decoder=TransformConfig(wide=128, wide_blocks=3, deep=192, deep_blocks=4),
        mean_steps=4,
        background=True,
    ),
    "fovea-m": NetworkConfig(
        wide=192, wide_blocks=9, deep=256, deep_blocks=2, latent=448, hyper=96, prior=128, detail=192
    ),
}
