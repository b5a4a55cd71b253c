"""Recognizers that run in ONNX Runtime: preprocess images, run the network, decode its outputs."""

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
from fovea.recognition.families import Description, families
from fovea.recognition.nms import nms
from fovea.recognition.onnx_network import OnnxNetwork
from fovea.recognition.output_layouts import BoxLayout, ClassMap, Outputs, Shapes, Size
from fovea.recognition.preprocessing import Placement, Preprocessing
from fovea.recognition.recognizer import Pixels
from fovea.store import sha256_of

_DYNAMIC_BATCH = 8
"""Number of images in a batch where the model takes any number: more gain nothing on a CPU and cost memory."""


@dataclass(frozen=True)
class OnnxModel:
    """A network together with the description of how to use it."""

    network: OnnxNetwork
    description: Description
    name: str
    classes: tuple[str, ...]
    size: Size
    """Height and width of the canvas."""
    batched: bool
    """Whether the outputs have an axis for the images of a batch."""
    fingerprint: str
    """SHA-256 of the weights, wherever they lie, and of the description: equal fingerprints mean equal detections."""

    @classmethod
    def open(cls, path: Path, description: Description | None = None, *, threads: int = 0) -> Self:
        """Open a model, and find out how it is used unless a description states it.

        Args:
            path: path of the .onnx file.
            description: how to feed the model and read its outputs; None: as the known family whose outputs have the
                same shapes.
            threads: number of threads that one run uses; 0: one for each core.

        Returns:
            The model, ready to run.

        Raises:
            RecognizerError: the file is no ONNX model, belongs to no known family, or does not fit the description.
        """
        preprocessing = description.feed if description else Preprocessing()
        network = OnnxNetwork(path, threads, preprocessing.inputs)
        size = network.canvas(preprocessing)
        shapes = network.output_shapes(preprocessing, size)
        axes = {name: len(shape) for name, shape in shapes.items()}
        batched = description is None or description.read.batched(axes)
        if batched:
            shapes = {name: shape[1:] for name, shape in shapes.items()}
        elif (network.batch or 1) > 1:
            raise network.error(f"it takes {network.batch} images at once, and its outputs have no axis for them")
        description = description or _family(network, size, shapes)
        count = description.read.classes(size, shapes)
        if count is None:
            raise network.error(
                f"this is not what format {description.read.format!r} reads at {size[0]} x {size[1]}: "
                "correct 'read' or 'feed.size' in its YAML file"
            )
        return cls(
            network=network,
            description=description,
            name=path.stem,
            classes=_class_names(network, description, count),
            size=size,
            batched=batched,
            fingerprint=_fingerprint(network, description),
        )

    def run(self, images: Sequence[Pixels]) -> Iterator[tuple[Placement, Outputs]]:
        """Run the network on images, batch by batch.

        Args:
            images: images, each uint8 [H, W, 3], RGB.

        Yields:
            For each image how it lies on the canvas, and the outputs for it.

        Raises:
            RecognizerError: the network fails.
        """
        preprocessing, fixed = self.description.feed, self.network.batch
        step = fixed or (_DYNAMIC_BATCH if self.batched else 1)
        for first in range(0, len(images), step):
            placed = [preprocessing.place(image, self.size) for image in images[first : first + step]]
            canvases = [canvas for canvas, _ in placed]
            canvases += canvases[-1:] * ((fixed or 0) - len(canvases))
            outputs = self.network.run(preprocessing.tensor(canvases))
            for index, (_, placement) in enumerate(placed):
                split = {name for name, value in outputs.items() if self.batched and value.ndim}
                yield placement, {name: value[index] if name in split else value for name, value in outputs.items()}


class _OnnxBase:
    """What detectors and segmenters in ONNX Runtime have in common.

    Args:
        model: the model.
    """

    def __init__(self, model: OnnxModel) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """The name of the model file, without its suffix."""
        return self.model.name

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; a ``class_id``, or a value of a class map, is an index into them."""
        return self.model.classes

    def _require_names(self, labels: NDArray[np.integer]) -> None:
        """Refuse labels without a name: a model that chooses the labels itself may give more than are named."""
        unnamed = labels[(labels < 0) | (labels >= len(self.classes))]
        if unnamed.size:
            raise RecognizerError(
                f"the model gives class {unnamed[0]}, and {len(self.classes)} classes are named, from 0 on: "
                "list them all under 'classes' in its YAML file",
                path=self.model.network.path,
            )


class OnnxRecognizer(_OnnxBase):
    """A detector or instance segmenter in ONNX Runtime.

    Args:
        model: model whose output layout is one of boxes.
        threshold: score that a detection has to exceed. The default keeps the detections that average precision needs;
            0.25 or more is suited to viewing.
        limit: largest number of detections on an image, of all classes that are to be found. COCO's average precision
            takes 100 into account.

    Raises:
        RecognizerError: the model gives class maps.
    """

    def __init__(self, model: OnnxModel, *, threshold: float = 0.001, limit: int = 100) -> None:
        if not isinstance(model.description.read, BoxLayout):
            raise RecognizerError(
                "the model gives class maps, not objects: take a detector here, or load it with load_semantic",
                path=model.network.path,
            )
        super().__init__(model)
        self.layout, self.threshold, self.limit = model.description.read, threshold, limit

    def predict(self, images: Sequence[Pixels], only: Sequence[int] | None = None) -> list[sv.Detections]:
        """Find the objects on each image; see :meth:`Recognizer.predict`."""
        return [self._read(outputs, placed, only) for placed, outputs in self.model.run(images)]

    def _read(self, outputs: Outputs, placed: Placement, only: Sequence[int] | None) -> sv.Detections:
        size, overlap = self.model.size, self.model.description.nms
        found = self.layout.decode(size, outputs, self.threshold)
        if only is not None:
            found = found.take(np.flatnonzero(np.isin(found.labels, only)))
        if overlap is None:
            found = found.take(np.argsort(-found.scores, kind="stable")[: self.limit])
        else:
            found = found.take(nms(found.boxes, found.scores, found.labels, overlap, self.limit))
        self._require_names(found.labels)
        boxes = placed.undo(found.boxes)
        return sv.Detections(
            xyxy=boxes,
            confidence=found.scores,
            class_id=found.labels,
            mask=self.layout.draw(size, outputs, found.rows, boxes, placed),
        )


class OnnxSegmenter(_OnnxBase):
    """A semantic segmenter in ONNX Runtime.

    Args:
        model: model whose output layout is one of class maps.

    Raises:
        RecognizerError: the model gives boxes.
    """

    def __init__(self, model: OnnxModel) -> None:
        if not isinstance(model.description.read, ClassMap):
            raise RecognizerError("the model gives boxes, not class maps: load it with load", path=model.network.path)
        super().__init__(model)
        self.layout = model.description.read

    def segment(self, images: Sequence[Pixels]) -> list[NDArray[np.int64]]:
        """Return the class of each pixel of each image; see :meth:`SemanticRecognizer.segment`."""
        maps = [self.layout.map(self.model.size, outputs, placed) for placed, outputs in self.model.run(images)]
        for found in maps:
            self._require_names(found)
        return maps


def _family(network: OnnxNetwork, size: Size, shapes: Shapes) -> Description:
    for description in families().values():
        if description.read.classes(size, shapes) is not None:
            return description
    raise network.error(
        f"it is of no known family ({', '.join(families())}): state how it is fed and read in "
        f"{network.description_name} beside it"
    )


def _fingerprint(network: OnnxNetwork, description: Description) -> str:
    digest = hashlib.sha256(network.path.read_bytes())
    # Models without further inputs keep the fingerprint that they had before descriptions could state any.
    further = {"inputs"} if not description.feed.inputs else set()
    digest.update(description.model_dump_json(exclude={"model": True, "feed": further}).encode())
    for file in network.external_data:
        digest.update(bytes.fromhex(sha256_of(file)))
    return digest.hexdigest()


def _class_names(network: OnnxNetwork, description: Description, count: int) -> tuple[str, ...]:
    names = description.classes or network.class_names
    if names == "coco" or (names is None and count == len(COCO_CLASSES)):
        names = tuple(COCO_CLASSES.values())
    if names is None or count not in (0, len(names)):
        raise network.error(
            f"it has {count or 'an unknown number of'} classes, and {len(names or ())} names are known: "
            f"list 'classes' in {network.description_name} beside it"
        )
    return names
