"""The loaders of a codec training."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import lightning.pytorch as pl
import numpy as np
from torch.utils.data import DataLoader, IterableDataset

from fovea.training.config import TrainingConfig
from fovea.training.data.augmentation import augment
from fovea.training.data.crops import Crop, CropSampler, CropStream
from fovea.training.data.images import TrainingImage
from fovea.training.data.masks import WEIGHT_STEP, MapPainter, weight_painter
from fovea.training.data.patches import Patch, PatchStream
from fovea.training.data.resident import ResidentImages
from fovea.training.data.sources import split_images
from fovea.training.data.validation import validation_loader, validation_stream
from fovea.training.data.workers import load_with_workers
from fovea.training.losses.config import ObjectnessConfig


def read_images(config: TrainingConfig) -> tuple[list[TrainingImage], list[TrainingImage], MapPainter]:
    """Return the images to train on, those that are held out, and the function that paints their objects.

    Args:
        config: configuration of the run. Labels that its teachers have not made yet are made here.

    Raises:
        FoveaError: images, annotations or recognizers cannot be read, or there are too few images.
    """
    train, held_out = split_images(config.data)
    if config.objects is None:
        return train, held_out, weight_painter(config.data.patch)
    # Recognizers need the extra eval, which other trainings do not need.
    from fovea.training.teaching.labels import Labels, paint_presence

    labels = Labels(config.objects, train)
    return labels.of(train), labels.of(held_out), paint_presence


def read_sample(config: TrainingConfig, number: int, seed: int) -> tuple[list[TrainingImage], MapPainter]:
    """Return some of the images to train on, and the function that paints their objects.

    Teachers label only these images. To label all of them takes minutes.

    Args:
        config: configuration of the run.
        number: number of draws. An image that is drawn several times is returned once, with a higher weight.
        seed: seed of the draws.

    Raises:
        FoveaError: images, annotations or recognizers cannot be read, or there are too few images.
    """
    train, _ = split_images(config.data)
    weights = np.array([image.weight for image in train])
    drawn = np.random.default_rng(seed).choice(len(train), number, p=weights / weights.sum())
    numbers, times = np.unique(drawn, return_counts=True)
    sample = [replace(train[number], weight=float(count)) for number, count in zip(numbers, times, strict=True)]
    if config.objects is None:
        return sample, weight_painter(config.data.patch)
    from fovea.training.teaching.labels import Labels, paint_presence

    return Labels(config.objects, train).of(sample), paint_presence


class CodecPatches(pl.LightningDataModule):
    """Patches to train and to validate on.

    Args:
        config: configuration of the run.
        seed: seed of the patches.
        devices: number of devices that share a batch.
    """

    def __init__(self, config: TrainingConfig, seed: int, devices: int) -> None:
        super().__init__()
        self._data, self._seed, self._batch_size = config.data, seed, config.batch_size // devices
        self._objectness = config.loss if isinstance(config.loss, ObjectnessConfig) else None
        self._train, self._held_out, self._paint = read_images(config)
        self._resident: ResidentImages | None = None

    def first(self, number: int) -> Iterator[Patch]:
        """Return the first patches of the training."""
        return islice(iter(self._stream(rank=0)), number)

    def _stream(self, rank: int) -> PatchStream:
        return PatchStream(self._train, self._data.patch, self._seed, rank, self._data.cache_per_worker, self._paint)

    def train_dataloader(self) -> DataLoader[Patch] | DataLoader[Crop]:
        """Return a loader of patches, or of crops where the images are on the device."""
        assert self.trainer is not None
        data, rank = self._data, self.trainer.global_rank
        stream: IterableDataset[Any]
        if data.on_device:
            self._resident = ResidentImages(self._train, data.patch.size, self._paint)
            self._resident.to(self.trainer.strategy.root_device)
            stream = CropStream(CropSampler(self._train, data.patch), self._resident.sizes, self._seed, rank)
        elif self._objectness:
            stream = self._pseudo_labeled(self._stream(rank), augmented=True)
        else:
            stream = self._stream(rank)
        return load_with_workers(stream, self._batch_size, data.workers)

    def val_dataloader(self) -> DataLoader[Patch]:
        """Return a loader of the same patches each time."""
        stream = validation_stream(self._held_out, self._data.patch, self._paint)
        patches = self._pseudo_labeled(stream, augmented=False) if self._objectness else stream
        return validation_loader(patches, self._data.validation_images)

    def _pseudo_labeled(self, patches: PatchStream, *, augmented: bool) -> IterableDataset[Patch]:
        # Recognizers need the extra eval, which most trainings do without.
        from fovea.training.data.pseudo_labels import PseudoLabeledPatches

        loss = self._objectness
        assert loss is not None
        augmentation = self._data.patch if augmented else None
        return PseudoLabeledPatches(patches, loss.recognizer, loss.score_threshold, augmentation)

    def on_after_batch_transfer(self, batch: Patch | Crop, dataloader_idx: int) -> Patch:
        """Cut patches from resident images, and augment those that are trained on."""
        if isinstance(batch, Crop):
            assert self._resident is not None
            image, weights = self._resident.cut(batch)
            batch = Patch(image, weights * WEIGHT_STEP)
        assert self.trainer is not None
        # Patches with pseudo-labels were augmented before the recognizer saw them.
        augments = self.trainer.training and not self._objectness
        return Patch(*augment(*batch, self._data.patch)) if augments else batch
