"""The sizes of a network: the same code, other numbers."""

from dataclasses import dataclass

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
        hyper: channels of the hyper-latent z, at 1/64.
        prior: channels inside the networks that predict means and scales.
    """

    wide: int
    wide_blocks: int
    deep: int
    deep_blocks: int
    latent: int
    hyper: int
    prior: int


ARCHITECTURES = {
    "fovea-s": NetworkConfig(wide=112, wide_blocks=4, deep=192, deep_blocks=3, latent=192, hyper=64, prior=112),
    "fovea-m": NetworkConfig(wide=192, wide_blocks=9, deep=256, deep_blocks=2, latent=256, hyper=96, prior=128),
}
