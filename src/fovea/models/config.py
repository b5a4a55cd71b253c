"""The sizes of a network: the same code, other numbers."""

from dataclasses import dataclass, replace

HYPER_STRIDE = 64


@dataclass(frozen=True)
class NetworkConfig:
    """Widths and depths of one codec network.

    Attributes:
        wide: channels at 1/8 of the resolution.
        wide_blocks: blocks there, in the encoder and again in the decoder.
        deep: channels at 1/16.
        deep_blocks: blocks there.
        latent: channels of the latent y, at 1/16.
        detail: how many of them bypass the networks, as a linear transform of patches: fine texture, of which there is
            more than ``deep`` channels hold, and which networks do not make simpler.
        hyper: channels of the hyper-latent z, at 1/64.
        prior: channels inside the networks that predict means and scales.
        roi: whether the encoder sees a map of the region of interest beside the image: the ROI-based way.
        objectness: channels of the part of the encoder that finds objects by itself; 0 where there is none.
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

    def __post_init__(self) -> None:
        if self.roi and self.objectness:
            raise ValueError("an encoder is either given a map of the region of interest, or finds it")

    @property
    def region(self) -> bool:
        """Whether there is a region of interest, given or found, outside which quantization is coarser."""
        return self.roi or self.objectness > 0

    @property
    def inputs(self) -> int:
        """Channels that the encoder sees: R, G, B, and the map of the region of interest where there is one."""
        return 4 if self.roi else 3


_SMALL = NetworkConfig(wide=112, wide_blocks=4, deep=192, deep_blocks=3, latent=320, hyper=64, prior=112, detail=128)
ARCHITECTURES = {
    "fovea-s": _SMALL,
    "fovea-s-roi": replace(_SMALL, roi=True),
    "fovea-s-objectness": replace(_SMALL, objectness=96),
    "fovea-m": NetworkConfig(
        wide=192, wide_blocks=9, deep=256, deep_blocks=2, latent=448, hyper=96, prior=128, detail=192
    ),
}
