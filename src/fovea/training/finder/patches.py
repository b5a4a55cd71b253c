"""The loaders of a finder's training."""

import lightning.pytorch as pl
from torch.utils.data import DataLoader

from fovea.training.data.augmentation import augment
from fovea.training.data.patches import Patch, PatchStream
from fovea.training.data.sources import split_images
from fovea.training.data.validation import validation_loader, validation_stream
from fovea.training.data.workers import load_with_workers
from fovea.training.finder.config import FinderTrainingConfig
from fovea.training.teaching.labels import Labels, paint_presence


class FinderPatches(pl.LightningDataModule):
    """Patches to train and to validate on, with the probability of an object at each pixel.

    Args:
        config: configuration of the run. Labels that are not in its folder yet are made first.
        seed: seed of the patches.
    """

    def __init__(self, config: FinderTrainingConfig, seed: int) -> None:
        super().__init__()
        self._config, self._seed = config, seed
        train, held_out = split_images(config.data)
        labels = Labels(config, train)
        self._train, self._held_out = labels.of(train), labels.of(held_out)

    def train_dataloader(self) -> DataLoader[Patch]:
        """Return a loader of patches."""
        assert self.trainer is not None
        data, rank = self._config.data, self.trainer.global_rank
        stream = PatchStream(self._train, data.patch, self._seed, rank, data.cache_per_worker, paint_presence)
        return load_with_workers(stream, self._config.batch_size, data.workers)

    def val_dataloader(self) -> DataLoader[Patch]:
        """Return a loader of the same patches each time."""
        data = self._config.data
        return validation_loader(validation_stream(self._held_out, data.patch, paint_presence), data.validation_images)

    def on_after_batch_transfer(self, batch: Patch, dataloader_idx: int) -> Patch:
        """Augment patches that are trained on."""
        assert self.trainer is not None
        return Patch(*augment(*batch, self._config.data.patch)) if self.trainer.training else batch
