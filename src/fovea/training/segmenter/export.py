"""Export of a trained segmenter as an ONNX file, which the loss of a codec uses."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fovea.networks import to_onnx
from fovea.training.segmenter.network import Segmenter, SegmenterOutput


def export_segmenter(network: Segmenter, outputs: Sequence[str] = SegmenterOutput._fields) -> bytes:
    """Return the ONNX file of a trained segmenter, with weights rounded to 16 bits.

    Args:
        network: trained network.
        outputs: fields of :class:`SegmenterOutput` that the file returns; layers that none of them needs are left out.
    """
    network = copy.deepcopy(network).float().cpu().eval()
    for layers in network.modules():
        match list(layers.children()):
            case [nn.Conv2d() as conv, nn.BatchNorm2d() as norm, *_] if isinstance(layers, nn.Sequential):
                layers[0], layers[1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(weight.half())
    open_axis = torch.export.Dim.DYNAMIC
    axes = {0: open_axis, 2: open_axis, 3: open_axis}
    return to_onnx(_Selected(network, outputs), (torch.zeros(2, 3, 64, 96),), [axes], outputs)


class _Selected(nn.Module):
    """A segmenter that returns some of its outputs."""

    def __init__(self, network: Segmenter, outputs: Sequence[str]) -> None:
        super().__init__()
        self.network, self.outputs = network, outputs

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        output = self.network(image)
        return tuple(getattr(output, name) for name in self.outputs)
