"""Training of the objectness alone: the codec stays unchanged, and its encoder learns to find objects.

If the objectness is trained together with its codec, it sees the same images for as long as the codec does, and
memorizes their labels long before the codec has learned enough. This training uses the detections of a recognizer
instead, see :mod:`fovea.training.data.pseudo_labels`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from fovea.spec import QUALITIES, STRIDE
from fovea.training.codec_module import VALIDATION_QUALITIES
from fovea.training.config import TrainingConfig
from fovea.training.data.patches import Patch
from fovea.training.losses.config import ObjectnessConfig
from fovea.training.losses.objects import share_bits
from fovea.training.training_module import NetworkTraining


class ObjectnessTraining(NetworkTraining):
    """Train the objectness of an encoder with the cross entropy of detections, in bits per latent position.

    Args:
        config: configuration of the run, with the loss ``objectness``.
    """

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config)
        assert isinstance(config.loss, ObjectnessConfig)
        self._positive_weight = config.loss.positive_weight
        self.network.requires_grad_(False)
        assert self.network.analysis.objectness is not None
        self.network.analysis.objectness.requires_grad_(True)

    def training_step(self, patch: Patch, batch_idx: int) -> Tensor:
        """Return the loss of one batch; each patch has a random quality."""
        quality = torch.randint(QUALITIES, (len(patch.image),), device=self.device)
        loss = self._cross_entropy(patch, quality)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, patch: Patch, batch_idx: int) -> None:
        """Log the cross entropy at fixed qualities."""
        total: Tensor = torch.zeros((), device=self.device)
        for number in VALIDATION_QUALITIES:
            bits = self._cross_entropy(patch, torch.full((len(patch.image),), number, device=self.device))
            self.log(f"validation/q{number}/mask_bits", bits, sync_dist=True)
            total += bits / len(VALIDATION_QUALITIES)
        self.log("validation/loss", total, prog_bar=True, sync_dist=True)

    def _cross_entropy(self, patch: Patch, quality: Tensor) -> Tensor:
        image = patch.image.float().contiguous(memory_format=torch.channels_last)
        _, logits = self.network.analyze(image, quality)
        assert logits is not None
        # A position that an object touches counts as a whole.
        return share_bits(logits, F.max_pool2d(patch.mask, STRIDE), self._positive_weight).mean()
