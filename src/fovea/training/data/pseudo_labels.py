"""Patches whose labels are the detections of a recognizer.

A network that is trained for long on few labeled images memorizes them. A recognizer that was trained on far more
images can label any augmented patch: at other scales, with color jitter, with rectangles of other patches. There are
unlimited numbers of such patches.

Source: Beyer et al., "Knowledge distillation: A good teacher is patient and consistent" (CVPR 2022).
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from fovea.picture import fill_boxes
from fovea.recognition import load
from fovea.training.config_file import expand_path
from fovea.training.data.augmentation import augment
from fovea.training.data.config import PatchConfig
from fovea.training.data.patches import Patch, PatchStream

if TYPE_CHECKING:
    import supervision as sv

LOWEST_SCORE = 0.05
"""Lowest score of the detections that the recognizer is asked for."""
_SIDE = 2
"""Number of patches along either side of the picture that the recognizer sees. Several at once are faster."""


class PseudoLabeledPatches(IterableDataset[Patch]):
    """Patches with the detections of a recognizer as their masks.

    Args:
        patches: stream of patches; their own masks are ignored.
        recognizer: file of the recognizer, as for :func:`fovea.recognition.load`.
        score_threshold: score from which on a detection counts fully.
        augmentation: how patches are augmented before the recognizer sees them; None leaves them unchanged.
    """

    def __init__(
        self, patches: PatchStream, recognizer: Path, score_threshold: float, augmentation: PatchConfig | None
    ) -> None:
        self._patches, self._recognizer = patches, recognizer
        self._score_threshold, self._augmentation = score_threshold, augmentation

    def __iter__(self) -> Iterator[Patch]:
        recognizer = load(expand_path(self._recognizer), threads=1, threshold=LOWEST_SCORE)
        patches = iter(self._patches)
        while True:
            images = torch.stack([patch.image for patch in islice(patches, _SIDE**2)])
            if self._augmentation is not None:
                images = augment(images, images[:, :1], self._augmentation)[0].round().byte()
            (detections,) = recognizer.predict([tiled(images).permute(1, 2, 0).numpy()])
            size = _SIDE * images.shape[2]
            mask = torch.from_numpy(soft_mask(detections, size, size, self._score_threshold))
            yield from map(Patch, images, untiled(mask[None]))


def tiled(patches: Tensor) -> Tensor:
    """Join four patches [4, C, s, s] into one picture [C, 2s, 2s], row by row."""
    return torch.cat([torch.cat([*row], dim=2) for row in patches.chunk(_SIDE)], dim=1)


def untiled(picture: Tensor) -> Tensor:
    """Undo :func:`tiled`.

    Example:
        >>> patches = torch.arange(4 * 3 * 2 * 2).view(4, 3, 2, 2)
        >>> torch.equal(untiled(tiled(patches)), patches)
        True
    """
    return torch.stack([part for row in picture.chunk(_SIDE, dim=1) for part in row.chunk(_SIDE, dim=2)])


def soft_mask(detections: "sv.Detections", height: int, width: int, score_threshold: float) -> NDArray[np.float32]:
    """Return how certain a recognizer is that each pixel belongs to an object.

    Args:
        detections: detections with masks, or else boxes, and scores.
        height: height of the picture in pixels.
        width: width of the picture in pixels.
        score_threshold: score from which on a pixel is 1; below, it is in proportion.

    Returns:
        float32 [height, width], 0..1; where objects overlap, the highest value counts.
    """
    picture = np.zeros((height, width), np.float32)
    scores = np.ones(len(detections)) if detections.confidence is None else detections.confidence
    for number, score in enumerate(np.minimum(scores / score_threshold, 1)):
        if detections.mask is not None:
            region = np.asarray(detections.mask[number], np.bool_)
        else:
            region = fill_boxes(detections.xyxy[number : number + 1], height, width)
        picture[region] = np.maximum(picture[region], score)
    return picture
