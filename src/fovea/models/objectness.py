"""Where the objects are, as the encoder sees it. The decoder never needs to know."""

import torch
from torch import Tensor, nn

from fovea.models.layers import Block, Pointwise

# Steps between the taps of each block's filter, in latent positions of 16 pixels: together they see 350 pixels far.
_DILATIONS = (1, 2, 4, 8, 4, 2, 1)


class Objectness(nn.Module):
    """Logits of how much of each latent position is object.

    Telling a person from a post takes more of the picture than coding either does; dilated filters see far at little
    cost. What is learned here lowers the gains outside objects, see :class:`fovea.models.transforms.Analysis`.

    Args:
        inputs: channels of the features it looks at.
        channels: its own.
    """

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.stem = Pointwise(inputs, channels)
        self.blocks = nn.Sequential(*(Block(channels, dilation) for dilation in _DILATIONS))
        self.head = Pointwise(channels, 1, scale=0.1)
        with torch.no_grad():
            self.head.bias.fill_(3.0)  # starts with everything an object

    def forward(self, features: Tensor) -> Tensor:
        """Look at features [B, inputs, h, w]; gives [B, 1, h, w]."""
        logits: Tensor = self.head(self.blocks(self.stem(features))).float()
        return logits
