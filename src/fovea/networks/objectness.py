"""The part of the encoder that finds objects. The hyper-latent z passes its result to the decoder."""

import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.layers import Block, Down, Pointwise, Up

# Dilation of the filter of each block, in positions of 32 pixels. Together the filters reach 350 pixels far.
_DILATIONS = (1, 2, 4, 2, 1, 1)
_WIDENING = 2


class Objectness(nn.Module):
    """Logits of the share of each latent position that objects cover.

    Telling an object from the background needs more context than coding needs. Most of the work is therefore done at
    half the resolution of the latent, with twice the channels and with dilated filters.

    Args:
        inputs: number of channels of the features that it reads.
        channels: number of channels at the resolution of the latent.
    """

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        deep = _WIDENING * channels
        self.stem = Pointwise(inputs, channels)
        self.near = Block(channels)
        self.down = Down(channels, deep)
        self.far = nn.Sequential(*(Block(deep, dilation) for dilation in _DILATIONS))
        self.up = Up(deep, channels)
        self.merge = Block(channels)
        self.head = Pointwise(channels, 1, scale=0.1)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits [B, 1, h, w] of features [B, inputs, h, w]; h and w are even."""
        near = self.near(F.leaky_relu(self.stem(features), 0.1))
        logits: Tensor = self.head(self.merge(near + self.up(self.far(self.down(near))))).float()
        return logits
