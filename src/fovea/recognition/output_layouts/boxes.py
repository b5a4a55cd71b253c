"""Layout of models that decode their boxes themselves, such as DETR (Carion et al., End-to-End Object Detection with
Transformers, ECCV 2020) and models with non-maximum suppression in the graph.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from fovea.recognition.output_layouts.layout import (
    BoxLayout,
    Candidates,
    Floats,
    Outputs,
    Shapes,
    Size,
    center_boxes,
    pairs_above,
)

Corners = Literal["xyxy", "yxyx", "cxcywh", "xywh"]


class Boxes(BoxLayout):
    """Boxes, scores and labels as outputs of their own, or as rows (box, score, label) of one output."""

    format: Literal["boxes"]
    boxes: str
    """Name of the output [N, 4]; or [N, 6] with score and label in each row."""
    scores: str | None = None
    """Name of the output [N], or [N, C] where there are no labels."""
    labels: str | None = None
    """Name of the output [N]; rows with a negative label fill up the output and are no boxes."""
    corners: Corners = "xyxy"
    """The four numbers of a box: two corners, center and size, or top left corner and size."""
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
        boxes = to_xyxy(raw[:, :4], self.corners)
        if self.units == "relative":
            boxes = boxes * np.array([size[1], size[0], size[1], size[0]], np.float32)
        if labels is None:
            rows, found, kept = pairs_above(scores, threshold)
            return Candidates(boxes[rows], kept, found, rows)
        numbers: NDArray[np.int64] = np.rint((labels - self.first_label).astype(np.float64)).astype(np.int64)
        rows = np.flatnonzero((scores > threshold) & (numbers >= 0))
        return Candidates(boxes[rows], scores[rows], numbers[rows], rows)


def to_xyxy(boxes: Floats, corners: Corners) -> Floats:
    """Convert boxes to corners x1, y1, x2, y2.

    Args:
        boxes: [N, 4] in the form that ``corners`` names.
        corners: ``xyxy``, ``yxyx``, ``cxcywh`` (center and size) or ``xywh`` (top left corner and size).

    Returns:
        [N, 4] corners.

    Example:
        >>> to_xyxy(np.array([[8, 9, 4, 2]], np.float32), "xywh").tolist()
        [[8.0, 9.0, 12.0, 11.0]]
    """
    if corners == "xyxy":
        return boxes
    if corners == "yxyx":
        return boxes[:, [1, 0, 3, 2]]
    if corners == "cxcywh":
        return center_boxes(boxes)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
