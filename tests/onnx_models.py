"""ONNX models made for a test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Dims = Sequence[int | str]


def save_constant(
    path: Path,
    image: Dims,
    outputs: Mapping[str, np.ndarray],
    declared: Mapping[str, Dims] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """A model that gives constants, whatever it is fed."""
    nodes = [
        helper.make_node("Constant", [], [key], value=numpy_helper.from_array(value)) for key, value in outputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, image)],
        [
            helper.make_tensor_value_info(
                key, helper.np_dtype_to_tensor_dtype(value.dtype), (declared or {}).get(key, value.shape)
            )
            for key, value in outputs.items()
        ],
    )
    return save(path, graph, metadata or {})


def brightness_finder() -> bytes:
    """A finder, as models hold it, that takes bright cells of 8×8 pixels for objects: logits from -4 to 4."""
    means = {"scale": np.float32([8 / 255]), "middle": np.float32([-4])}
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("ReduceMean", ["planes"], ["gray"], axes=[1]),
        helper.make_node("AveragePool", ["gray"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Mul", ["cells", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "middle"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "finder",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, "height", "width", 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1, "rows", "columns"])],
        [numpy_helper.from_array(value, name) for name, value in means.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    serialized: bytes = model.SerializeToString()
    return serialized


def save(path: Path, graph: onnx.GraphProto, metadata: Mapping[str, str]) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, path)
    return path
