"""Layout of CenterNet: objects are peaks of a heatmap (Zhou, Wang, Krähenbühl, Objects as Points, arXiv:1904.07850)."""

from typing import Literal

import numpy as np
from pydantic import PositiveInt
from typing_extensions import override

from fovea.recognition.output_layouts.layout import BoxLayout, Candidates, Outputs, Shapes, Size


class CenterNet(BoxLayout):
    """A heatmap [C, h, w] of class scores, and the distances [4, h, w] from each cell to the left, top, right and
    bottom side of its object, in canvas pixels.
    """

    format: Literal["centernet"]
    stride: PositiveInt = 4
    """Canvas pixels for each cell."""
    heatmap: str = "heatmap"
    reach: str = "wh"
    """Name of the output with the distances."""

    @override
    def classes(self, size: Size, shapes: Shapes) -> int | None:
        grid = (size[0] // self.stride, size[1] // self.stride)
        fits = set(shapes) == {self.heatmap, self.reach} and shapes[self.reach] == (4, *grid)
        return shapes[self.heatmap][0] if fits and shapes[self.heatmap][1:] == grid else None

    @override
    def decode(self, size: Size, outputs: Outputs, threshold: float) -> Candidates:
        """Return the peaks: cells that are not lower than their eight neighbors in the map of their class."""
        heatmap, reach = outputs[self.heatmap], outputs[self.reach]
        rim = np.pad(heatmap, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
        across = np.maximum(np.maximum(rim[:, :, :-2], rim[:, :, 1:-1]), rim[:, :, 2:])
        around = np.maximum(np.maximum(across[:, :-2], across[:, 1:-1]), across[:, 2:])
        labels, ys, xs = np.nonzero((heatmap == around) & (heatmap > threshold))
        scores = heatmap[labels, ys, xs]
        left, top, right, bottom = reach[:, ys, xs]
        x, y = xs * self.stride, ys * self.stride
        boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1).astype(np.float32)
        return Candidates(boxes, scores, labels, ys * heatmap.shape[2] + xs)
