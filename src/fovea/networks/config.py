"""The sizes of a network."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class TransformConfig:
    """Widths and depths of one transform.

    Attributes:
        wide: number of channels at 1/8 of the resolution.
        wide_blocks: number of blocks at 1/8.
        deep: number of channels at 1/16.
        deep_blocks: number of blocks at 1/16.
        kernel: side of the depthwise filters of all blocks, odd.
    """

    wide: int
    wide_blocks: int
    deep: int
    deep_blocks: int
    kernel: int = 3

    def __post_init__(self) -> None:
        _check_kernel(self.kernel)

    @property
    def reach(self) -> float:
        """The number of latent positions, on every side, that one position depends on through the filters."""
        return (self.deep_blocks + self.wide_blocks / 2) * (self.kernel // 2)


@dataclass(frozen=True)
class NetworkConfig:
    """Widths and depths of one codec network, and the parts that it has.

    Attributes:
        wide: number of channels at 1/8 of the resolution, in the encoder.
        wide_blocks: number of blocks at 1/8, in the encoder.
        deep: number of channels at 1/16, in the encoder.
        deep_blocks: number of blocks at 1/16, in the encoder.
        latent: number of channels of the latent y, at 1/16.
        hyper: number of channels of the hyper-latent z, at 1/64.
        prior: number of channels inside the networks that predict means and scales.
        roi: whether the encoder receives a map of the region of interest as a fourth channel of the image.
        objectness: number of channels of the part of the encoder that finds objects; 0 for an encoder without it.
        detail: number of latent channels that bypass the blocks and are a linear transform of patches. They carry fine
            texture, which needs more channels than ``deep`` and which the blocks do not make simpler.
        kernel: side of the depthwise filters of the encoder, odd.
        decoder: sizes of the decoder; None makes it mirror the encoder.
        mean_steps: number of steps in which the means of the latent are predicted, each from all that is decoded
            before it.
        background: whether the networks have a second control, the weight of errors outside the objects. Such a
            network receives a map of the objects at the resolution of the latent.

    Raises:
        ValueError: the fields contradict each other.
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
                "roi, background and objectness exclude each other: an encoder either receives a map of the region of"
                " interest, per pixel (roi) or per position of the latent (background), or finds it (objectness)"
            )
        _check_kernel(self.kernel)

    @property
    def analysis(self) -> TransformConfig:
        """The sizes of the encoder."""
        return TransformConfig(self.wide, self.wide_blocks, self.deep, self.deep_blocks, self.kernel)

    @property
    def synthesis(self) -> TransformConfig:
        """The sizes of the decoder."""
        return self.decoder or self.analysis

    @property
    def region(self) -> bool:
        """Whether the network knows a region of interest, outside which quantization is coarser."""
        return self.takes_map or self.objectness > 0

    @property
    def takes_map(self) -> bool:
        """Whether the encoder receives a map of the region of interest."""
        return self.roi or self.background

    @property
    def inputs(self) -> int:
        """The number of channels of the image that the encoder reads: R, G, B, and a map per pixel if it takes one."""
        return 4 if self.roi else 3


def _check_kernel(side: int) -> None:
    if side % 2 == 0:
        raise ValueError(f"kernel: the side of a filter is odd, not {side}")


_BASE = NetworkConfig(wide=112, wide_blocks=4, deep=192, deep_blocks=3, latent=320, hyper=64, prior=112, detail=128)
ARCHITECTURES = {
    "base": _BASE,
    "base-roi": replace(_BASE, roi=True),
    "base-objectness": replace(_BASE, objectness=96),
    "light-encoder": replace(
        _BASE,
        wide=96,
        wide_blocks=1,
        decoder=TransformConfig(wide=128, wide_blocks=3, deep=192, deep_blocks=4),
        mean_steps=4,
        background=True,
    ),
    "large": NetworkConfig(
        wide=192, wide_blocks=9, deep=256, deep_blocks=2, latent=448, hyper=96, prior=128, detail=192
    ),
}
"""The sizes that a configuration can name. Models have names of their own: one architecture serves several models."""
