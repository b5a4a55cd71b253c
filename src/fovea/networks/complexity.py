"""The cost of a network: multiply-accumulate operations per pixel, counted on the deployed steps."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from fovea.coding import ENCODING
from fovea.networks.config import NetworkConfig
from fovea.networks.deployed_steps import step_modules
from fovea.networks.finder import Finder, FinderConfig
from fovea.networks.network import CodecNetwork

_PIXELS = 512 * 768
_SYNTHESIS = "synthesis"


@torch.no_grad()
def multiply_accumulates(config: NetworkConfig) -> dict[str, float]:
    """Count the multiply-accumulate operations of matrices and convolutions for each pixel of an image.

    Additions, activations and gains are not counted, as is usual. The image has 512×768 pixels, so that the small
    amount of work that does not depend on the size of the image is negligible.

    Args:
        config: sizes of the network.

    Returns:
        Multiply-accumulates per pixel by name of the step, in the order of the model file.

    Example:
        >>> from fovea.networks import ARCHITECTURES
        >>> counts = multiply_accumulates(ARCHITECTURES["base"])
        >>> sum(encoding(counts).values()) < 12_000
        True
    """
    steps = step_modules(CodecNetwork(config).eval())
    counts = {}
    for name, (module, examples) in steps.items():
        with FlopCounterMode(display=False) as counter:
            module(*map(_enlarged, examples))
        counts[name] = counter.get_total_flops() / 2 / _PIXELS  # a multiplication and an addition each
    return counts


@torch.no_grad()
def finder_multiply_accumulates(config: FinderConfig) -> float:
    """Count the multiply-accumulate operations of a finder for each pixel of a picture with sides of at most 640.

    A larger picture needs fewer of them for each pixel, because the finder sees it at a smaller size.

    Args:
        config: sizes of the finder.
    """
    with FlopCounterMode(display=False) as counter:
        Finder(config).eval()(torch.zeros(1, 3, 512, 768))
    return counter.get_total_flops() / 2 / _PIXELS


def encoding(counts: Mapping[str, float]) -> dict[str, float]:
    """Return the counts of the steps that encoding runs, including the prior, which the decoder also runs."""
    return {step: count for step, count in counts.items() if step != _SYNTHESIS}


def decoding(counts: Mapping[str, float]) -> dict[str, float]:
    """Return the counts of the steps that decoding runs."""
    return {step: count for step, count in counts.items() if step not in ENCODING}


def _enlarged(example: Tensor) -> Tensor:
    """Return an example input, which belongs to an image of 128×192 pixels, four times as high and wide."""
    if example.dtype == torch.int64:
        return example
    return example.repeat(1, 4, 4, 1) if example.dtype == torch.uint8 else example.repeat(1, 1, 4, 4)
