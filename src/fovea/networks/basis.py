"""The linear transform that the networks start from before training.

Natural images are close to a first-order Markov process in each direction, and the color differences have much less
variance than the luma. The Karhunen-Loève transform of this model needs no data; the discrete cosine transform
approximates it (Ahmed, Natarajan and Rao, "Discrete Cosine Transform", IEEE Transactions on Computers, 1974). Networks
that start as this transform code images from the first step on, and training refines them.
"""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

CORRELATION = 0.9
"""Correlation of neighboring pixels in the Markov model."""

# Orthonormal opponent colors: luma, red against blue, green against both; and their share of the variance.
_COLORS = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]], dtype=torch.float64)
_COLOR_VARIANCE = torch.tensor([1.0, 0.02, 0.005], dtype=torch.float64)


class Basis(NamedTuple):
    """A transform in two steps, each as a matrix [out, in] and its right inverse [in, out].

    Attributes:
        patch: matrix from the 3·8·8 values of a patch to ``wide`` features.
        merge: matrix from the features of 2×2 patches to ``deep`` features.
        unmerge: right inverse of ``merge``.
        unpatch: right inverse of ``patch``.
        level: amplification of each output over an orthonormal transform, [deep].
    """

    patch: Tensor
    merge: Tensor
    unmerge: Tensor
    unpatch: Tensor
    level: Tensor


def _covariance(size: int) -> Tensor:
    """Return the covariance of a square of pixels, [3·size², 3·size²], in the order color, row, column."""
    position = torch.arange(size, dtype=torch.float64)
    distance = (position[:, None] - position).abs()
    # The correlations of rows and columns differ slightly. If they were equal, directions of equal variance could be
    # rotated freely, and the solver would return others with another number of threads.
    rows, columns = CORRELATION**distance, (CORRELATION - 1e-5) ** distance
    colors = torch.nn.functional.normalize(_COLORS, dim=1)
    color = colors.T @ torch.diag(_COLOR_VARIANCE) @ colors
    return torch.kron(color, torch.kron(rows, columns))


def _principal(covariance: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the principal directions [count, n], strongest first, and the factor to scale each output by.

    The factor halves the spread of the magnitudes on a log scale: features of very different size train badly.
    """
    variance, directions = torch.linalg.eigh(covariance)
    variance, directions = variance.flip(0)[:count], directions.flip(1).T[:count]
    # Both signs are valid; this rule always chooses the same one.
    directions = directions * (directions @ torch.arange(1, directions.shape[1] + 1).double().sqrt()).sign()[:, None]
    return directions, variance.clamp(min=1e-12) ** -0.25


@cache
def _of_patches(patch: int) -> tuple[Tensor, Tensor]:
    """Return all principal directions of a patch and their factors, which networks of all widths share."""
    return _principal(_covariance(patch), 3 * patch**2)


@cache
def markov_basis(wide: int, deep: int, patch: int = 8) -> Basis:
    """Return the two-step transform for networks of these widths.

    Args:
        wide: number of features of a patch; those beyond 3·patch² are zero.
        deep: number of features of 2×2 patches; those beyond 4·wide are zero.
        patch: side of a patch in pixels.
    """
    first, first_scale = (of_all[:wide] for of_all in _of_patches(patch))
    quads = _covariance(2 * patch).reshape(3, 2, patch, 2, patch, 3, 2, patch, 2, patch)
    # The order is that of pixel_unshuffle: first the feature, then the place of its patch among the 2×2.
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
