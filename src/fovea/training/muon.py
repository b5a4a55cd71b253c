"""The optimizer Muon, which computes in bfloat16 only on devices that have hardware for it."""

from collections.abc import Callable, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer

_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
"""Coefficients of the odd polynomial that each iteration applies to the singular values."""
_ITERATIONS = 5
_MOMENTUM = 0.95
_UPDATE_RMS = 0.2
"""Root mean square of an update, as a multiple of the learning rate."""


def has_bfloat16(device: torch.device) -> bool:
    """Return whether a device has hardware for bfloat16; emulation on other devices is hundreds of times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def orthogonalized(matrices: Tensor) -> Tensor:
    """Return matrices with the singular vectors of others and singular values of about 0.7 to 1.2.

    This is close enough to orthogonal matrices for training. Source: the Newton–Schulz iteration of Jordan et al.,
    "Muon: An optimizer for hidden layers in neural networks" (2024).

    Args:
        matrices: [k, n, m].

    Returns:
        [k, n, m], in bfloat16 where the device has hardware for it, and otherwise in float32.
    """
    a, b, c = _POLYNOMIAL
    x = matrices.bfloat16() if has_bfloat16(matrices.device) else matrices.float()
    is_tall = x.shape[1] > x.shape[2]
    x = x.mT if is_tall else x
    x = x / torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if is_tall else x


class Muon(Optimizer):
    """Orthogonalized momentum for matrices.

    ``torch.optim.Muon`` does the same, but always in bfloat16. On a processor without hardware for bfloat16, it takes
    many times as long as all other work of a training step together.

    Args:
        matrices: parameters [n, m].
        lr: learning rate on the scale of Adam's: an update has the root mean square of 0.2 times the rate. Source: Liu
            et al., "Muon is Scalable for LLM Training" (2025), equation 4.
    """

    def __init__(self, matrices: Sequence[nn.Parameter], lr: float) -> None:
        super().__init__(matrices, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update all matrices that have a gradient.

        Args:
            closure: function that computes the gradients and returns the loss; None if they are computed already.

        Returns:
            The loss of the closure, if there is one.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            matrices = [matrix for matrix in group["params"] if matrix.grad is not None]
            updates = _all_orthogonalized([self._ahead(matrix) for matrix in matrices])
            for matrix, update in zip(matrices, updates, strict=True):
                # An orthogonal matrix has the root mean square 1/√max(n, m).
                matrix.add_(update, alpha=-group["lr"] * _UPDATE_RMS * max(matrix.shape) ** 0.5)
        return loss

    def _ahead(self, matrix: nn.Parameter) -> Tensor:
        """Update the momentum of a matrix, and return Nesterov's momentum."""
        gradient = matrix.grad
        assert gradient is not None
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        momentum = state["momentum_buffer"]
        momentum.lerp_(gradient, 1 - _MOMENTUM)
        ahead: Tensor = gradient.lerp(momentum, _MOMENTUM)
        return ahead


def _all_orthogonalized(matrices: list[Tensor]) -> list[Tensor]:
    """Return :func:`orthogonalized` of each matrix. The processes of a training, which have the same, share the work.

    Args:
        matrices: [n, m] each.

    Returns:
        Same shapes; float32 where processes share the work, otherwise the precision of ``orthogonalized``.
    """
    if not (matrices and dist.is_available() and dist.is_initialized()):
        return _orthogonalized_by_shape(matrices)
    # The sum of all processes is exact: all but one add zeros.
    sizes = [matrix.numel() for matrix in matrices]
    flat = torch.zeros(sum(sizes), device=matrices[0].device)
    parts = torch.split(flat, sizes)
    updates = [part.view_as(matrix) for part, matrix in zip(parts, matrices, strict=True)]
    # Neighbors belong to the same block, so all processes get about as much work.
    own = slice(dist.get_rank(), None, dist.get_world_size())
    for update, made in zip(updates[own], _orthogonalized_by_shape(matrices[own]), strict=True):
        update.copy_(made)
    dist.all_reduce(flat)
    return updates


def _orthogonalized_by_shape(matrices: list[Tensor]) -> list[Tensor]:
    """Return :func:`orthogonalized` of each matrix, computed for all matrices of a shape at once.

    On a processor, the products of a few large batches take a third of the time of as many single products.
    """
    numbers_of_shape: dict[torch.Size, list[int]] = {}
    for number, matrix in enumerate(matrices):
        numbers_of_shape.setdefault(matrix.shape, []).append(number)
    made = list(matrices)
    for numbers in numbers_of_shape.values():
        batch = orthogonalized(torch.stack([matrices[number] for number in numbers]))
        for number, matrix in zip(numbers, batch, strict=True):
            made[number] = matrix
    return made
