"""Where the objects are, as the encoder sees it; z tells the decoder, see :class:`fovea.networks.means.Means`."""

import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.layers import Block, Down, Pointwise, Up

# Steps between the taps of each block's filter, in positions of 32 pixels: together they see 350 pixels far.
_DILATIONS = (1, 2, 4, 2, 1, 1)
_DEEPER = 2


class Objectness(nn.Module):
    """Logits of how much of each latent position is object.

    Telling a person from a post takes more of the picture than coding either does: most of the work is done at half the
    resolution of the latent, with twice the channels and filters that see far.

    Args:
        inputs: channels of the features it looks at.
        channels: its own, at the resolution of the latent.
    """

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        deep = _DEEPER * channels
        self.stem = Pointwise(inputs, channels)
        self.near = Block(channels)
        self.down = Down(channels, deep)
        self.far = nn.Sequential(*(Block(deep, dilation) for dilation in _DILATIONS))
        self.up = Up(deep, channels)
        self.merge = Block(channels)
        self.head = Pointwise(channels, 1, scale=0.1)

    def forward(self, features: Tensor) -> Tensor:
        """Look at features [B, inputs, h, w], h and w even; gives [B, 1, h, w]."""
        near = self.near(F.leaky_relu(self.stem(features), 0.1))
        logits: Tensor = self.head(self.merge(near + self.up(self.far(self.down(near))))).float()
        return logits
