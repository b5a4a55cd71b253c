"""The detections of recognizers, which a finder learns from, on several views of each picture.

A recognizer runs on each picture only once, because its detections are kept on disk. It detects small objects in
enlarged parts of a picture. A mirrored picture is a view that other recognizers do not have, at no further cost.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from fovea.atomic import writing
from fovea.datasets import open_labeled
from fovea.engine import available_cores
from fovea.errors import RecognizerError
from fovea.parallel import stream
from fovea.recognition import OnnxRecognizer, Recognizer, load
from fovea.store import sha256_of
from fovea.training.config_file import expand_path
from fovea.training.data.images import TrainingImage
from fovea.training.teaching.config import TeacherConfig

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

LOWEST_SCORE = 0.05
"""Lowest score of the detections that are kept."""
_QUARTER = 0.6
"""Length of the sides of the four overlapping parts of a picture, as a share of the sides of the picture."""
_CUT = 2.0
"""Distance in pixels from the cut edge of a part within which a box is dropped: its object may be cut off there."""


@dataclass(frozen=True)
class _View:
    """A part of a picture as a recognizer sees it, in pixels of the picture."""

    left: int
    top: int
    right: int
    bottom: int
    mirrored: bool


class Teacher:
    """A recognizer with its views, whose detections are kept on disk.

    Args:
        config: recognizer and views.
        folder: folder of the detections, below which each teacher has a folder of its own.

    Raises:
        RecognizerError: the recognizer cannot be loaded, or belongs to another library.
    """

    def __init__(self, config: TeacherConfig, folder: Path) -> None:
        self._config, self._path, self._folder = config, expand_path(config.recognizer), folder
        recognizer = load(self._path, threads=1, threshold=LOWEST_SCORE)
        if not isinstance(recognizer, OnnxRecognizer):
            raise RecognizerError("cannot teach: a teacher is an ONNX file or its description", path=self._path)
        self._recognizer = recognizer

    def detections(self, images: Sequence[TrainingImage]) -> list[Floats]:
        """Return the detections on each picture. Detections that are not on disk yet are made first.

        Args:
            images: pictures, each with the size that its annotations refer to.

        Returns:
            For each picture float32 [n, 6]: left, top, right, bottom in pixels of that size, score and class.
        """
        files = [self._file(image) for image in images]
        missing = [pair for pair in zip(images, files, strict=True) if not pair[1].exists()]
        if missing:
            for _ in tqdm(stream(self._detect, missing, available_cores()), self._path.stem, len(missing)):
                pass
        return [np.load(file) for file in files]

    def _file(self, image: TrainingImage) -> Path:
        settings = [self._recognizer.model.fingerprint, self._sees_quarters(image), self._config.mirrored]
        teacher, picture = (
            hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()
            for parts in (settings, (sha256_of(image.path), image.size, image.upright))
        )
        return self._folder / f"{self._path.stem}-{teacher[:12]}" / f"{picture}.npy"

    def _sees_quarters(self, image: TrainingImage) -> bool:
        return image.path.parent.name in self._config.quarters

    def _detect(self, pair: tuple[TrainingImage, Path]) -> None:
        image, file = pair
        picture = open_labeled(image.path, image.size, image.upright)
        found = detect_in_views(self._recognizer, picture, self._sees_quarters(image), self._config.mirrored)
        with writing(file) as opened:
            np.save(opened, found)


def detect_in_views(recognizer: Recognizer, picture: Pixels, quarters: bool, mirrored: bool) -> Floats:
    """Return what a recognizer detects in all views of a picture.

    Args:
        recognizer: the recognizer.
        picture: uint8 [H, W, 3], RGB.
        quarters: whether the recognizer also sees four overlapping parts, which are enlarged.
        mirrored: whether the recognizer sees the whole picture mirrored.

    Returns:
        float32 [n, 6]: left, top, right, bottom in pixels of the picture, score and class. An object may be detected
        several times, once in each view.
    """
    height, width = picture.shape[:2]
    parts = [_detect_in_view(recognizer, picture, view) for view in _views(height, width, quarters, mirrored)]
    return np.concatenate(parts).astype(np.float32)


def _views(height: int, width: int, quarters: bool, mirrored: bool) -> Iterator[_View]:
    yield _View(0, 0, width, height, mirrored)
    if quarters:
        high, wide = round(_QUARTER * height), round(_QUARTER * width)
        for number, (left, top) in enumerate(
            [(0, 0), (width - wide, 0), (0, height - high), (width - wide, height - high)]
        ):
            yield _View(left, top, left + wide, top + high, mirrored=number % 2 == 1)


def _detect_in_view(recognizer: Recognizer, picture: Pixels, view: _View) -> NDArray[np.float64]:
    """Return the detections in one view, [n, 6] as :func:`detect_in_views`, without objects that its edge may cut."""
    height, width = picture.shape[:2]
    part = picture[view.top : view.bottom, view.left : view.right]
    part = part[:, ::-1] if view.mirrored else part
    (found,) = recognizer.predict([np.ascontiguousarray(part)])
    x1, y1, x2, y2 = found.xyxy.astype(np.float64).T
    if view.mirrored:
        x1, x2 = part.shape[1] - x2, part.shape[1] - x1
    x1, y1, x2, y2 = x1 + view.left, y1 + view.top, x2 + view.left, y2 + view.top
    uncut = (
        ((x1 > view.left + _CUT) | (view.left == 0))
        & ((y1 > view.top + _CUT) | (view.top == 0))
        & ((x2 < view.right - _CUT) | (view.right == width))
        & ((y2 < view.bottom - _CUT) | (view.bottom == height))
    )
    assert found.confidence is not None and found.class_id is not None
    rows: NDArray[np.float64] = np.stack([x1, y1, x2, y2, found.confidence, found.class_id], axis=1)[uncut]
    return rows
