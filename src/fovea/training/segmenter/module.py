"""Training of the segmenter."""

from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import AdamW, Optimizer

from fovea.atomic import writing
from fovea.training.checkpoint import Checkpoint
from fovea.training.segmenter.config import SegmenterConfig
from fovea.training.segmenter.export import export_segmenter
from fovea.training.segmenter.network import Segmenter, SegmenterOutput
from fovea.training.segmenter.targets import targets
from fovea.training.training_module import TrainingModule

SEGMENTER = "segmenter.onnx"
"""The file in the folder of a run with its result."""
_WEIGHT_DECAY = 0.05
_LABEL_SMOOTHING = 0.05
_LARGEST_NOISE = 6.0
"""Largest standard deviation of the noise on training images, in 8-bit levels."""
_LARGEST_CLASS_WEIGHT = 20.0
"""Largest weight of a pixel, as a multiple of the mean weight."""


class SegmenterTraining(TrainingModule):
    """Train for the cross entropy of classes at 1/8 and of outlines at 1/4 of the resolution.

    Args:
        config: configuration of the run.
        class_counts: number of pixels of the background and of each class, float32 [1 + classes]. A pixel weighs in
            proportion to the inverse square root of the number of its class, and at most 20 times the mean weight.
    """

    weight: Tensor
    network: Segmenter
    gradient_clip: ClassVar[float] = 2.0

    def __init__(self, config: SegmenterConfig, class_counts: Tensor) -> None:
        classes = len(class_counts) - 1
        super().__init__(config, Segmenter(classes, config.widths, config.blocks, config.activation))
        self.config = config
        total = class_counts.sum()
        weight = (total / class_counts.clamp(min=1)).sqrt()
        mean_weight = (weight * class_counts).sum()
        self.register_buffer("weight", (weight * total / mean_weight).clamp(max=_LARGEST_CLASS_WEIGHT))

    def forward(self, image: Tensor) -> SegmenterOutput:
        """Return the outputs of the network for images [B, 3, H, W], RGB, 0..255."""
        output: SegmenterOutput = self.network(image.contiguous(memory_format=torch.channels_last))
        return output

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Return the loss of one batch, with noise on the images."""
        image, painted = batch
        classes, outlines = targets(painted)
        output = self(_with_noise(image.float()))
        class_loss = F.cross_entropy(output.classes.float(), classes, self.weight, label_smoothing=_LABEL_SMOOTHING)
        outline_loss = F.binary_cross_entropy_with_logits(output.outlines.float(), outlines)
        self.log_dict({"classes": class_loss, "outlines": outline_loss}, prog_bar=True)
        return class_loss + outline_loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Log the share of object pixels that are found and that have their class, and of background that is found."""
        image, painted = batch
        classes, outlines = targets(painted)
        output = self(image.float())
        predicted, objects = output.classes.argmax(dim=1), classes > 0
        values = {
            "objects_found": (predicted > 0)[objects].float().mean(),
            "objects_classified": (predicted == classes)[objects].float().mean(),
            "background_found": (predicted == 0)[~objects].float().mean(),
            "outlines": F.binary_cross_entropy_with_logits(output.outlines.float(), outlines),
        }
        self.log_dict({f"validation/{name}": value for name, value in values.items()})

    def make_optimizer(self) -> Optimizer:
        """Return AdamW."""
        return AdamW(self.parameters(), self.config.learning_rate, weight_decay=_WEIGHT_DECAY)

    def write_result(self, checkpoint: Checkpoint, folder: Path) -> Path:
        """Write the averaged weights and the ONNX file, ``segmenter.onnx``, which is returned.

        The ONNX file takes images [B, 3, H, W], RGB, 0..255, and returns the outputs of the configuration.
        """
        super().write_result(checkpoint, folder)
        self.load_state_dict(dict(checkpoint.weights))
        with writing(folder / SEGMENTER) as file:
            file.write(export_segmenter(self.network, self.config.outputs))
        return folder / SEGMENTER


def _with_noise(image: Tensor) -> Tensor:
    deviation = image.new_empty(len(image), 1, 1, 1).uniform_(0, _LARGEST_NOISE)
    return (image + torch.randn_like(image) * deviation).clamp(0, 255)
