"""Muon, in the precision that the device has units for."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

# Coefficients of the odd polynomial that is applied to the singular values, and how many times it is.
_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
_MOMENTUM = 0.95


def has_bfloat16(device: torch.device) -> bool:
    """Return whether a device computes in bfloat16 by itself; others emulate it, hundreds of times more slowly."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def orthogonalized(matrix: Tensor) -> Tensor:
    """Return a matrix [n, m] with its singular values moved close to 1.

    Source: the Newton–Schulz iteration of Jordan et al., "Muon: An optimizer for hidden layers in neural networks"
    (2024). Singular values become about 0.7 to 1.2, which is close enough for training.
    """
    a, b, c = _POLYNOMIAL
    x = matrix.bfloat16() if has_bfloat16(matrix.device) else matrix.float()
    x = x.T if len(x) > x.shape[1] else x
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if len(matrix) > matrix.shape[1] else x


class Muon(Optimizer):
    """Orthogonalized momentum for matrices.

    ``torch.optim.Muon`` does the same, but always in bfloat16, which makes a step on a processor without such units
    many times as long as all else in it.

    Args:
        matrices: parameters [n, m].
        lr: learning rate on the scale of Adam's: an update has the root mean square of 0.2 times the rate. Source: Liu
            et al., "Muon is Scalable for LLM Training" (2025), equation 4.
    """

    def __init__(self, matrices: Sequence[nn.Parameter], lr: float) -> None:
        super().__init__(matrices, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update all matrices that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._update(matrix, matrix.grad, group["lr"])
        return loss

    def _update(self, matrix: nn.Parameter, gradient: Tensor, rate: float) -> None:
        state: dict[str, Any] = self.state[matrix]
        momentum = state.setdefault("momentum_buffer", torch.zeros_like(matrix))
        momentum.lerp_(gradient, 1 - _MOMENTUM)
        ahead = gradient.lerp(momentum, _MOMENTUM)  # Nesterov's momentum
        matrix.add_(orthogonalized(ahead), alpha=-rate * 0.2 * max(matrix.shape) ** 0.5)
