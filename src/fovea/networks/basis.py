"""Where training starts: the best linear transform of a simple picture model.

Natural pictures are close to a first-order Markov process in each direction, with little variance in the colors
beside the luma. The Karhunen-Loève transform of that model is known without any data (Ahmed et al., 1974, approximate
it by the DCT). Networks that start as this transform code pictures from the first step on, and training refines them.
"""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

CORRELATION = 0.9
# Orthonormal opponent colors: luma, red against blue, green against both; and their share of the variance.
_COLORS = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]], dtype=torch.float64)
_COLOR_VARIANCE = torch.tensor([1.0, 0.02, 0.005], dtype=torch.float64)


class Basis(NamedTuple):
    """A transform in two steps, each as a matrix [out, in] and its right inverse [in, out].

    Attributes:
        patch: 3·8·8 values of a patch to ``wide`` features.
        merge: features of 2×2 patches to ``deep`` features.
        unmerge: back.
        unpatch: back.
        level: how much the outputs are amplified over an orthonormal transform, [deep].
    """

    patch: Tensor
    merge: Tensor
    unmerge: Tensor
    unpatch: Tensor
    level: Tensor


def _covariance(size: int) -> Tensor:
    """Of a square of pixels, [3·size², 3·size²], in the order color, row, column."""
    position = torch.arange(size, dtype=torch.float64)
    distance = (position[:, None] - position).abs()
    # Nearly the same both ways. Were it exactly so, directions of equal variance could be any turn of each other, and
    # the solver would give others with other threads.
    rows, columns = CORRELATION**distance, (CORRELATION - 1e-5) ** distance
    colors = torch.nn.functional.normalize(_COLORS, dim=1)
    color = colors.T @ torch.diag(_COLOR_VARIANCE) @ colors
    return torch.kron(color, torch.kron(rows, columns))


def _principal(covariance: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Principal directions [count, n], strongest first, and what to scale each by.

    The scale halves the spread of magnitudes on a log scale: features of very different size train badly.
    """
    variance, directions = torch.linalg.eigh(covariance)
    variance, directions = variance.flip(0)[:count], directions.flip(1).T[:count]
    # Either sign would do; this is always the same one.
    directions = directions * (directions @ torch.arange(1, directions.shape[1] + 1).double().sqrt()).sign()[:, None]
    return directions, variance.clamp(min=1e-12) ** -0.25


@cache
def _of_patches(patch: int) -> tuple[Tensor, Tensor]:
    """All principal directions of a patch, and their scales: the same for networks of all widths."""
    return _principal(_covariance(patch), 3 * patch**2)


@cache
def markov_basis(wide: int, deep: int, patch: int = 8) -> Basis:
    """The two-step transform for networks of these widths.

    Args:
        wide: features of a patch; beyond 3·patch² they stay zero.
        deep: features of 2×2 patches; beyond 4·wide they stay zero.
        patch: side of a patch, pixels.
    """
    first, first_scale = (of_all[:wide] for of_all in _of_patches(patch))
    quads = _covariance(2 * patch).reshape(3, 2, patch, 2, patch, 3, 2, patch, 2, patch)
    # In the order of pixel_unshuffle: the feature, then which of the 2×2 patches it is of.
    quads = quads.permute(1, 3, 0, 2, 4, 6, 8, 5, 7, 9).reshape(4, 3 * patch**2, 4, 3 * patch**2)
    features = torch.einsum("ai,pirj,bj->aprb", first, quads, first)
    features = features.transpose(2, 3).reshape(4 * len(first), 4 * len(first))
    second, second_scale = _principal(features, deep)

    spread = first_scale.repeat_interleave(4)
    merge, unmerge = second_scale[:, None] * second / spread, spread[:, None] * second.T / second_scale
    matrices = (
        _padded(first_scale[:, None] * first, wide, 3 * patch**2),
        _padded(merge, deep, 4 * wide),
        _padded(unmerge, 4 * wide, deep),
        _padded(first.T / first_scale, 3 * patch**2, wide),
    )
    return Basis(*matrices, torch.nn.functional.pad(second_scale, (0, deep - len(second)), value=1.0).float())


def _padded(matrix: Tensor, rows: int, columns: int) -> Tensor:
    return torch.nn.functional.pad(matrix, (0, columns - matrix.shape[1], 0, rows - matrix.shape[0])).float()
