"""The first matrix of a network in the form that is deployed, which takes 8-bit pixels."""

import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.layers import Pointwise

PATCH = 8
"""Side in pixels of the patches that the first and the last matrix work on."""


class PixelStem(nn.Module):
    """Applies the first matrix of a network to 8-bit pixels.

    The matrix was trained on patches of pixels within ±1, and the range of 8-bit pixels is folded into it. It is
    applied as a convolution of 8×8 pixels: engines do this faster than they cut a picture into patches.

    Args:
        stem: the matrix [out, C · 64], whose inputs are in the order of ``pixel_unshuffle``.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, stem: Pointwise) -> None:
        super().__init__()
        weight = stem.weight.detach()
        self.channels = weight.shape[1] // PATCH**2
        self.register_buffer("weight", (weight / 127.5).view(len(weight), self.channels, PATCH, PATCH))
        self.register_buffer("bias", stem.bias.detach() - weight.sum(dim=1))

    def forward(self, image: Tensor) -> Tensor:
        """Return the output of the matrix, [1, out, H/8, W/8], for an image, uint8 [1, H, W, C]."""
        return F.conv2d(image.permute(0, 3, 1, 2).float(), self.weight, self.bias, stride=PATCH)
