"""Weights of a network without detail for one that has it, so that no training is lost."""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from fovea.networks import CodecNetwork
from fovea.networks.layers import start_as
from fovea.networks.prior import INDEX_STEP
from fovea.networks.quality import KnobTable, rate_lambda
from fovea.networks.transforms import PATCH, with_detail
from fovea.spec import SCALES

_OUTPUTS = (
    "scales.head.weight",
    "means.first.1.weight",
    "means.first.1.bias",
    "means.second.1.weight",
    "means.second.1.bias",
)
"""Parameters whose rows are channels of the latent; each has more beside it, see :func:`widen`."""
_TABLES = ("analysis.log_gain.anchors", "synthesis.log_gain.anchors", "scales.head.bias.anchors")
_HYPER, _MERGE = "hyper_analysis.down.1.weight", "means.merge.weight"
_BEST = 100
"""Quality at which what the network loses is looked at: there it is the fewest channels that lose, not the steps."""


def widen(weights: dict[str, Tensor], own: dict[str, Tensor], prefix: str = "network.") -> dict[str, Tensor]:
    """Give weights of a network without detail the shapes of one with it. What they compute stays the same.

    Args:
        weights: of the network without.
        own: initial weights of the network with detail.
        prefix: of the names of the network's parameters.

    Returns:
        ``weights``, with zeros where detail comes in or out.
    """
    latent = weights[prefix + _TABLES[0]].shape[1]
    detail = own[prefix + _TABLES[0]].shape[1] - latent
    places, _ = _places(latent, detail)

    def spread(tensor: Tensor, dim: int) -> Tensor:
        size = list(tensor.shape)
        size[dim] = latent + detail
        return tensor.new_zeros(size).index_copy(dim, places, tensor)

    grown = dict(weights)
    for name in _OUTPUTS:
        grown[prefix + name] = spread(weights[prefix + name], 0)
    for name in _TABLES:
        grown[prefix + name] = spread(weights[prefix + name], 1)
    hyper, merge = weights[prefix + _HYPER], weights[prefix + _MERGE]
    grown[prefix + _HYPER] = spread(hyper.reshape(len(hyper), latent, -1), 1).flatten(1)
    before = merge.shape[1] - latent
    grown[prefix + _MERGE] = torch.cat([merge[:, :before], spread(merge[:, before:], 1)], dim=1)
    if (head := "mask_head.stem.weight") in weights:
        grown[head] = spread(weights[head], 1)
    for name, value in own.items():
        if ".detail." in name:
            grown[name] = torch.zeros_like(value)
    return grown


def _places(latent: int, detail: int) -> tuple[Tensor, Tensor]:
    """Where the channels that were there before, and those of the detail, lie in the latent."""
    is_detail = with_detail(torch.zeros(1, latent), torch.ones(1, detail))[0]
    return (is_detail == 0).nonzero()[:, 0], (is_detail == 1).nonzero()[:, 0]


@torch.no_grad()
def fill_detail(network: CodecNetwork, images: Iterable[Tensor]) -> None:
    """Start the detail as the linear transform that best restores what the network without it loses.

    Steps are what high-rate theory says for λ, and scales those of the values on these images.

    Args:
        network: with weights from :func:`widen`; changed.
        images: to look at, uint8 [3, H, W] each, sides multiples of 64.
    """
    analysis, synthesis, detail = network.analysis, network.synthesis, network.config.detail
    assert analysis.detail is not None and synthesis.detail is not None
    seen, lost = (torch.cat(rows).double() for rows in zip(*(_losses(network, image) for image in images), strict=True))
    # What the last matrix of the decoder makes of features of the four patches, in the order of pixel_unshuffle.
    reach = torch.kron(synthesis.stem.weight.double(), torch.eye(4).double())
    to_detail, to_lost, deviation = _best_linear(seen, lost, reach, detail)
    # As in ``basis``: halves the spread of magnitudes on a log scale.
    level = deviation.sqrt()
    start_as(analysis.detail[1], to_detail.T / level[:, None])
    start_as(synthesis.detail[0], torch.linalg.lstsq(reach, to_lost).solution * level)

    quality = torch.linspace(0, 100, len(analysis.log_gain.anchors))
    # At high rate D = step²/12, and λ = 3 / (2 ln 2 · D) for a transform of three colors.
    step = (18 / (math.log(2) * rate_lambda(quality))).sqrt()[:, None] / 127.5
    _, places = _places(network.config.latent - detail, detail)
    analysis.log_gain.anchors[:, places] = (level / step).log().float()
    synthesis.log_gain.anchors[:, places] = (step / level).log().float()
    index = ((deviation / step).log()[..., None] - torch.tensor(SCALES).log()).abs().argmin(-1)
    bias = network.scales.head.bias
    assert isinstance(bias, KnobTable)
    bias.anchors[:, places] = INDEX_STEP * index.float()


def _losses(network: CodecNetwork, image: Tensor) -> tuple[Tensor, Tensor]:
    """Features of patches that detail is made from, [n, 4·wide], and what is lost of these, [n, 4·3·8·8]."""
    pixels = image.float()[None]
    quality = torch.tensor([_BEST])
    latent, _ = network.analyze(pixels, quality)
    lost = pixels - network.synthesis(latent, quality)
    stem = network.analysis.stem
    missing = stem.weight.shape[1] // PATCH**2 - pixels.shape[1]  # the map of the ROI-based way: all is inside
    inputs = F.pad(pixels, (0, 0, 0, 0, 0, missing), value=255.0)
    seen = stem(F.pixel_unshuffle(inputs / 127.5 - 1, PATCH))
    patches = (seen, F.pixel_unshuffle(lost / 127.5, PATCH))
    features, losses = (F.pixel_unshuffle(patch, 2)[0].flatten(1).T for patch in patches)
    return features, losses


def _best_linear(seen: Tensor, lost: Tensor, reach: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Reduced-rank regression (Izenman, 1975) of ``lost`` on ``seen``, within the span of the columns of ``reach``.

    Returns:
        Matrices [seen, rank] and [lost, rank]: ``seen`` to values and, orthonormal, values to ``lost``; and the
        standard deviation of each value, strongest first.
    """
    seen = seen - seen.mean(0)
    covariance = seen.T @ seen / len(seen)
    ridge = 1e-6 * covariance.diagonal().mean() * torch.eye(len(covariance)).double()
    span = torch.linalg.qr(reach).Q
    fitted = torch.linalg.solve(covariance + ridge, seen.T @ lost / len(seen)) @ span @ span.T
    variance, directions = torch.linalg.eigh(fitted.T @ covariance @ fitted)
    best = directions[:, -rank:].flip(1)
    return fitted @ best, best, variance[-rank:].flip(0).clamp(min=1e-9).sqrt()
