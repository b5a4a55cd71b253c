"""A network in ONNX Runtime, and what its file tells about it."""

import ast
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.engine.base import available_cores
from fovea.engine.ort import Session
from fovea.errors import EngineError, RecognizerError
from fovea.recognition.feed import Feed
from fovea.recognition.read import Shapes, Size

_EXTERNAL = re.compile(rb"\n\x08location\x12([\x00-\x7f]|[\x80-\xff]\x01)")
"""In an .onnx file: the key ``location`` of a tensor whose values lie in another file, and the length of its name.
Of a length up to 255, as long as names of files may be, the first byte is the length itself."""


class Network:
    """A network with one input of images, on the CPU.

    Args:
        path: the .onnx file.
        threads: threads that one run uses; 0: one for each core.

    Raises:
        RecognizerError: the file is no ONNX model, or takes anything but images.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.path = path
        self._session = Session(path, threads or available_cores())
        try:
            self._inputs, self._outputs = self._session.inputs, self._session.outputs
        except EngineError as error:
            raise RecognizerError(f"{path}: {error}") from error
        if [(len(value.shape), value.type) for value in self._inputs] != [(4, "tensor(float)")]:
            raise RecognizerError(f"{self}: it must have one float32 input of images [B, 3, H, W]")
        self._input = self._inputs[0]

    def __str__(self) -> str:
        """The file and its signature, for messages."""
        sides = (self._inputs, self._outputs)
        found, given = (", ".join(f"{value.name} {list(value.shape)}" for value in side) for side in sides)
        return f"{self.path}: {found} -> {given}"

    @property
    def batch(self) -> int | None:
        """Images that one run takes; None: any number."""
        return _number(self._input.shape[0])

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Class names that YOLO exporters leave as metadata, ``{0: 'person', ...}``; None: there are none."""
        try:
            found = ast.literal_eval(self._session.metadata.get("names", ""))
            return tuple(str(found[index]) for index in range(len(found)))
        except (SyntaxError, ValueError, TypeError, KeyError):
            return None

    @property
    def external_data(self) -> tuple[Path, ...]:
        """The files beside the .onnx file that hold weights; none where all are inside.

        ONNX Runtime does not tell, and the package that reads the format is needed for nothing else here. So the
        bytes are searched; what looks like such a name by chance is no name of a file.
        """
        data = self.path.read_bytes()
        names = {data[found.end() : found.end() + found[1][0]] for found in _EXTERNAL.finditer(data)}
        files = (self.path.parent / os.fsdecode(name) for name in names)
        return tuple(sorted(file for file in files if file.is_file()))

    def canvas(self, feed: Feed) -> Size:
        """Finds the size of the images that the network takes.

        Args:
            feed: how it is fed; its ``size`` decides where the network takes any.

        Returns:
            Height and width.

        Raises:
            RecognizerError: the network takes other images than ``feed`` says, or any size and none is said.
        """
        _, first, second, third = (_number(side) for side in self._input.shape)
        channels, height, width = (first, second, third) if feed.layout == "nchw" else (third, first, second)
        if channels not in (3, None):
            raise RecognizerError(f"{self}: the input has {channels} channels in layout {feed.layout}, not 3")
        said = feed.size or (height, width)
        if (height or said[0], width or said[1]) != said:
            raise RecognizerError(f"{self} does not take feed.size {said[0]} x {said[1]}")
        if said[0] is None or said[1] is None:
            beside = self.path.with_suffix(".yaml").name
            raise RecognizerError(f"{self} takes any size: say which in {beside} beside it (feed: {{size: 640}})")
        return said[0], said[1]

    def output_shapes(self, feed: Feed, size: Size) -> Shapes:
        """Finds the shapes of the outputs for one image.

        Args:
            feed: how the network is fed.
            size: height and width of the canvas.

        Returns:
            The shape of each output, by name, without the batch axis.

        Raises:
            RecognizerError: the network fails.
        """
        shapes = {
            output.name: tuple(side for side in output.shape[1:] if isinstance(side, int)) for output in self._outputs
        }
        if all(len(shapes[output.name]) == len(output.shape) - 1 for output in self._outputs):
            return shapes
        # Exporters often leave shapes open; one run on a blank canvas tells them.
        blank = [np.zeros((*size, 3), np.uint8)] * (self.batch or 1)
        return {name: value.shape[1:] for name, value in self.run(feed.tensor(blank)).items()}

    def run(self, tensor: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Runs the network once.

        Args:
            tensor: a batch of images as the network takes them.

        Returns:
            The outputs by name.

        Raises:
            RecognizerError: the network fails.
        """
        try:
            results = self._session(tensor)
        except EngineError as error:
            raise RecognizerError(f"{self}: {error}") from error
        return {output.name: value for output, value in zip(self._outputs, results, strict=True)}


def _number(side: object) -> int | None:
    return side if isinstance(side, int) else None
