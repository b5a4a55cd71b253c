"""An ONNX graph as a torch module."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper
from torch import Tensor, nn

from fovea.errors import RecognizerError
from fovea.training.onnx_torch.fusing import fused
from fovea.training.onnx_torch.operators import operator
from fovea.training.onnx_torch.resize import resize

OLDEST_OPSET = 11
"""Oldest supported version of the ONNX operators."""


def read_onnx(path: Path) -> onnx.ModelProto:
    """Read an ONNX file.

    Raises:
        RecognizerError: the file cannot be read, or is not an ONNX file.
    """
    try:
        model = onnx.load(path)
    except OSError as error:
        raise RecognizerError(f"cannot be read: {error.strerror or error}", path=path) from error
    except DecodeError as error:
        raise RecognizerError(f"cannot be read as ONNX: {error}", path=path) from error
    if not model.graph.node:
        raise RecognizerError("cannot be read as ONNX: it holds no graph", path=path)
    return model


def stage_ends(model: onnx.ModelProto) -> list[str]:
    """Return the names of the feature maps that enter strided convolutions and poolings.

    These are the ends of the stages of a backbone, and the levels of a feature pyramid. The first such map is left out,
    because it is the image or close to it.

    Args:
        model: network from :func:`read_onnx`.
    """
    reduced = [
        node.input[0]
        for node in model.graph.node
        if node.op_type in ("Conv", "MaxPool") and max(_attributes(node).get("strides", [1])) > 1
    ]
    return list(dict.fromkeys(reduced))[1:]


class OnnxNetwork(nn.Module):
    """A network with one input, an image, that runs in torch with gradients to that image.

    Its weights are constants: they are not trained and not in the state dict. A graph may be written for a batch of
    one, for example where it reshapes to fixed shapes. Therefore every sample is a batch of one, and ``torch.vmap``
    runs all samples in one pass.

    Args:
        model: network from :func:`read_onnx`.
        tensors: names of the tensors to return; None returns the outputs.

    Raises:
        RecognizerError: the opset or an operator is not supported, the network has not exactly one input, or it has no
            tensor of such a name.
    """

    def __init__(self, model: onnx.ModelProto, tensors: Sequence[str] | None = None) -> None:
        super().__init__()
        graph = model.graph
        opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
        if opset < OLDEST_OPSET:
            raise RecognizerError(f"the network has opset {opset}: convert it to {OLDEST_OPSET} or later")
        constants = {tensor.name: torch.tensor(numpy_helper.to_array(tensor)) for tensor in graph.initializer}
        inputs = [entry for entry in graph.input if entry.name not in constants]
        if len(inputs) != 1:
            raise RecognizerError(f"the network has {len(inputs)} inputs: it must have one, the image")
        self.image = inputs[0].name
        self.size = tuple(entry.dim_value for entry in inputs[0].type.tensor_type.shape.dim[2:])
        """Declared height and width of the image; 0 where they are open."""
        self.tensors = [entry.name for entry in graph.output] if tensors is None else list(tensors)
        self._steps: list[_Step] = []
        for node in _needed(fused(graph), self.tensors):
            step = _Step.of(node, opset)
            if constants.keys() >= set(step.inputs) - {""}:
                constants |= step.run(constants)
            else:
                self._steps.append(step)
        self._release = _last_uses(self._steps, self.tensors)
        # Python code reads shapes, axes and factors of Resize, so they stay on the CPU. Weights move with the module.
        read = {name for step in self._steps if step.function is resize for name in step.inputs[1:]}
        self._read = {
            name: value for name, value in constants.items() if name in read or not torch.is_floating_point(value)
        }
        self._weights = {name: f"weight_{number}" for number, name in enumerate(constants.keys() - self._read.keys())}
        for name, buffer in self._weights.items():
            self.register_buffer(buffer, constants[name], persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Run the network.

        Args:
            image: [B, C, H, W], in the range and the order of channels of the network.

        Returns:
            The tensors, [B, ...] each.

        Raises:
            RecognizerError: a node cannot run, on an image of this size or at all.
        """
        return [tensor.squeeze(1) for tensor in torch.vmap(self._run)(image[:, None])]

    def _run(self, image: Tensor) -> list[Tensor]:
        values = self._read | {name: self.get_buffer(buffer) for name, buffer in self._weights.items()}
        values[self.image] = image
        for step, release in zip(self._steps, self._release, strict=True):
            values |= step.run(values)
            for name in release:
                del values[name]
        return [values[name] for name in self.tensors]


@dataclass(frozen=True)
class _Step:
    """A node of a graph, prepared to run."""

    title: str
    function: Callable[..., Tensor | tuple[Tensor, ...]]
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]

    @classmethod
    def of(cls, node: onnx.NodeProto, opset: int) -> "_Step":
        title = f"node {node.name or node.output[0]}, operator {node.op_type}"
        function = operator(node.op_type, opset) if node.domain in ("", "ai.onnx") else None
        if function is None:
            raise RecognizerError("the operator is not supported", entry=title)
        attributes = _attributes(node)
        if node.op_type == "Split":
            attributes.setdefault("num_outputs", len(node.output))  # an attribute of its own since opset 18
        return cls(title, function, list(node.input), list(node.output), attributes)

    def run(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        try:
            result = self.function(*(values[name] if name else None for name in self.inputs), **self.attributes)
            return dict(zip(self.outputs, result if isinstance(result, tuple) else (result,), strict=True))
        except (KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:
            raise RecognizerError(f"cannot run: {error}", entry=self.title) from error


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: _value(attribute) for attribute in node.attribute}


def _value(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return torch.tensor(numpy_helper.to_array(value))
    return value.decode() if isinstance(value, bytes) else value


def _needed(graph: Sequence[onnx.NodeProto], tensors: Sequence[str]) -> list[onnx.NodeProto]:
    """Return the nodes that some tensors depend on, in the order of the graph, in which they can run."""
    wanted, nodes = set(tensors), []
    for node in reversed(graph):
        if wanted.intersection(node.output):
            nodes.append(node)
            wanted.update(node.input)
    unknown = set(tensors).difference(*(node.output for node in nodes))
    if unknown:
        raise RecognizerError(f"the network computes no tensor of the name {min(unknown)}")
    return nodes[::-1]


def _last_uses(steps: list[_Step], tensors: Sequence[str]) -> list[list[str]]:
    """Return, for each step, the tensors that no later step needs, so that their memory can be freed."""
    seen = set(tensors)
    released = []
    for step in reversed(steps):
        last = {name for name in (*step.inputs, *step.outputs) if name} - seen
        released.append(sorted(last))
        seen |= last
    return released[::-1]
