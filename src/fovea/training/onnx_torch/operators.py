"""The ONNX operators in torch, for inference: a function for each, with the inputs and attributes of the operator.

The signatures follow https://onnx.ai/onnx/operators from opset 11 on. Where a later opset turned an attribute into an
input, one parameter takes both. An input that is left out is None. An attribute that a function does not take is not
supported.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from onnx import helper
from torch import Tensor
from torch.nn import functional as F

from fovea.training.onnx_torch.resize import resize
from fovea.training.onnx_torch.windows import conv, conv_transpose, max_pool

Operator = Callable[..., Tensor | tuple[Tensor, ...]]
Ints = Tensor | Sequence[int]


def _ints(values: Ints) -> list[int]:
    return values.tolist() if isinstance(values, Tensor) else list(values)


def _batch_normalization(
    x: Tensor,
    scale: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> Tensor:
    return F.batch_norm(x, mean, variance, scale, bias, eps=epsilon)


def _cast(x: Tensor, *, to: int) -> Tensor:
    return x.to(torch.from_numpy(np.empty(0, helper.tensor_dtype_to_np_dtype(to))).dtype)


def _concat(*tensors: Tensor, axis: int) -> Tensor:
    return torch.cat(tensors, axis)


def _divide(a: Tensor, b: Tensor) -> Tensor:
    return torch.div(a, b, rounding_mode=None if a.is_floating_point() else "trunc")


def _flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    return x.reshape(math.prod(x.shape[:axis]), -1)


def _gather(x: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    axis %= x.ndim
    chosen = x.index_select(axis, (indices % x.shape[axis]).reshape(-1).to(x.device))
    return chosen.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def _gemm(
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803 - as ONNX writes it
    transB: int = 0,  # noqa: N803
) -> Tensor:
    product = alpha * ((a.T if transA else a) @ (b.T if transB else b))
    return product if c is None else product + beta * c


def _reduce_mean(x: Tensor, axes: Ints | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Tensor:
    if axes is None and noop_with_empty_axes:
        return x
    return x.mean(list(range(x.ndim)) if axes is None else _ints(axes), keepdim=bool(keepdims))


def _reshape(x: Tensor, shape: Ints, *, allowzero: int = 0) -> Tensor:
    kept = [length or x.shape[axis] for axis, length in enumerate(_ints(shape))]
    return x.reshape(_ints(shape) if allowzero else kept)


def _slice(x: Tensor, starts: Ints, ends: Ints, axes: Ints | None = None, steps: Ints | None = None) -> Tensor:
    first, last = _ints(starts), _ints(ends)
    along = list(range(len(first))) if axes is None else _ints(axes)
    by = [1] * len(first) if steps is None else _ints(steps)
    where = [slice(None)] * x.ndim
    for axis, start, end, step in zip(along, first, last, by, strict=True):
        where[axis] = slice(start, end, step)
    return x[tuple(where)]


def _softmax_of_rows(x: Tensor, *, axis: int = 1) -> Tensor:
    return torch.softmax(x.flatten(axis), -1).reshape(x.shape)


def _split(x: Tensor, split: Ints | None = None, *, num_outputs: int, axis: int = 0) -> tuple[Tensor, ...]:
    return torch.split(x, math.ceil(x.shape[axis] / num_outputs) if split is None else _ints(split), axis)


def _squeeze(x: Tensor, axes: Ints) -> Tensor:
    return x.squeeze(_ints(axes))


def _transpose(x: Tensor, *, perm: Ints | None = None) -> Tensor:
    return x.permute(list(range(x.ndim))[::-1] if perm is None else _ints(perm))


def _unsqueeze(x: Tensor, axes: Ints) -> Tensor:
    places = _ints(axes)
    for place in sorted(place % (x.ndim + len(places)) for place in places):
        x = x.unsqueeze(place)
    return x


_OPERATORS: dict[str, Operator] = {
    "Add": torch.add,
    "BatchNormalization": _batch_normalization,
    "Cast": _cast,
    "Clip": torch.clamp,
    "Concat": _concat,
    "Constant": lambda *, value: value,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Div": _divide,
    "Exp": torch.exp,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "HardSigmoid": lambda x, *, alpha=0.2, beta=0.5: (alpha * x + beta).clamp(0, 1),
    "HardSwish": F.hardswish,
    "Identity": lambda x: x,
    "LeakyRelu": lambda x, *, alpha=0.01: F.leaky_relu(x, alpha),
    "MatMul": torch.matmul,
    "MaxPool": max_pool,
    "Mul": torch.mul,
    "Pow": torch.pow,
    "ReduceMean": _reduce_mean,
    "Relu": torch.relu,
    "Reshape": _reshape,
    "Resize": resize,
    "Shape": lambda x: torch.tensor(x.shape),
    "Sigmoid": torch.sigmoid,
    "Slice": _slice,
    "Softmax": lambda x, *, axis=-1: torch.softmax(x, axis),
    "Split": _split,
    "Squeeze": _squeeze,
    "Sub": torch.sub,
    "Swish": lambda x, *, alpha=1.0: F.silu(x) if alpha == 1 else x * torch.sigmoid(alpha * x),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}


def operator(name: str, opset: int) -> Operator | None:
    """Return the function of an operator as the opset defines it, or None if it is not supported."""
    if name == "Softmax" and opset < 13:
        return _softmax_of_rows  # over all axes from ``axis`` on, as one axis
    return _OPERATORS.get(name)
