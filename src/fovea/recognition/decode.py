"""From the raw outputs of a network to scored boxes on its canvas.

Each decoder is a pure function on the outputs for one image. It returns every pair of a box and a class whose
score is above the threshold, before non-maximum suppression.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Corners = Literal["xyxy", "yxyx", "cxcywh", "xywh"]


class Candidates(NamedTuple):
    """Scored boxes of one image."""

    boxes: Floats
    """[N, 4] corners x1, y1, x2, y2 in canvas pixels."""
    scores: Floats
    """[N] in 0 to 1."""
    labels: NDArray[np.int64]
    """[N] class indices."""
    rows: NDArray[np.int64]
    """[N] rows of the network's output they come from."""

    def take(self, chosen: NDArray[np.int64]) -> "Candidates":
        """The candidates at some indices, in their order.

        Args:
            chosen: [K] indices.

        Returns:
            K candidates.
        """
        return Candidates(self.boxes[chosen], self.scores[chosen], self.labels[chosen], self.rows[chosen])


def to_xyxy(boxes: Floats, corners: Corners) -> Floats:
    """Rewrites boxes as corners x1, y1, x2, y2.

    Args:
        boxes: [N, 4] in the form that ``corners`` names.
        corners: ``xyxy``, ``yxyx``, ``cxcywh`` (center and size) or ``xywh`` (top left and size).

    Returns:
        [N, 4] corners.

    Example:
        >>> to_xyxy(np.array([[10, 10, 4, 2]], np.float32), "cxcywh").tolist()
        [[8.0, 9.0, 12.0, 11.0]]
    """
    if corners == "xyxy":
        return boxes
    if corners == "yxyx":
        return boxes[:, [1, 0, 3, 2]]
    size = boxes[:, 2:]
    first = boxes[:, :2] - size / 2 if corners == "cxcywh" else boxes[:, :2]
    return np.concatenate([first, first + size], axis=1)


def grid(size: tuple[int, int], strides: Sequence[int]) -> tuple[Floats, Floats]:
    """The cells that anchor-free detectors predict from, finest stride first, row by row.

    Args:
        size: height and width of the canvas.
        strides: pixels per cell of each level.

    Returns:
        Cell columns and rows [N, 2] as (x, y), and the stride of each cell [N, 1].
    """
    levels = [(size[0] // s, size[1] // s, s) for s in strides]
    cells = [np.stack(np.meshgrid(np.arange(w), np.arange(h)), axis=-1).reshape(-1, 2) for h, w, _ in levels]
    steps = [np.full((h * w, 1), s) for h, w, s in levels]
    return np.concatenate(cells).astype(np.float32), np.concatenate(steps).astype(np.float32)


def yolox(output: Floats, size: tuple[int, int], threshold: float, strides: Sequence[int]) -> Candidates:
    """Decodes YOLOX without its decoder in the graph.

    Args:
        output: [N, 5 + C]: x, y, log w, log h in cells, objectness, class scores.
        size: height and width of the canvas.
        threshold: lowest score (objectness times class score) kept.
        strides: pixels per cell of each level.

    Returns:
        All pairs of box and class above the threshold.
    """
    rows, labels, scores = _pairs(output[:, 5:] * output[:, 4:5], threshold)
    cells, steps = grid(size, strides)
    raw, cells, steps = output[rows, :4], cells[rows], steps[rows]
    boxes = np.concatenate([(raw[:, :2] + cells) * steps, np.exp(raw[:, 2:]) * steps], axis=1)
    return Candidates(to_xyxy(boxes, "cxcywh"), scores, labels, rows)


def yolov5(output: Floats, threshold: float) -> Candidates:
    """Decodes YOLOv5, and YOLOv7 exported alike.

    Args:
        output: [N, 5 + C]: center x, y, width, height in canvas pixels, objectness, class scores.
        threshold: lowest score (objectness times class score) kept.

    Returns:
        All pairs of box and class above the threshold.
    """
    rows, labels, scores = _pairs(output[:, 5:] * output[:, 4:5], threshold)
    return Candidates(to_xyxy(output[rows, :4], "cxcywh"), scores, labels, rows)


def yolov8(output: Floats, classes: int, threshold: float) -> Candidates:
    """Decodes YOLOv8, YOLO11 and their segmenters.

    Args:
        output: [4 + C + M, N]: center x, y, width, height in canvas pixels, class scores, mask coefficients.
        classes: C.
        threshold: lowest score kept.

    Returns:
        All pairs of box and class above the threshold.
    """
    labels, rows, scores = _pairs(output[4 : 4 + classes], threshold)
    return Candidates(to_xyxy(output[:4, rows].T, "cxcywh"), scores, labels, rows)


def centernet(heatmap: Floats, reach: Floats, stride: int, threshold: float, limit: int = 100) -> Candidates:
    """Decodes CenterNet: objects are peaks of a heatmap.

    Args:
        heatmap: [C, h, w] class scores of each cell.
        reach: [4, h, w] distances from the cell to the left, top, right and bottom side, in canvas pixels.
        stride: canvas pixels per cell.
        threshold: lowest score kept.
        limit: at most so many peaks, the best.

    Returns:
        The peaks: cells not lower than their eight neighbors in the map of their class.
    """
    rim = np.pad(heatmap, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    across = np.maximum(np.maximum(rim[:, :, :-2], rim[:, :, 1:-1]), rim[:, :, 2:])
    around = np.maximum(np.maximum(across[:, :-2], across[:, 1:-1]), across[:, 2:])
    labels, ys, xs = np.nonzero((heatmap == around) & (heatmap > threshold))
    scores = heatmap[labels, ys, xs]
    best = np.argsort(-scores, kind="stable")[:limit]
    labels, ys, xs = labels[best], ys[best], xs[best]
    left, top, right, bottom = reach[:, ys, xs]
    x, y = xs * stride, ys * stride
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1).astype(np.float32)
    return Candidates(boxes, scores[best], labels, ys * heatmap.shape[2] + xs)


def scored_boxes(boxes: Floats, scores: Floats, labels: NDArray[np.generic] | None, threshold: float) -> Candidates:
    """Takes boxes that the network decoded itself.

    Args:
        boxes: [N, 4] corners in canvas pixels.
        scores: [N] with ``labels``, or [N, C] class scores without.
        labels: [N] class indices; rows with a negative label are fill and are left out.
        threshold: lowest score kept.

    Returns:
        All pairs of box and class above the threshold.
    """
    if labels is None:
        rows, found, kept = _pairs(scores, threshold)
        return Candidates(boxes[rows], kept, found, rows)
    whole = np.rint(labels.astype(np.float64)).astype(np.int64)
    rows = np.flatnonzero((scores > threshold) & (whole >= 0))
    return Candidates(boxes[rows], scores[rows], whole[rows], rows)


def _pairs(scores: Floats, threshold: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    first, second = np.nonzero(scores > threshold)
    return first, second, scores[first, second]
