"""Fill new detail channels with the linear transform that restores most of what a trained network loses."""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from fovea.networks.controls import ControlTable, rate_lambda, stack_controls
from fovea.networks.network import CodecNetwork
from fovea.networks.pixels import PATCH
from fovea.networks.prior import INDEX_STEP
from fovea.networks.start import latent_places
from fovea.spec import HIGHEST_BACKGROUND, SCALES

_BEST_QUALITY = 100
"""Quality at which losses are measured. At this quality they come from the small number of channels, and not from
coarse quantization steps."""


@torch.no_grad()
def fit_detail(network: CodecNetwork, images: Iterable[Tensor]) -> None:
    """Fill the detail of a network from :func:`fovea.networks.start_network`.

    The matrices are the reduced-rank regression of the network's losses. Quantization steps are those of high-rate
    theory for λ, and scales are those of the values on these images.

    Args:
        network: network whose detail is zero; changed.
        images: images to measure on, uint8 [3, H, W] each, sides multiples of 64.
    """
    analysis, synthesis, detail = network.analysis, network.synthesis, network.config.detail
    assert analysis.detail is not None and synthesis.detail is not None
    measured = zip(*(_measure(network, image) for image in images), strict=True)
    features, losses = (torch.cat(rows).double() for rows in measured)
    # The span of what the last matrix of the decoder can make of the features of 2×2 patches, in the order of
    # pixel_unshuffle.
    span = torch.kron(synthesis.stem.weight.double(), torch.eye(4).double())
    to_detail, to_losses, deviation = _reduced_rank_regression(features, losses, span, detail)
    # As in ``basis``, this halves the spread of the magnitudes on a log scale.
    level = deviation.sqrt()
    analysis.detail.pointwise.set_weight(to_detail.T / level[:, None])
    synthesis.detail.pointwise.set_weight(torch.linalg.lstsq(span, to_losses).solution * level)

    quality = torch.linspace(0, 100, len(analysis.log_gain.anchors))
    # At high rate D = step²/12, and λ = 3 / (2 ln 2 · D) for a transform of three colors.
    step = (18 / (math.log(2) * rate_lambda(quality))).sqrt()[:, None] / 127.5
    _, places = latent_places(network.config)
    analysis.log_gain.anchors[:, places] = (level / step).log().float()
    synthesis.log_gain.anchors[:, places] = (step / level).log().float()
    index = ((deviation / step).log()[..., None] - torch.tensor(SCALES).log()).abs().argmin(-1)
    bias = network.scales.head.bias
    assert isinstance(bias, ControlTable)
    bias.anchors[:, places] = INDEX_STEP * index.float()


def _measure(network: CodecNetwork, image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the features that detail is made from, [n, 4·wide], and the losses of these patches, [n, 4·3·8·8]."""
    pixels = image.float()[None]
    background = torch.tensor([HIGHEST_BACKGROUND]) if network.config.background else None
    controls = stack_controls(torch.tensor([_BEST_QUALITY]), background)
    latent, _ = network.analyze(pixels, controls)
    lost = pixels - network.synthesis(latent, controls)
    stem = network.analysis.stem
    # The stem of a network with roi also reads a map. Here the region of interest is the whole image.
    missing = stem.weight.shape[1] // PATCH**2 - pixels.shape[1]
    inputs = F.pad(pixels, (0, 0, 0, 0, 0, missing), value=255.0)
    patches = (stem(F.pixel_unshuffle(inputs / 127.5 - 1, PATCH)), F.pixel_unshuffle(lost / 127.5, PATCH))
    features, losses = (F.pixel_unshuffle(patch, 2)[0].flatten(1).T for patch in patches)
    return features, losses


def _reduced_rank_regression(
    features: Tensor, losses: Tensor, span: Tensor, rank: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Regress losses on features with a matrix of low rank, within the span of the columns of ``span``.

    Source: Izenman, "Reduced-rank regression for the multivariate linear model", Journal of Multivariate Analysis,
    1975.

    Returns:
        Matrices [features, rank] and [losses, rank]: features to values and, orthonormal, values to losses; and the
        standard deviation of each value, strongest first.
    """
    features = features - features.mean(0)
    covariance = features.T @ features / len(features)
    ridge = 1e-6 * covariance.diagonal().mean() * torch.eye(len(covariance)).double()
    base = torch.linalg.qr(span).Q
    fitted = torch.linalg.solve(covariance + ridge, features.T @ losses / len(features)) @ base @ base.T
    variance, directions = torch.linalg.eigh(fitted.T @ covariance @ fitted)
    best = directions[:, -rank:].flip(1)
    return fitted @ best, best, variance[-rank:].flip(0).clamp(min=1e-9).sqrt()
