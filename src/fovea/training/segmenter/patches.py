"""The loaders of a segmenter's training: all images stay on the device."""

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fovea.training.data.augmentation import augment
from fovea.training.data.crops import Crop, CropSampler, CropStream
from fovea.training.data.resident import ResidentImages
from fovea.training.data.sources import split_images
from fovea.training.data.workers import load_with_workers
from fovea.training.segmenter.config import SegmenterConfig
from fovea.training.segmenter.targets import ClassPainter

_VALIDATION_BATCH_SIZE = 64


class SegmenterPatches(pl.LightningDataModule):
    """Training images and held-out images on the training device, and crops of both.

    Args:
        config: configuration of the run.
        seed: seed of the crops.
    """

    def __init__(self, config: SegmenterConfig, seed: int) -> None:
        super().__init__()
        self._config, self._seed = config, seed
        patch = config.data.patch
        train, held_out = split_images(config.data)
        self._painter = ClassPainter([*train, *held_out])
        self._train, self._held_out = (ResidentImages(part, patch.size, self._painter) for part in (train, held_out))
        self._sampler = CropSampler(train, patch)
        self._validation_sampler = CropSampler(held_out, patch.for_validation())

    def class_counts(self) -> Tensor:
        """Return the number of training pixels of the background and of each class, float32 [1 + classes]."""
        counts = torch.zeros(1 + self._painter.classes)
        for classes, (width, height) in zip(self._train.maps[:, 0], self._train.sizes, strict=True):
            counts += classes[:height, :width].flatten().bincount(minlength=len(counts))  # without the padding
        return counts

    def setup(self, stage: str) -> None:
        """Move the images to the device."""
        assert self.trainer is not None
        for images in (self._train, self._held_out):
            images.to(self.trainer.strategy.root_device)

    def train_dataloader(self) -> DataLoader[Crop]:
        """Return a loader of endless crops."""
        stream = CropStream(self._sampler, self._train.sizes, self._seed)
        return load_with_workers(stream, self._config.batch_size, self._config.data.workers)

    def val_dataloader(self) -> DataLoader[Crop]:
        """Return a loader of the same crops each time."""
        crops = iter(CropStream(self._validation_sampler, self._held_out.sizes))
        fixed = [next(crops) for _ in range(2 * len(self._held_out.sizes))]
        return DataLoader(fixed, _VALIDATION_BATCH_SIZE)  # type: ignore[arg-type]

    def on_after_batch_transfer(self, batch: Crop, dataloader_idx: int) -> tuple[Tensor, Tensor]:
        """Cut the patches, and augment those that are trained on."""
        assert self.trainer is not None
        if not self.trainer.training:
            return self._held_out.cut(batch)
        return augment(*self._train.cut(batch), self._config.data.patch)
