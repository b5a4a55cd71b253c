"""The interfaces of all recognizers."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import supervision as sv
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""The pixels of an image: uint8 [H, W, 3], RGB."""


class Recognizer(Protocol):
    """A detector or an instance segmenter."""

    @property
    def name(self) -> str:
        """Short name for tables and plots."""

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes; ``class_id`` of a detection is an index into them."""

    def predict(self, images: Sequence[Pixels], only: Sequence[int] | None = None) -> list[sv.Detections]:
        """Find the objects on each image.

        Args:
            images: any number of images, each uint8 [H, W, 3], RGB, of any size.
            only: indices of the classes to find; None: all. Objects of other classes do not count towards the largest
                number of detections of an image.

        Returns:
            One ``Detections`` for each image, best score first: ``xyxy`` in pixels of that image, ``confidence`` in 0
            to 1, ``class_id``, and ``mask`` [N, H, W] where the recognizer draws masks.

        Raises:
            RecognizerError: the network fails.
        """


@runtime_checkable
class SemanticRecognizer(Protocol):
    """A semantic segmenter: it gives every pixel a class."""

    @property
    def name(self) -> str:
        """Short name for tables and plots."""

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes; the values of a class map are indices into them."""

    def segment(self, images: Sequence[Pixels]) -> list[NDArray[np.int64]]:
        """Return the class of each pixel of each image.

        Args:
            images: any number of images, each uint8 [H, W, 3], RGB, of any size.

        Returns:
            One class map [H, W] for each image.

        Raises:
            RecognizerError: the network fails, or gives a class that has no name.
        """
