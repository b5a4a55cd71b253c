"""What a network costs: multiply-accumulates a pixel, counted on the steps as they are deployed."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from fovea.models.config import NetworkConfig
from fovea.models.deploy import step_modules
from fovea.models.network import CodecNetwork

_PRIOR = ("scales", "means", "context")
ENCODING = ("analysis", "hyper_analysis", *_PRIOR)
"""Steps that encoding takes: the prior too, because the encoder codes what the decoder will predict from."""
DECODING = (*_PRIOR, "synthesis")
"""Steps that decoding takes."""


@torch.no_grad()
def multiply_accumulates(config: NetworkConfig) -> dict[str, float]:
    """Multiply-accumulates of matrices and convolutions, for each pixel of an image.

    Additions, activations and gains are left out, as is usual. The number does not depend on the size of the image
    where its sides are multiples of 64.

    Args:
        config: of the network.

    Returns:
        By name of the step, in the order of the model file.

    Example:
        >>> from fovea.models import ARCHITECTURES
        >>> counts = multiply_accumulates(ARCHITECTURES["fovea-s"])
        >>> sum(counts[step] for step in ENCODING) < 12_000
        True
    """
    steps = step_modules(CodecNetwork(config).eval())
    image, _ = steps["analysis"][1]
    pixels = image.shape[1] * image.shape[2]
    counts = {}
    for name, (module, inputs) in steps.items():
        with FlopCounterMode(display=False) as counter:
            module(*inputs)
        counts[name] = counter.get_total_flops() / 2 / pixels  # a multiplication and an addition each
    return counts
