"""The finder: a separate network that finds objects on the whole picture before it is coded."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.basis import markov_basis
from fovea.networks.deploy import round_weights
from fovea.networks.layers import Block, Down, Pointwise, Up
from fovea.networks.onnx_file import to_onnx
from fovea.networks.pixels import PATCH, PixelStem


@dataclass(frozen=True)
class FinderConfig:
    """Widths and depths of a finder.

    Attributes:
        near: number of channels at 1/8 of the resolution, at which the logits are computed.
        middle: number of channels at 1/16.
        far: number of channels at 1/32.
        dilations: dilation of the filter of each block at 1/32. Telling an object from the background needs context:
            the default filters reach 290 pixels far.
    """

    near: int = 32
    middle: int = 80
    far: int = 144
    dilations: tuple[int, ...] = (1, 2, 4, 2)


class Finder(nn.Module):
    """Logits of the presence of an object in each square of 8×8 pixels.

    Most of the work is done at 1/32 of the resolution, which is cheap. Its result is then enlarged and added to the
    finer features. The first matrix starts as the strongest components of patches, see ``basis``: the outputs of a
    random matrix would depend on little else than the mean of a patch.

    Args:
        config: sizes of the network.
    """

    def __init__(self, config: FinderConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = Pointwise(3 * PATCH**2, config.near)
        self.near = Block(config.near)
        self.down_to_middle = Down(config.near, config.middle)
        self.middle = Block(config.middle)
        self.down_to_far = Down(config.middle, config.far)
        self.far = nn.Sequential(*(Block(config.far, dilation) for dilation in config.dilations))
        self.up_to_middle = Up(config.far, config.middle)
        self.up_to_near = Up(config.middle, config.near)
        self.merge = Block(config.near)
        self.head = Pointwise(config.near, 1, scale=0.1)
        self.stem.set_weight(markov_basis(config.near, 1, PATCH).patch)

    def forward(self, image: Tensor) -> Tensor:
        """Return logits [B, 1, H/8, W/8] of images [B, 3, H, W], 0..255; H and W are multiples of 32."""
        return self.from_stem(self.stem(F.pixel_unshuffle(image / 127.5 - 1, PATCH)))

    def from_stem(self, x: Tensor) -> Tensor:
        """Run all that follows the stem on its output [B, near, H/8, W/8]."""
        near = self.near(F.leaky_relu(x, 0.1))
        middle = self.middle(F.leaky_relu(self.down_to_middle(near), 0.1))
        far = self.far(F.leaky_relu(self.down_to_far(middle), 0.1))
        merged = F.leaky_relu(middle + self.up_to_middle(far), 0.1)
        logits: Tensor = self.head(self.merge(F.leaky_relu(near + self.up_to_near(merged), 0.1))).float()
        return logits


class _ImageFinder(nn.Module):
    """Turns pixels, uint8 [1, H, W, 3], into logits [1, 1, H/8, W/8]."""

    def __init__(self, finder: Finder) -> None:
        super().__init__()
        self.finder, self.stem = finder, PixelStem(finder.stem)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.finder.from_stem(self.stem(image))
        return logits


@torch.no_grad()
def export_finder(network: Finder) -> bytes:
    """Export a finder as ONNX.

    Args:
        network: trained network, which is changed: its weights are rounded to 16 bits.

    Returns:
        Serialized ONNX model. Its input is a picture, uint8 [1, H, W, 3], RGB, whose sides are multiples of 32, and its
        output are logits, float32 [1, 1, H/8, W/8], of the presence of an object in each square of 8×8 pixels.
    """
    network = network.float().cpu().eval()
    round_weights(network)
    dynamic = torch.export.Dim.DYNAMIC
    image = torch.zeros(1, 128, 192, 3, dtype=torch.uint8)
    return to_onnx(_ImageFinder(network), (image,), [{1: dynamic, 2: dynamic}], ["logits"])
