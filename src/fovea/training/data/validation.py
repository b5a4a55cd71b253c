"""Patches to validate on: the same ones in each validation."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from torch.utils.data import DataLoader

from fovea.training.data.config import PatchConfig
from fovea.training.data.images import TrainingImage
from fovea.training.data.masks import MapPainter
from fovea.training.data.patches import Patch, PatchStream

_BATCH_SIZE = 16
_PATCHES_PER_IMAGE = 2


def validation_stream(
    images: Sequence[TrainingImage], patch: PatchConfig, paint: MapPainter | None = None
) -> PatchStream:
    """Return a stream of patches, which begins with the same patches each time it is made.

    Args:
        images: held-out images; their own scale jitter is ignored.
        patch: how training patches are made, see :meth:`PatchConfig.for_validation`.
        paint: function that paints the masks, as for :class:`PatchStream`.
    """
    unscaled = [replace(image, scale_jitter=None) for image in images]
    return PatchStream(unscaled, patch.for_validation(), cache=0, paint=paint)


def validation_loader(patches: Iterable[Patch], images: int) -> DataLoader[Patch]:
    """Return a loader of the first patches of a stream, two for each of so many images."""
    fixed = list(islice(patches, _PATCHES_PER_IMAGE * images))
    return DataLoader(fixed, batch_size=_BATCH_SIZE)  # type: ignore[arg-type]
