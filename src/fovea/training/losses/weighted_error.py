"""The weighted squared error, which most distortions are made of."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def weighted_error(decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted squared error, ``mean(w ⊙ (x − x̂)²)``.

    Args:
        decoded: x̂, [B, C, H, W].
        original: x, same shape.
        weight: w, [B, 1, H, W], or a shape that broadcasts to it.

    Returns:
        [B], with gradients to ``decoded`` alone.

    Example:
        >>> decoded, weight = torch.ones(1, 3, 2, 2, requires_grad=True), torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
        >>> error = weighted_error(decoded, torch.zeros(1, 3, 2, 2), weight)
        >>> error.item()
        0.25
        >>> error.backward()
        >>> decoded.grad[0, 0, 0]
        tensor([0.1667, 0.0000])
    """
    error: Tensor = _WeightedError.apply(decoded, original, weight)  # type: ignore[no-untyped-call]
    return error


class _WeightedError(torch.autograd.Function):
    """Keeps the weighted difference, from which the gradient follows by one product.

    Memory bounds the speed of losses. On a processor, the backward passes of a power and a mean took up to four times
    as long, most of all where tensors are in the order of channels last.
    """

    @staticmethod
    def forward(ctx: Any, decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
        difference = decoded - original
        weighted = difference * weight
        ctx.save_for_backward(weighted)
        return (weighted * difference).mean(dim=(1, 2, 3))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (weighted,) = ctx.saved_tensors
        scale = gradient * (2 / weighted[0].numel())
        return weighted * scale[:, None, None, None], None, None
