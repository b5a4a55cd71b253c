"""How the outputs of a network are read: one description for each known format.

A format knows whether the shapes of a model's outputs are its own, and how to decode them. Shapes and outputs
are those of one image, without the batch axis; sizes are (height, width) of the canvas.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveInt
from typing_extensions import override

from fovea.recognition import decode, masks
from fovea.recognition.decode import Candidates, Corners
from fovea.recognition.feed import Placement

Size = tuple[int, int]
Shapes = Mapping[str, tuple[int, ...]]
Outputs = Mapping[str, NDArray[Any]]


class _Description(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BoxFormat(_Description, ABC):
    """A format of boxes, with masks or without."""

    @abstractmethod
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        """Counts the classes that a model with such outputs tells apart.

        Args:
            size: height and width of the canvas.
            shapes: shape of each output, by name.

        Returns:
            The number of classes, 0 where shapes do not tell it, None where they are not of this format.
        """

    @abstractmethod
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        """Decodes the outputs for one image.

        Args:
            size: height and width of the canvas.
            outputs: the outputs by name.
            threshold: lowest score kept.

        Returns:
            All pairs of box and class above the threshold.
        """

    def draw(
        self,
        size: Size,
        outputs: Outputs,
        rows: NDArray[np.int64],
        boxes: NDArray[np.float32],
        placed: Placement,
    ) -> NDArray[np.bool_] | None:
        """Draws the masks of the detections that were kept.

        Args:
            size: height and width of the canvas.
            outputs: the outputs by name.
            rows: [N] rows of the output that the detections come from.
            boxes: [N, 4] their corners in image pixels.
            placed: how the image lies on the canvas.

        Returns:
            [N, H, W] masks at the size of the image, None where the format has none.
        """
        return None


class Yolox(BoxFormat):
    """One output [N, 5 + C] that still has to be decoded from grid cells."""

    format: Literal["yolox"]
    strides: tuple[PositiveInt, ...] = (8, 16, 32)

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        return _columns(shapes, rows=_cells(size, self.strides), taken=5)

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        return decode.yolox(_only(outputs), size, threshold, self.strides)


class YoloV5(BoxFormat):
    """One output [N, 5 + C], decoded, three boxes a grid cell."""

    format: Literal["yolov5"]
    strides: tuple[PositiveInt, ...] = (8, 16, 32)

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        return _columns(shapes, rows=3 * _cells(size, self.strides), taken=5)

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        return decode.yolov5(_only(outputs), threshold)


class YoloV8(BoxFormat):
    """One output [4 + C, N], decoded; with ``masks`` [4 + C + M, N] and prototypes [M, h, w]."""

    format: Literal["yolov8"]
    strides: tuple[PositiveInt, ...] = (8, 16, 32)
    masks: bool = False

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        boxes = {name: shape[::-1] for name, shape in shapes.items() if len(shape) == 2}
        prototypes = [shape for shape in shapes.values() if len(shape) == 3]
        if len(prototypes) != int(self.masks) or len(boxes) + len(prototypes) != len(shapes):
            return None
        taken = 4 + (prototypes[0][0] if self.masks else 0)
        return _columns(boxes, rows=_cells(size, self.strides), taken=taken)

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        boxes, prototypes = _by_rank(outputs)
        return decode.yolov8(boxes, len(boxes) - 4 - len(prototypes), threshold)

    @override
    def draw(
        self,
        size: Size,
        outputs: Outputs,
        rows: NDArray[np.int64],
        boxes: NDArray[np.float32],
        placed: Placement,
    ) -> NDArray[np.bool_] | None:
        if not self.masks:
            return None
        rays, prototypes = _by_rank(outputs)
        return masks.prototype_masks(rays[-len(prototypes) :, rows].T, prototypes, boxes, placed, size)


class CenterNet(BoxFormat):
    """A heatmap [C, h, w] and distances to the four sides [4, h, w]."""

    format: Literal["centernet"]
    stride: PositiveInt = 4
    heatmap: str = "heatmap"
    reach: str = "wh"

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        grid = (size[0] // self.stride, size[1] // self.stride)
        fits = set(shapes) == {self.heatmap, self.reach} and shapes[self.reach] == (4, *grid)
        return shapes[self.heatmap][0] if fits and shapes[self.heatmap][1:] == grid else None

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        return decode.centernet(outputs[self.heatmap], outputs[self.reach], self.stride, threshold)


class Boxes(BoxFormat):
    """Boxes that the model decoded itself, as outputs of their own or as rows (box, score, label)."""

    format: Literal["boxes"]
    boxes: str
    """Output [N, 4]; or [N, 6] with score and label in each row."""
    scores: str | None = None
    """Output [N], or [N, C] where there are no labels."""
    labels: str | None = None
    """Output [N]."""
    corners: Corners = "xyxy"
    units: Literal["pixels", "relative"] = "pixels"
    """Pixels of the canvas, or 0 to 1 of its sides."""
    first_label: int = 0
    """The label of the first class: 1 where 0 is the background."""

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        named = [name for name in (self.boxes, self.scores, self.labels) if name is not None]
        if not set(named) <= set(shapes) or len(shapes[self.boxes]) != 2:
            return None
        if self.scores is None:
            return 0 if self.labels is None and shapes[self.boxes][1] == 6 else None
        if self.labels is None:
            return shapes[self.scores][1] if len(shapes[self.scores]) == 2 else None
        return 0 if len(shapes[self.scores]) == len(shapes[self.labels]) == 1 else None

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        raw = outputs[self.boxes]
        scores = raw[:, 4] if self.scores is None else outputs[self.scores]
        labels = raw[:, 5] if self.scores is None else outputs[self.labels] if self.labels else None
        corners = decode.to_xyxy(raw[:, :4], self.corners)
        if self.units == "relative":
            corners = corners * np.array([size[1], size[0], size[1], size[0]], np.float32)
        return decode.scored_boxes(corners, scores, None if labels is None else labels - self.first_label, threshold)


class ClassMap(_Description):
    """Semantic segmentation: class scores [C, h, w], or class indices [h, w], on a grid over the canvas."""

    format: Literal["classmap"]

    def classes(self, size: Size, shapes: Shapes) -> int | None:
        """Counts the classes, as :meth:`BoxFormat.classes` does."""
        shape = next(iter(shapes.values())) if len(shapes) == 1 else ()
        return {2: 0, 3: shape[0]}.get(len(shape)) if shape else None

    def map(self, size: Size, outputs: Outputs, placed: Placement) -> NDArray[np.int64]:
        """Gives each pixel of one image its class.

        Args:
            size: height and width of the canvas.
            outputs: the outputs by name.
            placed: how the image lies on the canvas.

        Returns:
            [H, W] class indices at the size of the image.
        """
        output = _only(outputs)
        if output.ndim == 2:
            return masks.label_map(output, placed, size)
        return masks.class_map(output.astype(np.float32), placed, size)


Read = Annotated[Yolox | YoloV5 | YoloV8 | CenterNet | Boxes | ClassMap, Field(discriminator="format")]


def _cells(size: Size, strides: Sequence[int]) -> int:
    return sum((size[0] // s) * (size[1] // s) for s in strides)


def _columns(shapes: Shapes, rows: int, taken: int) -> int | None:
    shape = next(iter(shapes.values())) if len(shapes) == 1 else ()
    return shape[1] - taken if len(shape) == 2 and shape[0] == rows and shape[1] > taken else None


def _only(outputs: Outputs) -> NDArray[Any]:
    (output,) = outputs.values()
    return output


def _by_rank(outputs: Outputs) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    flat = next(value for value in outputs.values() if value.ndim == 2)
    deep = (value for value in outputs.values() if value.ndim == 3)
    return flat, next(deep, np.empty((0, 0, 0), np.float32))
