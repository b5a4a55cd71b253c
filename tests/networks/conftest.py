import pytest
import torch

from fovea.networks import CodecNetwork, NetworkConfig


@pytest.fixture
def config() -> NetworkConfig:
    return NetworkConfig(wide=16, wide_blocks=2, deep=24, deep_blocks=1, latent=16, hyper=8, prior=16)


@pytest.fixture
def network(config: NetworkConfig) -> CodecNetwork:
    torch.manual_seed(1)
    return CodecNetwork(config).eval()
