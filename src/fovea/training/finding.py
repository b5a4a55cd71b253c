"""Training of what finds objects alone: a codec stays as it is, and its encoder learns to find what a recognizer sees.

Trained with its codec, what finds objects sees the same images as long as that, and learns them by heart long before
the codec has learned. Their labels hold no more to learn then: see :mod:`fovea.training.seen` for what does.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from fovea.spec import QUALITIES, STRIDE
from fovea.training.config import FindingConfig, TrainingConfig
from fovea.training.mask_head import share_bits
from fovea.training.module import VALIDATION_QUALITIES, NetworkTraining
from fovea.training.patches import Patch


class FindingTraining(NetworkTraining):
    """Train what finds objects, in bits a position that it misses of what the recognizer sees.

    Args:
        config: of the run; its loss is ``finding``.
    """

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config)
        assert isinstance(config.loss, FindingConfig)
        self._overlooked = config.loss.overlooked
        self.network.requires_grad_(False)
        assert self.network.analysis.objectness is not None
        self.network.analysis.objectness.requires_grad_(True)

    def training_step(self, patch: Patch, batch_idx: int) -> Tensor:
        """Loss of one batch; each patch has a quality of its own."""
        quality = torch.randint(QUALITIES, (len(patch.image),), device=self.device)
        loss = self._bits_missed(patch, quality)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, patch: Patch, batch_idx: int) -> None:
        """The same at fixed qualities."""
        total: Tensor = torch.zeros((), device=self.device)
        for number in VALIDATION_QUALITIES:
            missed = self._bits_missed(patch, torch.full((len(patch.image),), number, device=self.device))
            self.log(f"validation/q{number}/mask_bits", missed, sync_dist=True)
            total += missed / len(VALIDATION_QUALITIES)
        self.log("validation/loss", total, prog_bar=True, sync_dist=True)

    def _bits_missed(self, patch: Patch, quality: Tensor) -> Tensor:
        image = patch.image.float().contiguous(memory_format=torch.channels_last)
        _, found = self.network.analyze(image, quality)
        assert found is not None
        # A position that an object touches matters to it as a whole.
        return share_bits(found, F.max_pool2d(patch.mask, STRIDE), self._overlooked).mean()
