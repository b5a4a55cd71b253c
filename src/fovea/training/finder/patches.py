"""The loaders of a finder's training."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import lightning.pytorch as pl
from torch.utils.data import DataLoader

from fovea.training.data.augmentation import augment
from fovea.training.data.config import PatchConfig
from fovea.training.data.images import TrainingImage
from fovea.training.data.patches import Patch, PatchStream
from fovea.training.data.sources import split_images
from fovea.training.data.workers import load_with_workers
from fovea.training.finder.config import FinderTrainingConfig
from fovea.training.teaching.labels import label_images, paint_presence

_VALIDATION_BATCH_SIZE = 16


class FinderPatches(pl.LightningDataModule):
    """Patches to train and to validate on, with the probability of an object at each pixel.

    Args:
        config: configuration of the run. The labels that are missing are made here.
        seed: seed of the patches.
    """

    def __init__(self, config: FinderTrainingConfig, seed: int) -> None:
        super().__init__()
        self._config, self._seed = config, seed
        self._train, self._held_out = label_images(*split_images(config.data), config)

    def _stream(
        self, images: Sequence[TrainingImage], patch: PatchConfig, seed: int, rank: int, cache: int
    ) -> PatchStream:
        return PatchStream(list(images), patch, seed, rank, cache, paint_presence)

    def train_dataloader(self) -> DataLoader[Patch]:
        """Return a loader of patches."""
        assert self.trainer is not None
        data = self._config.data
        stream = self._stream(self._train, data.patch, self._seed, self.trainer.global_rank, data.cache_per_worker)
        return load_with_workers(stream, self._config.batch_size, data.workers)

    def val_dataloader(self) -> DataLoader[Patch]:
        """Return a loader of the same patches each time."""
        data = self._config.data
        images = [replace(image, scale_jitter=None) for image in self._held_out]
        stream = self._stream(images, data.patch.for_validation(), seed=0, rank=0, cache=0)
        patches: list[Patch] = list(islice(iter(stream), 2 * data.validation_images))
        return DataLoader(patches, batch_size=_VALIDATION_BATCH_SIZE)  # type: ignore[arg-type]

    def on_after_batch_transfer(self, batch: Patch, dataloader_idx: int) -> Patch:
        """Augment patches that are trained on."""
        assert self.trainer is not None
        return Patch(*augment(*batch, self._config.data.patch)) if self.trainer.training else batch
