"""One training step of a network."""

import torch

from fovea.networks import CodecNetwork, Coded


def learn(
    network: CodecNetwork, image: torch.Tensor, controls: torch.Tensor, region: torch.Tensor | None = None
) -> Coded:
    """Code a batch in training mode, and check that its loss reaches every parameter."""
    coded = network.train()(image, controls, region)
    ((coded.image - image).square().mean() + (coded.latent_bits + coded.hyper_bits).mean()).backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent
    return coded
