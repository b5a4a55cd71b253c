"""Recognizers that run in ONNX Runtime: feed, run, read."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from fovea.datasets import COCO_CLASSES
from fovea.errors import RecognizerError
from fovea.recognition.description import Description, families
from fovea.recognition.feed import Feed, Placement
from fovea.recognition.network import Network
from fovea.recognition.nms import nms
from fovea.recognition.read import BoxFormat, ClassMap, Outputs, Shapes, Size
from fovea.recognition.recognizer import Picture
from fovea.store import sha256_of

_DYNAMIC_BATCH = 8
"""Images run at once where the model takes any number: more gain nothing on a CPU and cost memory."""


@dataclass(frozen=True)
class OnnxModel:
    """A network together with what must be known to use it."""

    network: Network
    description: Description
    name: str
    classes: tuple[str, ...]
    size: Size
    """Height and width of the canvas."""
    fingerprint: str
    """SHA-256 over weights, wherever they lie, and description: the same here means the same detections."""

    @classmethod
    def open(cls, path: Path, description: Description | None = None, *, threads: int = 0) -> Self:
        """Opens a model, and finds out how it is used unless that is told.

        Args:
            path: the .onnx file.
            description: how to feed and read it; None: as the known family does whose outputs have the
                shapes of this model's.
            threads: threads that one run uses; 0: one for each core.

        Returns:
            The model, ready to run.

        Raises:
            RecognizerError: the file is no ONNX model, of no known family, or does not fit the description.
        """
        network = Network(path, threads)
        feed = description.feed if description else Feed()
        size = network.canvas(feed)
        shapes = network.output_shapes(feed, size)
        description = description or _family(network, size, shapes)
        count = description.read.classes(size, shapes)
        if count is None:
            raise RecognizerError(
                f"{network} is not what format {description.read.format!r} reads at {size[0]} x {size[1]}: "
                "correct 'read' or 'feed.size' in its YAML file"
            )
        return cls(
            network=network,
            description=description,
            name=path.stem,
            classes=_class_names(network, description, count),
            size=size,
            fingerprint=_fingerprint(network, description),
        )

    def run(self, images: Sequence[Picture]) -> Iterator[tuple[Placement, Outputs]]:
        """Runs the network on images, a batch at a time.

        Args:
            images: uint8 [H, W, 3] each, RGB.

        Yields:
            For each image how it lay on the canvas, and the outputs for it.

        Raises:
            RecognizerError: the network fails.
        """
        feed, fixed = self.description.feed, self.network.batch
        step = fixed or _DYNAMIC_BATCH
        for first in range(0, len(images), step):
            laid = [feed.place(image, self.size) for image in images[first : first + step]]
            canvases = [canvas for canvas, _ in laid]
            canvases += canvases[-1:] * ((fixed or 0) - len(canvases))
            outputs = self.network.run(feed.tensor(canvases))
            for index, (_, placed) in enumerate(laid):
                yield placed, {name: value[index] for name, value in outputs.items()}


class OnnxRecognizer:
    """A detector or instance segmenter in ONNX Runtime.

    Args:
        model: a model whose format is of boxes.
        threshold: lowest score of a detection. The default keeps what average precision needs; for viewing
            take 0.25 or more.
        limit: at most so many detections an image, of all classes that are to be found; COCO scores 100.
    """

    def __init__(self, model: OnnxModel, *, threshold: float = 0.001, limit: int = 100) -> None:
        if not isinstance(model.description.read, BoxFormat):
            raise RecognizerError(
                f"{model.name} gives class maps, not objects: take a detector here, or load it with load_semantic"
            )
        self.model, self.format = model, model.description.read
        self.threshold, self.limit = threshold, limit

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.model.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; ``class_id`` is an index into them."""
        return self.model.classes

    def predict(self, images: Sequence[Picture], only: Sequence[int] | None = None) -> list[sv.Detections]:
        """Finds the objects in each image, as :meth:`Recognizer.predict` says."""
        return [self._read(outputs, placed, only) for placed, outputs in self.model.run(images)]

    def _read(self, outputs: Outputs, placed: Placement, only: Sequence[int] | None) -> sv.Detections:
        size, overlap = self.model.size, self.model.description.nms
        found = self.format.decode(size, outputs, self.threshold)
        if only is not None:
            found = found.take(np.flatnonzero(np.isin(found.labels, only)))
        if overlap is None:
            found = found.take(np.argsort(-found.scores, kind="stable")[: self.limit])
        else:
            found = found.take(nms(found.boxes, found.scores, found.labels, overlap, self.limit))
        boxes = placed.undo(found.boxes)
        return sv.Detections(
            xyxy=boxes,
            confidence=found.scores,
            class_id=found.labels,
            mask=self.format.draw(size, outputs, found.rows, boxes, placed),
        )


class OnnxSegmenter:
    """A semantic segmenter in ONNX Runtime.

    Args:
        model: a model whose format is of class maps.
    """

    def __init__(self, model: OnnxModel) -> None:
        if not isinstance(model.description.read, ClassMap):
            raise RecognizerError(f"{model.name} gives boxes, not class maps: load it with load")
        self.model, self.format = model, model.description.read

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.model.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; the values of a class map are indices into them."""
        return self.model.classes

    def segment(self, images: Sequence[Picture]) -> list[NDArray[np.int64]]:
        """Gives each pixel of each image its class, as :meth:`SemanticRecognizer.segment` says."""
        maps = [self.format.map(self.model.size, outputs, placed) for placed, outputs in self.model.run(images)]
        # A model that chooses the labels itself may give more than the names that were told for it.
        wrong = [label for found in maps for label in (found.min(), found.max()) if not 0 <= label < len(self.classes)]
        if wrong:
            raise RecognizerError(
                f"{self.name} gives class {wrong[0]}, and {len(self.classes)} classes are named, from 0 on: "
                "list them all under 'classes' in its YAML file"
            )
        return maps


def _family(network: Network, size: Size, shapes: Shapes) -> Description:
    for description in families().values():
        if description.read.classes(size, shapes) is not None:
            return description
    raise RecognizerError(
        f"{network} is of no known family ({', '.join(families())}): say how it is fed and read "
        f"in {network.path.with_suffix('.yaml').name} beside it"
    )


def _fingerprint(network: Network, description: Description) -> str:
    digest = hashlib.sha256(network.path.read_bytes())
    digest.update(description.model_dump_json(exclude={"model"}).encode())
    for file in network.external_data:
        digest.update(bytes.fromhex(sha256_of(file)))
    return digest.hexdigest()


def _class_names(network: Network, description: Description, count: int) -> tuple[str, ...]:
    names = description.classes or network.class_names
    if names == "coco" or (names is None and count == len(COCO_CLASSES)):
        names = tuple(COCO_CLASSES.values())
    if names is None or count not in (0, len(names)):
        raise RecognizerError(
            f"{network} has {count or 'an unknown number of'} classes, and {len(names or ())} names "
            f"are known: list 'classes' in {network.path.with_suffix('.yaml').name} beside it"
        )
    return names
