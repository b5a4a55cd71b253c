"""Layout of semantic segmentation: a class for each pixel."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fovea.recognition.output_layouts.layout import Layout, Outputs, Shapes, Size, single
from fovea.recognition.output_layouts.maps import class_map, label_map
from fovea.recognition.preprocessing import Placement


class ClassMap(Layout):
    """One output on a grid over the canvas: class scores [C, h, w], or class indices [h, w]."""

    format: Literal["classmap"]

    def classes(self, size: Size, shapes: Shapes) -> int | None:
        """Count the classes, as :meth:`BoxLayout.classes` does."""
        shape = next(iter(shapes.values())) if len(shapes) == 1 else ()
        return {2: 0, 3: shape[0]}.get(len(shape)) if shape else None

    def map(self, size: Size, outputs: Outputs, placed: Placement) -> NDArray[np.int64]:
        """Return the class of each pixel of one image.

        Args:
            size: height and width of the canvas.
            outputs: outputs of the network, by name.
            placed: how the image lies on the canvas.

        Returns:
            [H, W] class indices at the size of the image.
        """
        output = single(outputs)
        if output.ndim == 2:
            return label_map(output, placed, size)
        return class_map(output.astype(np.float32), placed, size)
