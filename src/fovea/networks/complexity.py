"""What a network costs: multiply-accumulates a pixel, counted on the steps as they are deployed."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from fovea.networks.config import NetworkConfig
from fovea.networks.deploy import step_modules
from fovea.networks.network import CodecNetwork

_PIXELS = 512 * 768
_ENCODER, _DECODER = ("analysis", "hyper_analysis"), ("synthesis",)


@torch.no_grad()
def multiply_accumulates(config: NetworkConfig) -> dict[str, float]:
    """Multiply-accumulates of matrices and convolutions, for each pixel of an image.

    Additions, activations and gains are left out, as is usual. Counted on an image of 512x768 pixels, beside which
    the little that is done once for an image, whatever its size, does not show.

    Args:
        config: of the network.

    Returns:
        By name of the step, in the order of the model file.

    Example:
        >>> from fovea.networks import ARCHITECTURES
        >>> counts = multiply_accumulates(ARCHITECTURES["fovea-s"])
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


def encoding(counts: Mapping[str, float]) -> dict[str, float]:
    """Those of :func:`multiply_accumulates` that encoding takes: the prior too, from which the decoder will predict."""
    return {step: count for step, count in counts.items() if step not in _DECODER}


def decoding(counts: Mapping[str, float]) -> dict[str, float]:
    """Those of :func:`multiply_accumulates` that decoding takes."""
    return {step: count for step, count in counts.items() if step not in _ENCODER}


def _enlarged(example: Tensor) -> Tensor:
    """An example input, which is that of an image of 128x192 pixels, four times as high and wide."""
    if example.dtype == torch.int64:
        return example
    return example.repeat(1, 4, 4, 1) if example.dtype == torch.uint8 else example.repeat(1, 1, 4, 4)
