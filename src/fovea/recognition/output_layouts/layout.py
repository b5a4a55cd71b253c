"""What all output layouts have in common: shapes, scored boxes, and the class of layouts that give boxes.

Shapes and outputs are those of one image, without the batch axis. Sizes are height and width of the canvas, which is
the image as the network sees it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from fovea.recognition.preprocessing import Placement

Floats = NDArray[np.float32]
Size = tuple[int, int]
Shapes = Mapping[str, tuple[int, ...]]
Outputs = Mapping[str, NDArray[Any]]


class Candidates(NamedTuple):
    """Scored boxes of one image: every pair of a box and a class above a threshold, before non-maximum suppression."""

    boxes: Floats
    """[N, 4] corners x1, y1, x2, y2 in canvas pixels."""
    scores: Floats
    """[N] in 0 to 1."""
    labels: NDArray[np.int64]
    """[N] class indices."""
    rows: NDArray[np.int64]
    """[N] rows of the network's output that the boxes come from."""

    def take(self, chosen: NDArray[np.int64]) -> "Candidates":
        """Return the candidates at some indices, in the order of the indices.

        Args:
            chosen: [K] indices.

        Returns:
            K candidates.
        """
        return Candidates(self.boxes[chosen], self.scores[chosen], self.labels[chosen], self.rows[chosen])


class Layout(BaseModel):
    """A layout of outputs; its fields are the keys under ``read`` in the YAML file of a model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def batched(self, axes: dict[str, int]) -> bool:
        """Return whether the outputs of a model have an axis for the images of a batch.

        Args:
            axes: number of axes of each output, by name.
        """
        return True


class BoxLayout(Layout, ABC):
    """A layout of boxes, with or without masks."""

    @abstractmethod
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        """Count the classes of a model with such outputs.

        Args:
            size: height and width of the canvas.
            shapes: shape of each output, by name.

        Returns:
            The number of classes, 0 where the shapes do not show it, None where the shapes are not of this layout.
        """

    @abstractmethod
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        """Decode the outputs for one image.

        Args:
            size: height and width of the canvas.
            outputs: outputs of the network, by name.
            threshold: score that a candidate has to exceed.

        Returns:
            All pairs of a box and a class above the threshold.
        """

    def draw(
        self, size: Size, outputs: Outputs, rows: NDArray[np.int64], boxes: Floats, placed: Placement
    ) -> NDArray[np.bool_] | None:
        """Draw the masks of the detections that were kept.

        Args:
            size: height and width of the canvas.
            outputs: outputs of the network, by name.
            rows: [N] rows of the output that the detections come from.
            boxes: [N, 4] corners of the detections in image pixels.
            placed: how the image lies on the canvas.

        Returns:
            bool [N, H, W], masks at the size of the image; None where the layout has no masks.
        """
        return None


def center_boxes(boxes: Floats) -> Floats:
    """Convert boxes from center and size to corners.

    Args:
        boxes: [N, 4] center x, center y, width, height.

    Returns:
        [N, 4] corners x1, y1, x2, y2.

    Example:
        >>> center_boxes(np.array([[10, 10, 4, 2]], np.float32)).tolist()
        [[8.0, 9.0, 12.0, 11.0]]
    """
    size = boxes[:, 2:]
    first = boxes[:, :2] - size / 2
    return np.concatenate([first, first + size], axis=1)


def pairs_above(scores: Floats, threshold: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Find the entries of a table of scores that exceed a threshold.

    Args:
        scores: [M, N].
        threshold: score to exceed.

    Returns:
        The indices along both axes, and the scores, [K] each.
    """
    first, second = np.nonzero(scores > threshold)
    return first, second, scores[first, second]


def cells(size: Size, strides: Sequence[int]) -> int:
    """Count the grid cells of several strides on a canvas.

    Example:
        >>> cells((32, 64), (8, 16, 32))
        42
    """
    return sum((size[0] // stride) * (size[1] // stride) for stride in strides)


def columns(shapes: Shapes, rows: int, taken: int) -> int | None:
    """Count the class scores in each row of a single output.

    Args:
        shapes: shape of each output, by name.
        rows: number of rows that the output must have.
        taken: number of columns that are no class scores.

    Returns:
        The number of classes; None where the shapes do not fit.
    """
    shape = next(iter(shapes.values())) if len(shapes) == 1 else ()
    return shape[1] - taken if len(shape) == 2 and shape[0] == rows and shape[1] > taken else None


def single(outputs: Outputs) -> NDArray[Any]:
    """Return the output of a network that has only one."""
    (output,) = outputs.values()
    return output
