"""The torch networks: transforms, prior, gains. Needs the extra ``train``."""

from fovea.models.config import ARCHITECTURES, NetworkConfig
from fovea.models.network import CodecNetwork, Coded

__all__ = ["ARCHITECTURES", "CodecNetwork", "Coded", "NetworkConfig"]
