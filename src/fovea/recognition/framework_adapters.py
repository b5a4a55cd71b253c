"""Adapters for recognizers of other libraries, torchvision and ultralytics, where these are installed."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TypedDict, Unpack

import numpy as np
import supervision as sv

from fovea.errors import RecognizerError
from fovea.recognition.recognizer import Pixels, Recognizer

_NO_CLASS = ("__background__", "N/A")
"""Names that torchvision gives to those of COCO's 91 labels that stand for no class."""


class Settings(TypedDict, total=False):
    """What every adapter takes besides the name of its model; its class tells the meaning and the defaults."""

    threads: int
    threshold: float
    limit: int


class TorchvisionRecognizer:
    """A torchvision detector: Faster R-CNN, Mask R-CNN, RetinaNet, SSD, FCOS.

    Args:
        model: module with torchvision's interface for detection: it takes a list of float tensors [3, H, W] in 0 to 1
            and returns for each a dict of boxes, labels, scores and, for some models, masks [N, 1, H, W].
        categories: name of each label, with ``__background__`` and ``N/A`` where a label stands for no class.
        name: short name for tables and plots.
        threads: number of threads of torch, in this whole process; 0: the number that torch chooses.
        threshold: score that a detection has to exceed. The model's own threshold applies before it.
        limit: largest number of detections on an image. The model's own limit applies before it, over all classes.
    """

    def __init__(
        self,
        model: Any,
        categories: Sequence[str],
        name: str,
        *,
        threads: int = 0,
        threshold: float = 0.001,
        limit: int = 100,
    ) -> None:
        _limit_threads(threads)
        self.model, self.name, self.threshold, self.limit = model.eval(), name, threshold, limit
        self.classes = tuple(category for category in categories if category not in _NO_CLASS)
        known = iter(range(len(self.classes)))
        self._class_of = np.array([-1 if category in _NO_CLASS else next(known) for category in categories])

    @classmethod
    def named(cls, name: str, **settings: Unpack[Settings]) -> Self:
        """Build a torchvision model by name, with its default weights.

        Args:
            name: one of the names that ``torchvision.models.list_models(module=torchvision.models.detection)`` lists.
            settings: threads, threshold and limit, as for the class.

        Returns:
            The recognizer.

        Raises:
            RecognizerError: torchvision is not installed, or has no such model.
        """
        models = _library("torchvision.models", "torchvision")
        try:
            weights = models.get_model_weights(name).DEFAULT
            model = models.get_model(name, weights=weights)
            categories = weights.meta["categories"]
        except (ValueError, KeyError, AttributeError) as error:
            raise RecognizerError(f"torchvision has no detector {name!r} with weights: {error}") from error
        return cls(model, categories, name, **settings)

    def predict(self, images: Sequence[Pixels], only: Sequence[int] | None = None) -> list[sv.Detections]:
        """Find the objects on each image; see :meth:`Recognizer.predict`."""
        torch = _library("torch", "torch")
        with torch.inference_mode():
            # One image in each call: in a batch all are padded to the largest, so scores depend on the other images.
            tensors = (torch.from_numpy(image.copy()).permute(2, 0, 1) / 255 for image in images)
            return [self._read(self.model([tensor])[0], only) for tensor in tensors]

    def _read(self, found: dict[str, Any], only: Sequence[int] | None) -> sv.Detections:
        scores, labels = found["scores"].numpy(), self._class_of[found["labels"].numpy()]
        wanted = (scores > self.threshold) & (labels >= 0 if only is None else np.isin(labels, only))
        order = np.argsort(-scores, kind="stable")
        best = order[wanted[order]][: self.limit]
        return sv.Detections(
            xyxy=found["boxes"].numpy()[best],
            confidence=scores[best],
            class_id=labels[best],
            mask=found["masks"].numpy()[best, 0] > 0.5 if "masks" in found else None,
        )


class UltralyticsRecognizer:
    """A model of the ultralytics package.

    Args:
        model: ``ultralytics.YOLO`` for detection or segmentation.
        name: short name for tables and plots.
        threads: number of threads of torch, in this whole process; 0: the number that ultralytics chooses.
        threshold: score that a detection has to exceed.
        limit: largest number of detections on an image.
    """

    def __init__(self, model: Any, name: str, *, threads: int = 0, threshold: float = 0.001, limit: int = 100) -> None:
        _limit_threads(threads)
        self.model, self.name, self.threads, self.threshold, self.limit = model, name, threads, threshold, limit
        self.classes = tuple(model.names[index] for index in sorted(model.names))

    @classmethod
    def named(cls, name: str, **settings: Unpack[Settings]) -> Self:
        """Open weights with ultralytics.

        Args:
            name: file of weights, or a name whose weights ultralytics downloads.
            settings: threads, threshold and limit, as for the class.

        Returns:
            The recognizer.

        Raises:
            RecognizerError: ultralytics is not installed, or cannot open the weights.
        """
        library = _library("ultralytics", "ultralytics")
        try:
            model = library.YOLO(name)
        except (OSError, ValueError, RuntimeError) as error:
            raise RecognizerError(f"ultralytics cannot open these weights: {error}", path=name) from error
        return cls(model, Path(name).stem, **settings)

    def predict(self, images: Sequence[Pixels], only: Sequence[int] | None = None) -> list[sv.Detections]:
        """Find the objects on each image; see :meth:`Recognizer.predict`."""
        if not images:
            return []
        results = self.model.predict(
            [np.ascontiguousarray(image[..., ::-1]) for image in images],  # ultralytics takes arrays as BGR
            conf=self.threshold,
            max_det=self.limit,
            classes=None if only is None else list(only),
            retina_masks=True,  # masks at the size of the image, not of the network's input
            verbose=False,
        )
        _limit_threads(self.threads)  # ultralytics sets its own number when it first runs
        return [self._read(result) for result in results]

    def _read(self, result: Any) -> sv.Detections:
        boxes, masks = result.boxes, result.masks
        return sv.Detections(
            xyxy=boxes.xyxy.cpu().numpy().astype(np.float32),
            confidence=boxes.conf.cpu().numpy(),
            class_id=boxes.cls.cpu().numpy().astype(np.int64),
            mask=None if masks is None else masks.data.cpu().numpy() > 0.5,
        )


class _Named(Protocol):
    def __call__(self, name: str, **settings: Unpack[Settings]) -> Recognizer: ...


ADAPTERS: dict[str, _Named] = {
    "torchvision": TorchvisionRecognizer.named,
    "ultralytics": UltralyticsRecognizer.named,
}
"""The libraries whose models :func:`fovea.recognition.load` accepts as ``LIBRARY:NAME``."""


def _limit_threads(threads: int) -> None:
    if threads:
        _library("torch", "torch").set_num_threads(threads)


def _library(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise RecognizerError(f"{package} is not installed: pip install {package}") from error
