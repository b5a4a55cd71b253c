"""Training of the finder."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Optimizer

from fovea.errors import about
from fovea.networks import Finder
from fovea.training.checkpoint import Checkpoint
from fovea.training.data.patches import Patch
from fovea.training.finder.config import FinderTrainingConfig
from fovea.training.losses.objects import share_bits
from fovea.training.optimizer import MuonAdam
from fovea.training.training_module import TrainingModule

_CELL = 8
"""Side in pixels of the squares for which a finder returns one logit each."""


class FinderTraining(TrainingModule):
    """Train for the cross entropy of the presence of objects, in bits per position.

    Args:
        config: configuration of the run.
    """

    network: Finder

    def __init__(self, config: FinderTrainingConfig) -> None:
        super().__init__(config, Finder(config.network))
        self.config = config

    def training_step(self, patch: Patch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        loss = presence_bits(self._logits(patch), patch.mask, self.config.positive_weight)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, patch: Patch, batch_idx: int) -> None:
        """Log the cross entropy."""
        self.log("validation/loss", presence_bits(self._logits(patch), patch.mask), prog_bar=True, sync_dist=True)

    def _logits(self, patch: Patch) -> Tensor:
        logits: Tensor = self.network(patch.image.float().contiguous(memory_format=torch.channels_last))
        return logits

    def make_optimizer(self) -> Optimizer:
        """Return Muon and Adam."""
        return MuonAdam(self, self.config.learning_rate, self.config.adam_learning_rate)


def presence_bits(logits: Tensor, presence: Tensor, positive_weight: float = 1.0) -> Tensor:
    """Return the mean cross entropy of the presence of objects, in bits per position.

    A position that an object touches counts as a whole. The mean is taken over positions of 8 and of 16 pixels, because
    the codec takes the largest of the logits that belong to a position of its latent.

    Args:
        logits: [B, 1, H/8, W/8].
        presence: probability of an object at each pixel, [B, 1, H, W].
        positive_weight: weight of the bits of objects.

    Returns:
        A scalar.
    """
    near = share_bits(logits, F.max_pool2d(presence, _CELL), positive_weight)
    wide = share_bits(F.max_pool2d(logits, 2, 1), F.max_pool2d(presence, 2 * _CELL, _CELL), positive_weight)
    return (near + wide).mean() / 2


def load_finder(path: Path) -> Finder:
    """Return the finder of a checkpoint, with averaged weights.

    Raises:
        FoveaError: the file is no checkpoint of a finder's training, or its weights do not fit its configuration.
    """
    saved = Checkpoint.read(path)
    with about(path):
        module = FinderTraining(saved.validated_config(FinderTrainingConfig))
        module.load_weights(saved)
    return module.network.eval()
