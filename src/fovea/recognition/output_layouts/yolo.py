"""Layouts of the YOLO family: one row for each grid cell or anchor, with a box and class scores."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt
from typing_extensions import override

from fovea.recognition.output_layouts.layout import (
    BoxLayout,
    Candidates,
    Floats,
    Outputs,
    Shapes,
    Size,
    cells,
    center_boxes,
    columns,
    pairs_above,
    single,
)
from fovea.recognition.output_layouts.maps import prototype_masks
from fovea.recognition.preprocessing import Placement


class Yolox(BoxLayout):
    """YOLOX without its decoder in the graph: one output [N, 5 + C] for the cells of several strides, finest first.

    Each row holds x and y relative to the cell and the logarithms of width and height, all in cells; objectness; and
    class scores. Ge et al., YOLOX: Exceeding YOLO Series in 2021, arXiv:2107.08430.
    """

    format: Literal["yolox"]
    strides: tuple[PositiveInt, ...] = (8, 16, 32)

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        return columns(shapes, rows=cells(size, self.strides), taken=5)

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        output = single(outputs)
        rows, labels, scores = pairs_above(output[:, 5:] * output[:, 4:5], threshold)
        places, steps = _grid(size, self.strides)
        raw, places, steps = output[rows, :4], places[rows], steps[rows]
        boxes = np.concatenate([(raw[:, :2] + places) * steps, np.exp(raw[:, 2:]) * steps], axis=1)
        return Candidates(center_boxes(boxes), scores, labels, rows)


class YoloV5(BoxLayout):
    """YOLOv5, and YOLOv7 exported in the same way: one output [N, 5 + C], with three boxes for each grid cell.

    Each row holds center x, center y, width and height in canvas pixels; objectness; and class scores. YOLOv5:
    https://github.com/ultralytics/yolov5; Wang, Bochkovskiy, Liao, YOLOv7, CVPR 2023.
    """

    format: Literal["yolov5"]
    strides: tuple[PositiveInt, ...] = (8, 16, 32)

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        return columns(shapes, rows=3 * cells(size, self.strides), taken=5)

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        output = single(outputs)
        rows, labels, scores = pairs_above(output[:, 5:] * output[:, 4:5], threshold)
        return Candidates(center_boxes(output[rows, :4]), scores, labels, rows)


class YoloV8(BoxLayout):
    """YOLOv8, YOLO11 and their segmenters: one output [4 + C, N]; with ``masks`` [4 + C + M, N] and prototypes
    [M, h, w].

    Each column holds center x, center y, width and height in canvas pixels; class scores; and mask coefficients.
    https://github.com/ultralytics/ultralytics.
    """

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
        return columns(boxes, rows=cells(size, self.strides), taken=taken)

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        output, prototypes = _by_rank(outputs)
        labels, rows, scores = pairs_above(output[4 : len(output) - len(prototypes)], threshold)
        return Candidates(center_boxes(output[:4, rows].T), scores, labels, rows)

    @override
    def draw(
        self, size: Size, outputs: Outputs, rows: NDArray[np.int64], boxes: Floats, placed: Placement
    ) -> NDArray[np.bool_] | None:
        if not self.masks:
            return None
        output, prototypes = _by_rank(outputs)
        return prototype_masks(output[-len(prototypes) :, rows].T, prototypes, boxes, placed, size)


def _grid(size: Size, strides: Sequence[int]) -> tuple[Floats, Floats]:
    """Return column and row of each grid cell [N, 2], finest stride first and row by row, and its stride [N, 1]."""
    levels = [(size[0] // s, size[1] // s, s) for s in strides]
    places = [np.stack(np.meshgrid(np.arange(w), np.arange(h)), axis=-1).reshape(-1, 2) for h, w, _ in levels]
    steps = [np.full((h * w, 1), s) for h, w, s in levels]
    return np.concatenate(places).astype(np.float32), np.concatenate(steps).astype(np.float32)


def _by_rank(outputs: Outputs) -> tuple[Floats, Floats]:
    """Return the output with two axes, and the prototypes, which have three axes and may be missing."""
    flat = next(value for value in outputs.values() if value.ndim == 2)
    deep = (value for value in outputs.values() if value.ndim == 3)
    return flat, next(deep, np.empty((0, 0, 0), np.float32))
