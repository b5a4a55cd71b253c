"""ONNX networks that run in torch, with constant weights and with gradients to their input."""

from fovea.training.onnx_torch.network import OnnxNetwork, read_onnx, stage_ends

__all__ = ["OnnxNetwork", "read_onnx", "stage_ends"]
