"""Patches with what a recognizer sees on them in the place of labels.

Labels belong to images, and a network that sees few images for long learns them by heart. A recognizer that knows far
more of them tells what is to be seen on any picture that is made of these few: in other light, at other scales, parts
of one on another. Of such there is no end.

Source: Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", CVPR 2022.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from fovea.picture import fill_boxes
from fovea.recognition import load
from fovea.training.augmentation import augmented
from fovea.training.config import FindingConfig
from fovea.training.patches import Patch, PatchStream
from fovea.training.sources import DataConfig
from fovea.training.strict import located

if TYPE_CHECKING:
    import supervision as sv

FAINTEST = 0.05
"""Lowest score of what is asked of the recognizer."""
_SIDE = 2
"""Patches along either side of the picture that it looks at: the more at once, the faster."""


class SeenPatches(IterableDataset[Patch]):
    """Patches whose masks are what a recognizer sees on them, augmented as the data's configuration says.

    Args:
        patches: whose own masks do not count.
        loss: the recognizer, and from which score on it is sure.
        data: how patches are augmented; None leaves them as they are.
    """

    def __init__(self, patches: PatchStream, loss: FindingConfig, data: DataConfig | None) -> None:
        self._patches, self._loss, self._data = patches, loss, data

    def __iter__(self) -> Iterator[Patch]:
        recognizer = load(located(self._loss.recognizer), threads=1, threshold=FAINTEST)
        patches = iter(self._patches)
        while True:
            drawn = [patch.image for patch in islice(patches, _SIDE**2)]
            images = torch.stack(drawn)
            if self._data is not None:
                images = augmented(images, images[:, :1], self._data)[0].round().byte()
            (seen,) = recognizer.predict([tiled(images).permute(1, 2, 0).numpy()])
            size = _SIDE * images.shape[2]
            mask = torch.from_numpy(certainty(seen, size, size, self._loss.sure))
            yield from map(Patch, images, untiled(mask[None]))


def tiled(patches: Tensor) -> Tensor:
    """Four patches [4, C, s, s] as one picture [C, 2s, 2s], row by row."""
    return torch.cat([torch.cat([*row], dim=2) for row in patches.chunk(_SIDE)], dim=1)


def untiled(picture: Tensor) -> Tensor:
    """Undo :func:`tiled`.

    Example:
        >>> patches = torch.arange(4 * 3 * 2 * 2).view(4, 3, 2, 2)
        >>> torch.equal(untiled(tiled(patches)), patches)
        True
    """
    return torch.stack([part for row in picture.chunk(_SIDE, dim=1) for part in row.chunk(_SIDE, dim=2)])


def certainty(seen: "sv.Detections", height: int, width: int, sure: float) -> NDArray[np.float32]:
    """How sure a recognizer is that a pixel belongs to an object.

    Args:
        seen: what it sees: masks, or else boxes, with scores.
        height: of the picture, pixels.
        width: of the picture, pixels.
        sure: the score from which on it is; below, in proportion.

    Returns:
        [height, width], 0..1; of several objects at a pixel the surest counts.
    """
    picture = np.zeros((height, width), np.float32)
    scores = np.ones(len(seen)) if seen.confidence is None else seen.confidence
    for number, score in enumerate(np.minimum(scores / sure, 1)):
        if seen.mask is not None:
            region = np.asarray(seen.mask[number], np.bool_)
        else:
            region = fill_boxes(seen.xyxy[number : number + 1], height, width)
        picture[region] = np.maximum(picture[region], score)
    return picture
