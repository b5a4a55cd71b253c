"""Layout of models that decode their boxes themselves, such as DETR (Carion et al., End-to-End Object Detection with
Transformers, ECCV 2020), Mask R-CNN (He et al., ICCV 2017), and models with non-maximum suppression in the graph.
"""

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from typing_extensions import override

from fovea.datasets import COCO_CLASSES
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
from fovea.recognition.output_layouts.maps import masks_in_boxes, masks_on_canvas
from fovea.recognition.preprocessing import Placement

_COCO_IDS = np.array(list(COCO_CLASSES))
Corners = Literal["xyxy", "yxyx", "cxcywh", "xywh"]
_SURE = 0.5
"""Probability above which a pixel belongs to a mask."""


class Boxes(BoxLayout):
    """Boxes, scores and labels as outputs of their own, or as rows (box, score, label) of one output."""

    format: Literal["boxes"]
    boxes: str | None = None
    """Name of the output [N, 4]; or [N, 5] with the score in each row; or [N, 6] with score and label; or [N, 4 + C]
    with the scores of all classes. By default it is the only output."""
    scores: str | None = None
    """Name of the output [N], or [N, C] where there are no labels."""
    labels: str | None = None
    """Name of the output [N]; rows with a negative label fill up the output and are no boxes."""
    masks: str | None = None
    """Name of the output [N, h, w] or [N, 1, h, w], with the probability that a pixel belongs to the object."""
    masks_cover: Literal["canvas", "box"] = "canvas"
    corners: Corners = "xyxy"
    """The four numbers of a box: two corners, center and size, or top left corner and size."""
    units: Literal["pixels", "relative"] = "pixels"
    """Pixels of the canvas, or 0 to 1 of its sides."""
    activation: Literal["sigmoid", "softmax"] | None = None
    """What turns the scores into probabilities. Softmax has one more class, which is no object: the first where
    ``first_label`` is 1, otherwise the last."""
    first_label: Annotated[int, Field(ge=0)] = 0
    """The label of the first class, or the column of its scores: 1 where 0 is the background."""
    numbering: Literal["indices", "coco-ids"] = "indices"
    """Labels, or columns of scores, count the classes, or they are the ids of COCO's categories, 1 to 90 with gaps."""

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        if self.activation == "softmax" and (self.labels is not None or self.scores is None):
            raise ValueError("softmax needs the scores of all classes: name them as scores, and no labels")
        if self.numbering == "coco-ids" and self.first_label:
            raise ValueError("the ids of COCO begin at 1: leave out first_label")
        return self

    @override
    def batched(self, axes: dict[str, int]) -> bool:
        return axes.get(self.boxes or next(iter(axes)), 3) != 2

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        name = self._output(shapes)
        named = {each for each in (name, self.scores, self.labels, self.masks) if each is not None}
        if name is None or not named <= set(shapes) or len(shapes[name]) != 2:
            return None
        if self.masks is not None and len(shapes[self.masks]) != 3 and shapes[self.masks][1:-2] != (1,):
            return None
        columns = shapes[name][1]
        if self.labels is not None:
            score_axes = 1 if self.scores is None else len(shapes[self.scores])
            fits = score_axes == len(shapes[self.labels]) == 1 and (self.scores is not None or columns == 5)
            return 0 if fits else None
        if self.scores is None:
            return 0 if columns == 6 else None
        if len(shapes[self.scores]) != 2:
            return None
        scored = columns - 4 if self.scores == name else shapes[self.scores][1]
        count = scored - self.first_label - self._ends_with_no_object
        if self.numbering == "coco-ids":
            return len(_COCO_IDS) if count > _COCO_IDS[-1] else None
        return count if count > 0 else None

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        rows = self._rows(outputs)
        boxes, scores = self._on_canvas(size, rows), self._scores(outputs, rows)
        if scores.ndim == 2:
            chosen, labels, kept = pairs_above(scores, threshold)
            return Candidates(boxes[chosen], kept, labels, chosen)
        found = rows[:, 5] if self.labels is None else outputs[self.labels]
        numbers: NDArray[np.int64] = np.rint((found - self.first_label).astype(np.float64)).astype(np.int64)
        if self.numbering == "coco-ids":
            known = np.isin(numbers, _COCO_IDS) | (numbers > _COCO_IDS[-1])
            numbers = np.where(known, np.searchsorted(_COCO_IDS, numbers), -1)
        chosen = np.flatnonzero((scores > threshold) & (numbers >= 0))
        return Candidates(boxes[chosen], scores[chosen], numbers[chosen], chosen)

    @override
    def draw(
        self, size: Size, outputs: Outputs, rows: NDArray[np.int64], boxes: Floats, placed: Placement
    ) -> NDArray[np.bool_] | None:
        if self.masks is None:
            return None
        planes = outputs[self.masks][rows].astype(np.float32)
        planes = planes.reshape(len(planes), *planes.shape[-2:])
        if self.masks_cover == "canvas":
            return masks_on_canvas(planes, _SURE, boxes, placed, size)
        return masks_in_boxes(planes, _SURE, self._on_canvas(size, self._rows(outputs)[rows]), boxes, placed)

    def _output(self, outputs: Outputs | Shapes) -> str | None:
        """Return the name of the output with the boxes; None if none is named and there are several."""
        return self.boxes if self.boxes or len(outputs) != 1 else next(iter(outputs))

    def _rows(self, outputs: Outputs) -> Floats:
        name = self._output(outputs)
        assert name is not None
        return outputs[name].astype(np.float32)

    def _on_canvas(self, size: Size, rows: Floats) -> Floats:
        """Return the corners of boxes in canvas pixels, [N, 4]."""
        boxes = to_xyxy(rows[:, :4], self.corners)
        scale = (size[1], size[0]) * 2 if self.units == "relative" else (1, 1, 1, 1)
        return boxes * np.array(scale, np.float32)

    def _scores(self, outputs: Outputs, rows: Floats) -> Floats:
        """Return the probability of the label of each box, [N], or of each class, [N, C]."""
        if self.scores is None:
            return _activated(rows[:, 4], self.activation)
        inside = self.labels is None and self.scores == self._output(outputs)
        scores = _activated(rows[:, 4:] if inside else outputs[self.scores].astype(np.float32), self.activation)
        if scores.ndim == 1:
            return scores
        scores = scores[:, self.first_label : scores.shape[1] - self._ends_with_no_object]
        return scores if self.numbering == "indices" else scores[:, _COCO_IDS]

    @property
    def _ends_with_no_object(self) -> bool:
        """Whether the last column of scores is no class."""
        return self.activation == "softmax" and self.first_label == 0


def _activated(scores: Floats, activation: str | None) -> Floats:
    """Return probabilities, same shape."""
    if activation is None:
        return scores
    if activation == "sigmoid":
        return np.asarray((1 + np.tanh(scores / 2)) / 2, np.float32)  # this form does not overflow
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


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
