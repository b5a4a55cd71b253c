"""The ONNX operator Resize, with its coordinate transformations."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

_ROUNDINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round_prefer_floor": lambda at: torch.ceil(at - 0.5),
    "round_prefer_ceil": lambda at: torch.floor(at + 0.5),
}


def _positions(length: int, size: int, factor: float, mode: str, device: torch.device) -> Tensor:
    """Return the positions of the ``size`` entries of a resized axis on the original axis of ``length`` entries."""
    at = torch.arange(size, dtype=torch.float32, device=device)
    if mode == "asymmetric":
        return at / factor
    if mode == "align_corners":
        return at * ((length - 1) / max(size - 1, 1))
    if mode in ("half_pixel", "pytorch_half_pixel"):
        return (at + 0.5) / factor - 0.5 if size > 1 or mode == "half_pixel" else at
    raise ValueError(f"coordinate_transformation_mode {mode} is not supported")


def _nearest(x: Tensor, axis: int, at: Tensor, rounding: str) -> Tensor:
    return x.index_select(axis, _ROUNDINGS[rounding](at).long().clamp(0, x.shape[axis] - 1))


def _linear(x: Tensor, axis: int, at: Tensor) -> Tensor:
    last = x.shape[axis] - 1
    at = at.clamp(0, last)
    low = at.long()
    share = (at - low).to(x.dtype).reshape([-1] + [1] * (x.ndim - axis - 1))
    return torch.lerp(x.index_select(axis, low), x.index_select(axis, (low + 1).clamp(max=last)), share)


def resize(
    x: Tensor,
    roi: Tensor | None = None,
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
    *,
    mode: str = "nearest",
    coordinate_transformation_mode: str = "half_pixel",
    nearest_mode: str = "round_prefer_floor",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    antialias: int = 0,
    keep_aspect_ratio_policy: str = "stretch",
) -> Tensor:
    """Apply the operator Resize, in the mode nearest or linear, along one axis after the other.

    The parameters of cubic interpolation and of extrapolation have no effect in these modes, but files often hold them.

    Raises:
        ValueError: an attribute has a value that is not supported, or neither scales nor sizes are given.
    """
    if antialias:
        raise ValueError("antialias is not supported")
    if keep_aspect_ratio_policy != "stretch":
        raise ValueError(f"keep_aspect_ratio_policy {keep_aspect_ratio_policy} is not supported")
    if mode not in ("nearest", "linear"):
        raise ValueError(f"mode {mode} is not supported")
    if sizes is not None:
        wanted: list[int] = sizes.tolist()
        factors = [size / length for size, length in zip(wanted, x.shape, strict=True)]
    elif scales is not None:
        factors = scales.tolist()
        wanted = [math.floor(length * factor) for length, factor in zip(x.shape, factors, strict=True)]
    else:
        raise ValueError("neither scales nor sizes are given")
    for axis, (size, factor) in enumerate(zip(wanted, factors, strict=True)):
        if factor != 1:
            at = _positions(x.shape[axis], size, factor, coordinate_transformation_mode, x.device)
            x = _nearest(x, axis, at, nearest_mode) if mode == "nearest" else _linear(x, axis, at)
    return x
