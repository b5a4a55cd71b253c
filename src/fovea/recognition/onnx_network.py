"""A network in ONNX Runtime, and what its file states about it."""

import ast
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.engine import Session, available_cores
from fovea.errors import EngineError, RecognizerError
from fovea.recognition.output_layouts import Shapes, Size
from fovea.recognition.preprocessing import Preprocessing

_EXTERNAL = re.compile(rb"\n\x08location\x12([\x00-\x7f]|[\x80-\xff]\x01)")
"""In an .onnx file: the key ``location`` of a tensor whose values lie in another file, and the length of the name of
that file. For lengths up to 255, the longest that file systems allow, the first byte is the length itself."""


class OnnxNetwork:
    """A network on the CPU with one input, which takes images.

    Args:
        path: path of the .onnx file.
        threads: number of threads that one run uses; 0: one for each core.

    Raises:
        RecognizerError: the file is no ONNX model, or takes anything but images; names the file.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.path = path
        self._session = Session(path, threads or available_cores())
        try:
            self._inputs, self._outputs = self._session.inputs, self._session.outputs
        except EngineError as error:
            raise RecognizerError(error.reason, path=path) from error
        if [(len(value.shape), value.type) for value in self._inputs] != [(4, "tensor(float)")]:
            raise self.error("it must have one float32 input of images [B, 3, H, W]")
        self._input = self._inputs[0]

    def error(self, reason: str) -> RecognizerError:
        """Return an error about this network, which names its file and the shapes of its inputs and outputs."""
        sides = (self._inputs, self._outputs)
        inputs, outputs = (", ".join(f"{value.name} {list(value.shape)}" for value in side) for side in sides)
        return RecognizerError(reason, path=self.path, entry=f"{inputs} -> {outputs}")

    @property
    def description_name(self) -> str:
        """The name of the YAML file that may describe the network, beside its .onnx file."""
        return self.path.with_suffix(".yaml").name

    @property
    def batch(self) -> int | None:
        """The number of images that one run takes; None: any number."""
        return _fixed(self._input.shape[0])

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The class names that YOLO exporters write as metadata, ``{0: 'person', ...}``; None: there are none."""
        try:
            found = ast.literal_eval(self._session.metadata.get("names", ""))
            return tuple(str(found[index]) for index in range(len(found)))
        except (SyntaxError, ValueError, TypeError, KeyError):
            return None

    @property
    def external_data(self) -> tuple[Path, ...]:
        """The files beside the .onnx file that hold weights; none where all weights are inside.

        ONNX Runtime does not list them, and the onnx package is needed for nothing else here. So the bytes of the file
        are searched for their names; a match by chance names no file that exists.
        """
        data = self.path.read_bytes()
        names = {data[found.end() : found.end() + found[1][0]] for found in _EXTERNAL.finditer(data)}
        files = (self.path.parent / os.fsdecode(name) for name in names)
        return tuple(sorted(file for file in files if file.is_file()))

    def canvas(self, preprocessing: Preprocessing) -> Size:
        """Find the size of the images that the network takes.

        Args:
            preprocessing: how images are prepared; its ``size`` decides where the network takes any size.

        Returns:
            Height and width.

        Raises:
            RecognizerError: the network takes other images than ``preprocessing`` states, or takes any size and none
                is stated.
        """
        layout = preprocessing.layout
        _, first, second, third = (_fixed(side) for side in self._input.shape)
        channels, height, width = (first, second, third) if layout == "nchw" else (third, first, second)
        if channels not in (3, None):
            raise self.error(f"the input has {channels} channels in layout {layout}, not 3")
        stated = preprocessing.size or (height, width)
        if (height or stated[0], width or stated[1]) != stated:
            raise self.error(f"it does not take feed.size {stated[0]} x {stated[1]}")
        if stated[0] is None or stated[1] is None:
            raise self.error(f"it takes any size: state one in {self.description_name} beside it (feed: {{size: 640}})")
        return stated[0], stated[1]

    def output_shapes(self, preprocessing: Preprocessing, size: Size) -> Shapes:
        """Find the shapes of the outputs for one image.

        Args:
            preprocessing: how images are prepared.
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
        # Exporters often leave shapes open; one run on a blank canvas shows them.
        blank = [np.zeros((*size, 3), np.uint8)] * (self.batch or 1)
        return {name: value.shape[1:] for name, value in self.run(preprocessing.tensor(blank)).items()}

    def run(self, tensor: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Run the network once.

        Args:
            tensor: batch of images, as :meth:`Preprocessing.tensor` returns it.

        Returns:
            The outputs by name.

        Raises:
            RecognizerError: the network fails.
        """
        try:
            results = self._session(tensor)
        except EngineError as error:
            raise self.error(error.reason) from error
        return {output.name: value for output, value in zip(self._outputs, results, strict=True)}


def _fixed(side: object) -> int | None:
    return side if isinstance(side, int) else None
