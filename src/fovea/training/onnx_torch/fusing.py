"""Activations that a graph writes as several nodes, as one node each."""

import math

import onnx
from onnx import helper, numpy_helper

_FUSED = {"Sigmoid": ("Swish", 1.0), "Clip": ("HardSwish", 1 / 6)}
"""For each gate that multiplies a tensor: the operator of both, and the number that multiplies them, too."""
_ROUNDING = 2**-11
"""Relative error of numbers that were rounded to half precision."""


def fused(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes of a graph with Swish, x·σ(x), and HardSwish, x·clip(x + 3, 0, 6)/6, as one node each.

    Exporters write these activations as two to four nodes. Memory bounds the speed of activations, so one operator is
    faster, and it keeps one tensor for its gradient. All other nodes stay, so that inner tensors can still be computed.
    A 1/6 that was rounded to half precision counts as 1/6, which changes activations by 0.02 %.
    """
    activations = _Activations(graph)
    return [activations.of(node) or node for node in graph.node]


class _Activations:
    """Finds out what the products of a graph compute."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._nodes = {name: node for node in graph.node for name in node.output}
        tensors = {tensor.name: tensor for tensor in graph.initializer}
        tensors |= {
            node.output[0]: node.attribute[0].t
            for node in graph.node
            if node.op_type == "Constant" and node.attribute[0].name == "value"
        }
        arrays = {name: numpy_helper.to_array(tensor) for name, tensor in tensors.items()}
        self._numbers = {name: float(array.item()) for name, array in arrays.items() if array.size == 1}

    def of(self, node: onnx.NodeProto) -> onnx.NodeProto | None:
        """Return the activation that a node computes, if it computes one."""
        scale, factors = self._product(node)
        if len(factors) == 2:
            for x, gate in (factors, factors[::-1]):
                operator, expected = _FUSED.get(self._gate_on(x, gate), ("", 0.0))
                if operator and math.isclose(scale, expected, rel_tol=_ROUNDING):
                    return helper.make_node(operator, [x], node.output, node.name)
        return None

    def _product(self, node: onnx.NodeProto, depth: int = 2) -> tuple[float, list[str]]:
        """Return the numbers that a node multiplies, as one, and the names of the tensors, or no names.

        Products of products are taken apart down to a depth, because a tensor may be a product through a whole network.
        """
        if node.op_type not in ("Mul", "Div"):
            return 1.0, []
        scale, factors = 1.0, []
        for place, name in enumerate(node.input):
            divides = node.op_type == "Div" and place == 1
            inner = self._product(self._nodes[name], depth - 1) if depth > 1 and name in self._nodes else (1.0, [])
            if self._numbers.get(name):
                scale *= 1 / self._numbers[name] if divides else self._numbers[name]
            elif divides:
                return 1.0, []
            else:
                scale *= inner[0]
                factors += inner[1] or [name]
        return scale, factors

    def _gate_on(self, x: str, name: str) -> str:
        """Return the operator of a node if it is σ(x) or clip(x + 3, 0, 6), else an empty text."""
        node = self._nodes.get(name)
        if node is None:
            return ""
        if node.op_type == "Sigmoid" and node.input[0] == x:
            return "Sigmoid"
        if node.op_type == "Clip" and [self._numbers.get(limit) for limit in node.input[1:]] == [0, 6]:
            total = self._nodes.get(node.input[0])
            if total is not None and total.op_type == "Add" and x in total.input:
                return "Clip" if 3 in map(self._numbers.get, total.input) else ""
        return ""
