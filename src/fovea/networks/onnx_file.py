"""Torch modules as ONNX files, with weights in 16 bits where that is exact, and without traces of the exporter."""

import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import Tensor, nn


def to_onnx(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    dynamic: Sequence[Mapping[int, Any] | None],
    outputs: Sequence[str] | None = None,
) -> bytes:
    """Serialize a module as an ONNX model.

    Args:
        module: module to export, in evaluation mode.
        inputs: one example of each input.
        dynamic: axes of each input whose lengths are left open; None for an input without such axes.
        outputs: names of the outputs; None for names that the exporter chooses.

    Returns:
        The content of the file. Weights that float16 holds exactly are stored in it, and used in float32.
    """
    with _without_advice():
        program = torch.onnx.export(
            module.eval(),
            inputs,
            dynamic_shapes=tuple(dynamic),
            output_names=outputs,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _halve_weights(model)
    _strip_comments(model)
    return bytes(model.SerializeToString(deterministic=True))


@contextmanager
def _without_advice() -> Iterator[None]:
    """Silence the advice of the exporter about shapes and torchvision, which does not apply to these networks."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _halve_weights(model: onnx.ModelProto) -> None:
    """Store tensors that float16 holds exactly in 16 bits, with a cast to float32: half the file size."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or math.prod(tensor.dims) < 512:
            continue
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if (half.astype(np.float32) == values).all():
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(half, name + "_half"))
            casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _strip_comments(model: onnx.ModelProto) -> None:
    """Remove source paths and traces that the exporter leaves: they enlarge the file and name the machine."""
    model.producer_version = ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
        value.doc_string = ""
