"""The first matrix of a network in the form that is deployed, which takes 8-bit pixels."""

from torch import Tensor, nn

from fovea.networks.layers import Pointwise

PATCH = 8
"""Side in pixels of the patches that the first and the last matrix work on."""


class PixelStem(nn.Module):
    """Applies the first matrix of a network to 8-bit pixels.

    The matrix was trained on patches of pixels within ±1. The range and the order of 8-bit pixels are folded into it.

    Args:
        stem: the matrix [out, C · 64], whose inputs are in the order of ``pixel_unshuffle``.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, stem: Pointwise) -> None:
        super().__init__()
        weight = stem.weight.detach()
        self.channels = weight.shape[1] // PATCH**2
        by_pixel = weight.view(-1, self.channels, PATCH, PATCH).permute(0, 2, 3, 1).reshape(weight.shape)
        self.register_buffer("weight", (by_pixel / 127.5).T.contiguous())
        self.register_buffer("bias", stem.bias.detach() - weight.sum(dim=1))

    def forward(self, image: Tensor) -> Tensor:
        """Return the output of the matrix, [1, out, H/8, W/8], for an image, uint8 [1, H, W, C]."""
        height, width = image.shape[1] // PATCH, image.shape[2] // PATCH
        rows = image.view(height, PATCH, width, self.channels * PATCH).permute(0, 2, 1, 3).float()
        x = rows.reshape(height * width, self.channels * PATCH**2) @ self.weight + self.bias
        stem: Tensor = x.T.reshape(1, -1, height, width)
        return stem
