"""Networks saved as ONNX, run in torch: frozen, and differentiable in their input."""

from fovea.training.onnx_torch.network import OnnxNetwork, read_onnx, stage_ends

__all__ = ["OnnxNetwork", "read_onnx", "stage_ends"]
