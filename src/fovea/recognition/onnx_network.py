"""A network in ONNX Runtime, and what its file states about it."""

import ast
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.engine import Session, Value, available_cores
from fovea.errors import EngineError, RecognizerError
from fovea.recognition.output_layouts import Shapes, Size
from fovea.recognition.preprocessing import Preprocessing

_EXTERNAL = re.compile(rb"\n\x08location\x12([\x00-\x7f]|[\x80-\xff]\x01)")
"""In an .onnx file: the key ``location`` of a tensor whose values lie in another file, and the length of the name of
that file. For lengths up to 255, the longest that file systems allow, the first byte is the length itself."""
_TYPES: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
"""The types of inputs, as ONNX Runtime writes them."""
_IMAGE_TYPES = ("tensor(float)", "tensor(float16)", "tensor(uint8)")

Constants = Mapping[str, float | Sequence[float]]
"""The values of inputs for one image, by the names of the inputs."""


class OnnxNetwork:
    """A network on the CPU that takes images.

    Args:
        path: path of the .onnx file.
        threads: number of threads that one run uses; 0: one for each core.
        constants: values of all inputs other than the image, by name, as :class:`Preprocessing` states them.

    Raises:
        RecognizerError: the file is no ONNX model, or it takes anything but images and the constants; names the file.
    """

    def __init__(self, path: Path, threads: int = 0, constants: Constants | None = None) -> None:
        self.path, constants = path, constants or {}
        self._session = Session(path, threads or available_cores())
        try:
            self._inputs, self._outputs = self._session.inputs, self._session.outputs
        except EngineError as error:
            raise RecognizerError(error.reason, path=path) from error
        if unknown := sorted(constants.keys() - {value.name for value in self._inputs}):
            raise self.error(f"it has no input {unknown[0]!r}: correct feed.inputs in {self.description_name}")
        images = [value for value in self._inputs if value.name not in constants]
        if [len(value.shape) in (3, 4) and value.type in _IMAGE_TYPES for value in images] != [True]:
            raise self.error(
                "it must have one input of images, such as [B, 3, H, W] in float32: state the values of other inputs "
                f"in {self.description_name} beside it (feed: {{inputs: {{NAME: [VALUES]}}}})"
            )
        self._image = images[0]
        self._constants = {
            value.name: self._constant(value, constants[value.name]) for value in self._inputs if value is not images[0]
        }

    def _constant(self, value: Value, given: float | Sequence[float]) -> NDArray[Any]:
        """Return what an input is fed: as the network takes it, or without the axis for the images of a batch."""
        if value.type not in _TYPES:
            raise self.error(f"input {value.name} is a {value.type}, which feed.inputs cannot state")
        numbers = np.asarray(given, np.float64)
        with np.errstate(invalid="ignore"):
            array = numbers.astype(_TYPES[value.type])
        if not np.allclose(array, numbers):
            raise self.error(f"feed.inputs states {given} for input {value.name}, which is a {value.type}")
        if len(value.shape) - array.ndim not in (0, 1):
            raise self.error(f"feed.inputs states {given} for input {value.name}, which does not fit its shape")
        return array

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
        return _fixed(self._image.shape[0]) if len(self._image.shape) == 4 else 1

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
        layout, shape = preprocessing.layout, self._image.shape
        if len(layout) != len(shape):
            raise self.error(f"the input has {len(shape)} axes: state another feed.layout than {layout}")
        if self._image.type == "tensor(uint8)" and (preprocessing.range == "0..1" or preprocessing.mean is not None):
            raise self.error("the input has 8 bits: state feed.range 0..255, and no mean")
        first, second, third = map(_fixed, shape[-3:])
        channels, height, width = (first, second, third) if layout.endswith("chw") else (third, first, second)
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
            The shape of each output, by name; 0 for the first axis where it may have any size.

        Raises:
            RecognizerError: the network fails.
        """
        shapes = {output.name: output.shape for output in self._outputs}
        if all(shape and all(isinstance(side, int) for side in shape[1:]) for shape in shapes.values()):
            return {name: tuple(_fixed(side) or 0 for side in shape) for name, shape in shapes.items()}
        # Exporters often leave shapes open; one run on a blank canvas shows them.
        blank = [np.zeros((*size, 3), np.uint8)] * (self.batch or 1)
        return {name: value.shape for name, value in self.run(preprocessing.tensor(blank)).items()}

    def run(self, tensor: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Run the network once.

        Args:
            tensor: batch of images, as :meth:`Preprocessing.tensor` returns it.

        Returns:
            The outputs by name.

        Raises:
            RecognizerError: the network fails.
        """
        images = len(tensor) if tensor.ndim == 4 else 1
        fed = (
            tensor.astype(_TYPES[value.type], copy=False)
            if value is self._image
            else _for_each(self._constants[value.name], len(value.shape), images)
            for value in self._inputs
        )
        try:
            results = self._session(*fed)
        except EngineError as error:
            raise self.error(error.reason) from error
        names = (output.name for output in self._outputs)
        return {name: _not_half(value) for name, value in zip(names, results, strict=True)}


def _for_each(constant: NDArray[Any], axes: int, images: int) -> NDArray[Any]:
    """Return a constant as an input with that many axes takes it, once for each image if there is an axis for them."""
    return constant if constant.ndim == axes else np.repeat(constant[None], images, axis=0)


def _not_half(value: NDArray[Any]) -> NDArray[Any]:
    """Return float32 in place of float16, in which large coordinates are not exact."""
    return value.astype(np.float32) if value.dtype == np.float16 else value


def _fixed(side: object) -> int | None:
    return side if isinstance(side, int) else None
