"""The highest speed that a machine reaches in practice: that of a large matrix product."""

import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from fovea.engine import create_engine

SIDE = 2048
"""Rows and columns of the matrices."""
ROUNDS = 7
"""Number of timed rounds."""


def matmul_gflops(engine: str, precision: str) -> float:
    """Return the speed of the product of two large square matrices.

    On one machine, the speeds of libraries differ by up to a half. The fastest of these counts: the engine itself,
    NumPy for fp32, and torch for the other precisions, if it is installed.

    Args:
        engine: name of the inference engine.
        precision: precision of the engine: fp32, bf16 or fp16.

    Returns:
        The speed in GFLOP/s, from the median time of several rounds.
    """
    matrix = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    network = create_engine(engine, precision).load(_product(matrix))
    ways: list[Callable[[], Any]] = [lambda: network(matrix)]
    if precision == "fp32":
        ways.append(lambda: matrix @ matrix)
    elif find_spec("torch"):
        import torch

        tensor = torch.from_numpy(matrix).to({"bf16": torch.bfloat16, "fp16": torch.float16}[precision])
        ways.append(lambda: tensor @ tensor)
    return 2 * SIDE**3 / 1e9 / min(map(_median_seconds, ways))


def _median_seconds(function: Callable[[], Any]) -> float:
    times = []
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def _product(matrix: "np.ndarray[Any, np.dtype[np.float32]]") -> bytes:
    """Return an ONNX model that multiplies its input by a matrix."""
    from onnx import TensorProto, helper, numpy_helper

    size = list(matrix.shape)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["left", "right"], ["product"])],
        "product",
        [helper.make_tensor_value_info("left", TensorProto.FLOAT, size)],
        [helper.make_tensor_value_info("product", TensorProto.FLOAT, size)],
        [numpy_helper.from_array(matrix, "right")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return bytes(model.SerializeToString())
