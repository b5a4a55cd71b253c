"""The torch networks: transforms, prior, gains. Needs the extra ``train``."""

from fovea.models.config import ARCHITECTURES, NetworkConfig
from fovea.models.network import Coded, CodecNetwork

__all__ = ["ARCHITECTURES", "Coded", "CodecNetwork", "NetworkConfig"]
