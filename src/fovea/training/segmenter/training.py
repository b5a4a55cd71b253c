"""Training the segmenter: one YAML file, and an ONNX file that the loss of a codec names."""

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader

from fovea.atomic import writing
from fovea.networks.onnx_file import to_onnx
from fovea.training.augmentation import augmented
from fovea.training.crops import Crop, Cropping, CropStream
from fovea.training.data import Labeled
from fovea.training.patches import ResidentImages
from fovea.training.segmenter.network import Activation, Seen, Segmenter
from fovea.training.segmenter.painting import Painter, targets
from fovea.training.sources import DataConfig, split_images
from fovea.training.strict import Strict
from fovea.training.trainer import Hardware, point_to_resume, trainer_of
from fovea.training.workers import drawn_by_workers

SEGMENTER = "segmenter.onnx"
_WARMUP = 200
_WEIGHT_DECAY = 0.05
_SMOOTHING = 0.05
_RAREST = 20.0
"""Most that a class counts more than the mean pixel."""


Width = Annotated[int, Field(ge=2)]


class SegmenterConfig(Strict):
    """A training of the segmenter.

    Attributes:
        name: of the run; its folder below ``runs/``.
        data: what to train on. Images always stay on the device that trains.
        patches: how many to train on; the learning rate falls to zero over them along a half cosine.
        batch: patches a step.
        learning_rate: of AdamW, after a linear warm-up.
        seed: of weights and patches.
        validate_every: patches between validations and checkpoints.
        outputs: fields of :class:`Seen` that its file gives; what none of them needs is left out.
        widths: of the network, see :class:`Segmenter`; likewise blocks and activation.
    """

    name: str
    data: DataConfig
    patches: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)] = 96
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    seed: int = 0
    validate_every: Annotated[int, Field(ge=1)] = 48000
    outputs: tuple[str, ...] = Seen._fields
    widths: tuple[Width, Width, Width, Width] = (48, 96, 192, 320)
    blocks: Annotated[int, Field(ge=1)] = 2
    activation: Activation = "leaky_relu"

    @field_validator("data")
    @classmethod
    def _labeled(cls, data: DataConfig) -> DataConfig:
        if not data.labeled:
            raise ValueError("a segmenter learns from annotations: give them for all images")
        return data

    @field_validator("outputs")
    @classmethod
    def _known(cls, outputs: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in outputs if name not in Seen._fields]:
            raise ValueError(f"unknown output {unknown[0]!r}: choose of {', '.join(Seen._fields)}")
        return outputs


class SegmenterTraining(pl.LightningModule):
    """Cross entropy of classes at 1/8 and of outlines at 1/4 of the resolution.

    Args:
        config: of the run.
        shares: pixels of nothing and of each class; the rarer, the more a pixel counts, with the square root.
    """

    weight: Tensor

    def __init__(self, config: SegmenterConfig, shares: Tensor) -> None:
        super().__init__()
        self.save_hyperparameters({"config": config.model_dump(mode="json")})
        self.config = config
        self.network = Segmenter(len(shares) - 1, config.widths, config.blocks, config.activation)
        weight = (shares.sum() / shares.clamp(min=1)).sqrt()
        self.register_buffer("weight", (weight * shares.sum() / (weight * shares).sum()).clamp(max=_RAREST))

    def forward(self, image: Tensor) -> Seen:
        """Look at a batch."""
        seen: Seen = self.network(image.contiguous(memory_format=torch.channels_last))
        return seen

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch, with noise."""
        image, drawn = batch
        classes, outlines = targets(drawn)
        seen = self(_noisy(image.float()))
        of_classes = F.cross_entropy(seen.classes.float(), classes, self.weight, label_smoothing=_SMOOTHING)
        of_outlines = F.binary_cross_entropy_with_logits(seen.outlines.float(), outlines)
        self.log_dict({"classes": of_classes, "outlines": of_outlines}, prog_bar=True)
        return of_classes + of_outlines

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """How many pixels of objects are found, and how many given their class; and of nothing, taken for nothing."""
        image, drawn = batch
        classes, outlines = targets(drawn)
        seen = self(image.float())
        guess, objects = seen.classes.argmax(dim=1), classes > 0
        values = {
            "objects_found": (guess > 0)[objects].float().mean(),
            "objects_named": (guess == classes)[objects].float().mean(),
            "nothing_found": (guess == 0)[~objects].float().mean(),
            "outlines": F.binary_cross_entropy_with_logits(seen.outlines.float(), outlines),
        }
        self.log_dict({f"validation/{name}": value for name, value in values.items()})

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW, and the schedule."""
        optimizer = torch.optim.AdamW(self.parameters(), self.config.learning_rate, weight_decay=_WEIGHT_DECAY)
        steps = math.ceil(self.config.patches / self.config.batch)

        def factor(step: int) -> float:
            return min(1.0, step / _WARMUP) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))

        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": LambdaLR(optimizer, factor), "interval": "step"}}


class _Patches(pl.LightningDataModule):
    """Training and held-out images on the device, and crops of both."""

    def __init__(
        self, config: SegmenterConfig, seed: int, painter: Painter, train: list[Labeled], held_out: list[Labeled]
    ) -> None:
        super().__init__()
        data = config.data
        self._config, self._seed = config, seed
        self.training, self.held_out = (ResidentImages(images, data.size, painter) for images in (train, held_out))
        self._cropping = Cropping(train, data.size, data.scale, data.objects, data.repeat)
        self._fixed = Cropping(held_out, data.size, (0.9, 1.1), 1.0, 0.0)

    def setup(self, stage: str) -> None:
        """Move the images to the device."""
        assert self.trainer is not None
        for images in (self.training, self.held_out):
            images.to(self.trainer.strategy.root_device)

    def train_dataloader(self) -> DataLoader[Crop]:
        """Crops without end."""
        config = self._config
        stream = CropStream(self._cropping, self.training.sizes, self._seed)
        return drawn_by_workers(stream, config.batch, config.data.workers)

    def val_dataloader(self) -> DataLoader[Crop]:
        """The same crops each time."""
        crops = iter(CropStream(self._fixed, self.held_out.sizes))
        return DataLoader([next(crops) for _ in range(2 * len(self.held_out.sizes))], 64)  # type: ignore[arg-type]

    def on_after_batch_transfer(self, batch: Crop, dataloader_idx: int) -> tuple[Tensor, Tensor]:
        """Cut the patches."""
        assert self.trainer is not None
        if not self.trainer.training:
            return self.held_out.cut(batch)
        return augmented(*self.training.cut(batch), self._config.data)


def train_segmenter(
    config: SegmenterConfig,
    folder: Path,
    *,
    resume: bool = False,
    hardware: Hardware | None = None,
    progress: bool = True,
) -> Path:
    """Train the segmenter.

    Args:
        config: of the run.
        folder: for checkpoints, the log (CSV) and the result.
        resume: go on from the last checkpoint in ``folder``; starts anew where there is none.
        hardware: to train on, one device; by default the best there is.
        progress: show a progress bar.

    Returns:
        ``segmenter.onnx``: image [B, 3, H, W], RGB, 0..255, to the outputs of the configuration.

    Raises:
        FoveaError: the folder already holds a run and ``resume`` is off or the run has another configuration, or the
            data cannot be read.
    """
    before, done = point_to_resume(folder, config, resume)
    pl.seed_everything(config.seed, verbose=False)
    train, held_out = split_images(config.data)
    painter = Painter([*train, *held_out])
    # A resumed stream starts from other patches than the run began with.
    patches = _Patches(config, config.seed + done, painter, train, held_out)
    shares = torch.bincount(patches.training.maps[:, 0].flatten(), minlength=1 + len(painter.number)).float()
    module = SegmenterTraining(config, shares)
    module.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    trainer = trainer_of(
        folder,
        steps=math.ceil(config.patches / config.batch),
        every=config.validate_every // config.batch,
        saving=config.validate_every // config.batch,
        done=done,
        clip=2.0,
        hardware=hardware or Hardware(),
        progress=progress,
    )
    trainer.fit(module, patches, ckpt_path=before, weights_only=False)
    path = folder / SEGMENTER
    with writing(path) as file:
        file.write(exported(module.network, config.outputs))
    return path


def exported(network: Segmenter, outputs: Sequence[str] = Seen._fields) -> bytes:
    """The ONNX file of a trained segmenter, its weights rounded to 16 bits.

    Args:
        network: trained.
        outputs: fields of :class:`Seen` that it gives; what none of them needs is left out.
    """
    network = copy.deepcopy(network).float().cpu().eval()
    for layers in network.modules():
        match list(layers.children()):
            case [nn.Conv2d() as conv, nn.BatchNorm2d() as norm, *_] if isinstance(layers, nn.Sequential):
                layers[0], layers[1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(weight.half())
    open_axis = torch.export.Dim.DYNAMIC
    axes = {0: open_axis, 2: open_axis, 3: open_axis}
    return to_onnx(_Chosen(network, outputs), (torch.zeros(2, 3, 64, 96),), [axes], outputs)


class _Chosen(nn.Module):
    """Some of what a segmenter sees."""

    def __init__(self, network: Segmenter, outputs: Sequence[str]) -> None:
        super().__init__()
        self.network, self.outputs = network, outputs

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        seen = self.network(image)
        return tuple(getattr(seen, name) for name in self.outputs)


def _noisy(image: Tensor) -> Tensor:
    strength = image.new_empty(len(image), 1, 1, 1).uniform_(0, 6)
    return (image + torch.randn_like(image) * strength).clamp(0, 255)
