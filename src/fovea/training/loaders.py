"""Patches to train and to validate on, as Lightning wants them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import lightning.pytorch as pl
from torch.utils.data import DataLoader, IterableDataset

from fovea.training.augmentation import augmented
from fovea.training.config import FindingConfig, TrainingConfig
from fovea.training.crops import Crop, Cropping, CropStream
from fovea.training.masks import WEIGHT_STEP
from fovea.training.patches import Patch, PatchStream, ResidentImages, painted_weights
from fovea.training.sources import DataConfig, split_images
from fovea.training.workers import drawn_by_workers


class Patches(pl.LightningDataModule):
    """Both loaders of a run.

    Args:
        config: of the run.
        seed: of the patches.
        devices: that share a batch.
    """

    def __init__(self, config: TrainingConfig, seed: int, devices: int) -> None:
        super().__init__()
        self._data, self._seed, self._batch = config.data, seed, config.batch // devices
        self._finding = config.loss if isinstance(config.loss, FindingConfig) else None
        data = config.data
        self._weights = (data.masks, data.dilation, data.small, data.edges)
        self._train, self._held_out = split_images(data)
        self._resident: ResidentImages | None = None

    def first(self, number: int) -> Iterator[Patch]:
        """So many patches to look at before training."""
        return islice(iter(self._stream(rank=0)), number)

    def _stream(self, rank: int) -> PatchStream:
        data = self._data
        return PatchStream(
            self._train,
            data.size,
            data.scale,
            data.objects,
            *self._weights,
            data.repeat,
            self._seed,
            rank,
            cache=int(data.cache * 2**30 / data.workers),
        )

    def train_dataloader(self) -> DataLoader[Patch] | DataLoader[Crop]:
        """Patches, or crops where the images are on the device."""
        assert self.trainer is not None
        data, rank = self._data, self.trainer.global_rank
        stream: IterableDataset[Any] = self._stream(rank=rank)
        if data.resident:
            self._resident = ResidentImages(self._train, data.size, painted_weights(*self._weights))
            self._resident.to(self.trainer.strategy.root_device)
            cropping = Cropping(self._train, data.size, data.scale, data.objects, data.repeat)
            stream = CropStream(cropping, self._resident.sizes, self._seed, rank)
        if self._finding:
            stream = _as_seen(self._stream(rank), self._finding, data)
        return drawn_by_workers(stream, self._batch, data.workers)

    def val_dataloader(self) -> DataLoader[Patch]:
        """The same patches each time."""
        shown = [replace(image, scale=None) for image in self._held_out]
        fixed = PatchStream(shown, self._data.size, (0.9, 1.1), 1.0, *self._weights, seed=0, cache=0)
        drawn = _as_seen(fixed, self._finding, None) if self._finding else fixed
        patches: list[Patch] = list(islice(iter(drawn), 2 * self._data.validation))
        return DataLoader(patches, batch_size=16)  # type: ignore[arg-type]

    def on_after_batch_transfer(self, batch: Patch | Crop, dataloader_idx: int) -> Patch:
        """Cut what is still to be cut, and augment what is trained on."""
        if isinstance(batch, Crop):
            assert self._resident is not None
            image, weights = self._resident.cut(batch)
            batch = Patch(image, weights * WEIGHT_STEP)
        assert self.trainer is not None
        fresh = self.trainer.training and not self._finding  # what is seen was seen on augmented patches
        return Patch(*augmented(*batch, self._data)) if fresh else batch


def _as_seen(patches: PatchStream, loss: FindingConfig, data: DataConfig | None) -> IterableDataset[Patch]:
    # Recognizers need the extra eval, which no other training does.
    from fovea.training.seen import SeenPatches

    return SeenPatches(patches, loss, data)
