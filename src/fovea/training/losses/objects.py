"""The losses that teach a network where the objects are.

The logits of an encoder that finds objects, or of a finder, are supervised directly. For other encoders, an auxiliary
head predicts the objects from the latent. The head exists in training only: it makes the encoder put the objects into
the latent.
"""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks import Block, Pointwise, root_compressed
from fovea.spec import STRIDE

_WIDTH = 64


def mask_bits(logits: Tensor, mask: Tensor) -> Tensor:
    """Return the mean cross entropy with the share of each position that objects cover, in bits per position, [B].

    Args:
        logits: n predictions of the same share, [B, n, h, w].
        mask: [B, 1, 16h, 16w], 0 outside objects and 1 or more on them; below 1 it is a probability.
    """
    return share_bits(logits, F.avg_pool2d(mask.clamp(max=1), STRIDE))


def share_bits(logits: Tensor, share: Tensor, positive_weight: float = 1.0) -> Tensor:
    """Return the mean cross entropy of logits with a share of objects, in bits per position, [B].

    Args:
        logits: n predictions of the same share, [B, n, h, w].
        share: share of each position that objects cover, [B, 1, h, w], 0..1.
        positive_weight: weight of the bits of objects. The best prediction then has odds that are this many times
            larger than those of the share.
    """
    weight = logits.new_tensor(positive_weight)
    nats = F.binary_cross_entropy_with_logits(logits, share.expand_as(logits), pos_weight=weight, reduction="none")
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


class MaskHead(nn.Module):
    """Predicts the share of each latent position that objects cover, from the latent.

    Args:
        latent: number of channels of the latent.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.stem = Pointwise(latent, _WIDTH)
        self.block = Block(_WIDTH)
        self.head = Pointwise(_WIDTH, 1)

    def forward(self, latent: Tensor) -> Tensor:
        """Return logits [B, 1, h, w] of a decoded latent [B, latent, h, w]."""
        logits: Tensor = self.head(self.block(F.leaky_relu(self.stem(root_compressed(latent)), 0.1))).float()
        return logits
