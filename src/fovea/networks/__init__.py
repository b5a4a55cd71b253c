"""The torch networks: transforms, prior, gains. Needs the extra ``train``."""

from fovea.networks.complexity import decoding, encoding, multiply_accumulates
from fovea.networks.config import ARCHITECTURES, NetworkConfig
from fovea.networks.network import CodecNetwork, Coded

__all__ = ["ARCHITECTURES", "CodecNetwork", "Coded", "NetworkConfig", "decoding", "encoding", "multiply_accumulates"]
