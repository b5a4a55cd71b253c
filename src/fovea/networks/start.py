"""Start a network from a trained one that lacks some of its parts, so that no training is lost."""

import torch
from torch import Tensor, nn

from fovea.errors import FoveaError
from fovea.networks.config import NetworkConfig
from fovea.networks.controls import ControlTable
from fovea.networks.means import TwoStepMeans
from fovea.networks.network import CodecNetwork
from fovea.networks.transforms import fitted, with_detail

_SAME = ("wide", "wide_blocks", "deep", "deep_blocks", "hyper", "prior", "kernel", "synthesis", "mean_steps")
"""Sizes that cannot differ."""


@torch.no_grad()
def start_network(network: CodecNetwork, source: CodecNetwork) -> None:
    """Copy the weights of a trained network into one that may have further parts.

    The source may lack the map of a region of interest, objectness, the background control and detail. Such parts keep
    their initial weights and hardly change what the network computes. New detail is zero, and
    :func:`fovea.networks.fit_detail` fills it. Parts that only the source has are left out.

    Args:
        network: network to start; changed.
        source: trained network.

    Raises:
        FoveaError: the sizes of the shared parts differ, or the parts cannot be added or left out.
    """
    own, other = network.config, source.config
    _require_fit(own, other)
    copy_shared(network, source)
    # A new map of the region of interest has no effect on the first matrix.
    stem = network.analysis.stem
    stem.set_weight(fitted(source.analysis.stem.weight, *stem.weight.shape))
    if own.detail != other.detail:
        _copy_around_detail(network, source)


def _require_fit(own: NetworkConfig, other: NetworkConfig) -> None:
    reasons = [
        f"{name} is {getattr(other, name)} there and {getattr(own, name)} here"
        for name in _SAME
        if getattr(other, name) != getattr(own, name)
    ]
    if other.latent - other.detail != own.latent - own.detail:
        reasons.append(f"latent - detail is {other.latent - other.detail} there and {own.latent - own.detail} here")
    if other.objectness and own.objectness and other.objectness != own.objectness:
        reasons.append(f"objectness is {other.objectness} there and {own.objectness} here")
    if other.roi and not own.roi:
        reasons.append("its encoder takes a map (roi), which cannot be left out")
    if other.detail not in (0, own.detail):
        reasons.append(f"detail is {other.detail} there and {own.detail} here: it can be added, but not changed")
    if other.detail != own.detail and own.mean_steps != 2:
        reasons.append("detail can be added only where mean_steps is 2")
    if reasons:
        raise FoveaError(f"does not fit the network of this run: {'; '.join(reasons)}")


@torch.no_grad()
def copy_shared(module: nn.Module, source: nn.Module) -> None:
    """Copy the parameters of a module that have the same place and shape in another module of its kind."""
    parameters = dict(source.named_parameters(recurse=False))
    for name, parameter in module.named_parameters(recurse=False):
        if name in parameters and parameters[name].shape == parameter.shape:
            parameter.copy_(parameters[name])
    children = dict(source.named_children())
    for name, child in module.named_children():
        if name in children:
            copy_shared(child, children[name])


def latent_places(config: NetworkConfig) -> tuple[Tensor, Tensor]:
    """Return the channels of the latent that the deep part makes, and those that are detail."""
    made, detail = torch.zeros(1, config.latent - config.detail), torch.ones(1, config.detail)
    is_detail = with_detail(made, detail)[0]
    return (is_detail == 0).nonzero()[:, 0], (is_detail == 1).nonzero()[:, 0]


@torch.no_grad()
def copy_channels(tensor: Tensor, source: Tensor, places: Tensor, dim: int) -> None:
    """Copy a tensor to some places along an axis of a larger one, which becomes zero elsewhere; changes ``tensor``."""
    tensor.zero_().index_copy_(dim, places, source)


def _copy_around_detail(network: CodecNetwork, source: CodecNetwork) -> None:
    """Copy the weights that belong to channels of the latent, with 0 for detail, which only ``network`` has."""
    places, _ = latent_places(network.config)
    for (tensor, dim), (other, _) in zip(_latent_weights(network), _latent_weights(source), strict=True):
        copy_channels(tensor, other, places, dim)
    merge, other_merge = _two_steps(network).merge.weight, _two_steps(source).merge.weight
    width = network.config.prior  # the first columns belong to features, not to the latent
    merge[:, :width] = other_merge[:, :width]
    for table, other_table in zip(_latent_tables(network), _latent_tables(source), strict=True):
        # Where the source has no background control, the anchors along the background keep their zeros.
        for anchors, other in zip(table.all_anchors(), other_table.all_anchors(), strict=False):
            copy_channels(anchors, other, places, 1)
    for part in (network.analysis.detail, network.synthesis.detail):
        assert part is not None
        for parameter in part.parameters():
            parameter.zero_()


def _latent_weights(network: CodecNetwork) -> list[tuple[Tensor, int]]:
    """Return views of the parameters with an axis of latent channels, and that axis."""
    latent, means = network.config.latent, _two_steps(network)
    heads = [parameter for branch in (means.first, means.second) for parameter in branch[1].parameters()]
    return [
        (network.hyper_analysis.down.pointwise.weight.view(-1, latent, 4), 1),
        (network.scales.head.weight, 0),
        *((parameter, 0) for parameter in heads),
        (means.merge.weight[:, -latent:], 1),
    ]


def _two_steps(network: CodecNetwork) -> TwoStepMeans:
    assert isinstance(network.means, TwoStepMeans)
    return network.means


def _latent_tables(network: CodecNetwork) -> list[ControlTable]:
    """Return the tables whose vectors have one entry for each latent channel."""
    bias = network.scales.head.bias
    assert isinstance(bias, ControlTable)
    return [network.analysis.log_gain, network.synthesis.log_gain, bias]
