"""Supervision of where the objects are, beside the loss of the codec.

Either the encoder looks for objects by itself, and is told; or an auxiliary head has to tell them from the latent. The
head exists in training only: a latent from which objects can be told was made by an encoder that knows them.
"""

import math

import torch.nn.functional as F
from torch import Tensor, nn

from fovea.networks.layers import Block, Pointwise
from fovea.spec import STRIDE

_WIDTH = 64


def mask_bits(logits: Tensor, mask: Tensor) -> Tensor:
    """Mean cross entropy with the true share of object, in bits a position, [B].

    Args:
        logits: [B, n, h, w], n guesses at the same.
        mask: [B, 1, 16h, 16w], positive on objects.
    """
    return share_bits(logits, F.avg_pool2d((mask > 0).float(), STRIDE))


def share_bits(logits: Tensor, share: Tensor, overlooked: float = 1.0) -> Tensor:
    """Mean cross entropy of logits [B, n, h, w] with a share of object [B, 1, h, w], in bits a position, [B].

    Args:
        logits: guesses.
        share: 0..1.
        overlooked: what the bits of objects that are overlooked count; best then are guesses as many times as likely.
    """
    weight = logits.new_tensor(overlooked)
    nats = F.binary_cross_entropy_with_logits(logits, share.expand_as(logits), pos_weight=weight, reduction="none")
    return nats.mean(dim=(1, 2, 3)) / math.log(2)


class MaskHead(nn.Module):
    """Predicts which part of each latent position is object.

    Args:
        latent: channels of the latent.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.stem = Pointwise(latent, _WIDTH)
        self.block = Block(_WIDTH)
        self.head = Pointwise(_WIDTH, 1)

    def forward(self, latent: Tensor) -> Tensor:
        """Logits [B, 1, h, w] of a decoded latent [B, latent, h, w]."""
        # Latents span a wide range at high quality, and what they tell lies on a log scale.
        seen = latent.sign() * latent.abs().log1p()
        logits: Tensor = self.head(self.block(F.leaky_relu(self.stem(seen), 0.1))).float()
        return logits
