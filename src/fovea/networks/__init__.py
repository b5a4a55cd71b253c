"""The torch networks: transforms, prior, and their export. They need the extra ``train``."""

from fovea.networks.complexity import decoding, encoding, finder_multiply_accumulates, multiply_accumulates
from fovea.networks.config import ARCHITECTURES, NetworkConfig, TransformConfig
from fovea.networks.controls import (
    LAMBDA_MAX,
    LAMBDA_MIN,
    along_quality,
    background_weight,
    rate_lambda,
    stack_controls,
)
from fovea.networks.deploy import export_graphs, halo, prove_exact, round_weights
from fovea.networks.deployed_steps import step_modules
from fovea.networks.detail import fit_detail
from fovea.networks.finder import Finder, FinderConfig, export_finder
from fovea.networks.integer import straight_through
from fovea.networks.layers import Block, Pointwise, root_compressed
from fovea.networks.means import TwoStepMeans
from fovea.networks.network import CodecNetwork, Coded
from fovea.networks.onnx_file import to_onnx
from fovea.networks.rate import gaussian_bits
from fovea.networks.start import copy_channels, copy_shared, latent_places, start_network

__all__ = [
    "ARCHITECTURES",
    "LAMBDA_MAX",
    "LAMBDA_MIN",
    "Block",
    "CodecNetwork",
    "Coded",
    "Finder",
    "FinderConfig",
    "NetworkConfig",
    "Pointwise",
    "TransformConfig",
    "TwoStepMeans",
    "along_quality",
    "background_weight",
    "copy_channels",
    "copy_shared",
    "decoding",
    "encoding",
    "export_finder",
    "export_graphs",
    "finder_multiply_accumulates",
    "fit_detail",
    "gaussian_bits",
    "halo",
    "latent_places",
    "multiply_accumulates",
    "prove_exact",
    "rate_lambda",
    "root_compressed",
    "round_weights",
    "stack_controls",
    "start_network",
    "step_modules",
    "straight_through",
    "to_onnx",
]
