"""The task loss: how much the features and outputs of a recognizer differ between decoded and original images."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from fovea.errors import RecognizerError, about
from fovea.training.config_file import expand_path
from fovea.training.losses.config import Color, ValueRange
from fovea.training.losses.dead_leaves import dead_leaves
from fovea.training.losses.distances import feature_distance, output_distance
from fovea.training.losses.distortions import Distortion, object_mse
from fovea.training.onnx_torch import OnnxNetwork, read_onnx, stage_ends

_STRIDE = 32
"""Stride in pixels of the coarsest features of most networks."""
_CALIBRATION_PICTURES = 8
_CALIBRATION_SIZE = 256
"""Side of the calibration pictures, in pixels."""
_CALIBRATION_QUALITY = 50
"""JPEG quality of the calibration pictures."""


class TaskDistortion:
    """Distance between a recognizer's features and outputs on decoded and on original images.

    The distance of one tensor is its squared error over its variance on the original, so the units of the network do
    not matter. An output mixes kinds of values, coordinates and scores, so each of its channels is measured against
    its own variance, and the mean is taken; a feature map is measured as a whole.

    Distances are then scaled to squared 8-bit levels, which gives λ the meaning that it has with MSE: a distortion
    that does no particular harm to the recognizer costs its MSE. The scale of each tensor is the ratio of the two on
    dead leaves pictures coded as JPEG of quality 50. It depends on the recognizer alone, not on the data, and is the
    same in a resumed run. On photographs coded the same way, the ratio was within a factor of 1.6 of it for every
    tensor of a YOLOX, a YOLOv5, a YOLOv8 and a CenterNet.

    A codec that is trained for long with one small network learns to drop what that network ignores, although other
    networks may use it. If the network sees the patches at another scale in each step (``zoom``), its features differ.

    A pure task loss does not restrict the colors and textures that the recognizer ignores, so training can drift. A
    small share of plain MSE prevents this.

    The recognizer is not trained and not part of checkpoints. It moves to the device of the images.

    Args:
        recognizer: ONNX file with one image [B, 3, H, W] as input.
        color: order of the channels of its input.
        range: range of the values of its input.
        size: side in pixels to which patches are scaled (bilinear). None takes the size that the file declares and,
            where it declares none, the patch as it is. Fully convolutional networks also run, and faster, on other
            sizes.
        features: names of the inner tensors to compare. None takes the ends of the network's stages, see
            :func:`fovea.training.onnx_torch.stage_ends`.
        output_share: share of the outputs in the distance, 0..1; each feature has an equal share of the rest.
        mse_share: share of the squared error of the pixels in the distortion, 0..1.
        zoom: smallest and largest factor by which patches are scaled for the recognizer, to multiples of 32 pixels. The
            factor is drawn on a log scale in training; without gradients it is 1.

    Raises:
        RecognizerError: the file cannot be read, the network cannot be run, or there is nothing to compare.
    """

    def __init__(
        self,
        recognizer: Path,
        color: Color = "rgb",
        range: ValueRange = "0..1",
        size: int | None = None,
        features: Sequence[str] | None = None,
        output_share: float = 0.5,
        mse_share: float = 0.1,
        zoom: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        model = read_onnx(expand_path(recognizer))
        features = [] if output_share == 1 else stage_ends(model) if features is None else features
        outputs = [output.name for output in model.graph.output if output.name not in features] if output_share else []
        shares = _even(1 - output_share, len(features)) + _even(output_share, len(outputs))
        if not shares:
            raise RecognizerError("nothing to compare: name features, or give the outputs a share", path=recognizer)
        self._features = len(features)
        self._color, self._range, self._mse_share = color, range, mse_share
        self._zoom = zoom
        with about(recognizer):
            self._network = OnnxNetwork(model, [*features, *outputs])
            declared = self._network.size if all(self._network.size) else None
            self._size = (size, size) if size else declared
            self._weights = [share / sum(shares) * scale for share, scale in zip(shares, self._scales(), strict=True)]

    def __call__(self, decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
        """Return the distance between the features and outputs of the recognizer on two batches.

        Args:
            decoded: decoded images, [B, 3, H, W], RGB, 0..255.
            original: original images, same shape and range.
            weight: weight of errors in pixels and in features, [B, 1, H, W].

        Returns:
            [B], on the scale of squared 8-bit levels, with gradients to ``decoded``.
        """
        pixels = object_mse(decoded, original, weight)
        distances = self._distances(decoded, original, weight)
        task = torch.stack([scale * distance for scale, distance in zip(self._weights, distances, strict=True)])
        return (1 - self._mse_share) * task.sum(dim=0) + self._mse_share * pixels

    def _distances(self, decoded: Tensor, original: Tensor, weight: Tensor) -> list[Tensor]:
        """Return the relative error of each tensor, [B]."""
        zoom = self._draw_zoom() if decoded.requires_grad else 1.0
        with torch.no_grad():
            expected = self._run(original, zoom)
        actual = self._run(decoded, zoom)
        features = zip(actual[: self._features], expected, strict=False)
        outputs = zip(actual[self._features :], expected[self._features :], strict=True)
        return [feature_distance(a, b, weight) for a, b in features] + [output_distance(a, b) for a, b in outputs]

    def _draw_zoom(self) -> float:
        least, most = self._zoom
        if least == most:
            return least
        return float(least * (most / least) ** torch.rand(()).item())

    def _run(self, image: Tensor, zoom: float) -> list[Tensor]:
        """Return the tensors of the network, [B, ...] each, in float32: differences at high quality are small."""
        with torch.autocast(image.device.type, enabled=False):
            tensors: list[Tensor] = self._network.to(image.device)(self._prepared(image.float(), zoom))
        return tensors

    def _prepared(self, image: Tensor, zoom: float) -> Tensor:
        height, width = self._size or image.shape[2:]
        if zoom != 1:
            height, width = (max(_STRIDE, round(side * zoom / _STRIDE) * _STRIDE) for side in (height, width))
        if (height, width) != image.shape[2:]:
            image = F.interpolate(image, (height, width), mode="bilinear", align_corners=False)
        if self._color == "bgr":
            image = image.flip(1)
        if self._range == "0..1":
            image = image / 255
        return image

    @torch.no_grad()
    def _scales(self) -> list[float]:
        """Return the ratio of MSE to distance of a mild distortion, for each tensor."""
        pictures = [dead_leaves(_CALIBRATION_SIZE, seed) for seed in range(_CALIBRATION_PICTURES)]
        original, decoded = _batch(pictures), _batch([_as_jpeg(picture) for picture in pictures])
        error = float((decoded - original).square().mean())
        means = [
            float(distance.mean()) for distance in self._distances(decoded, original, original.new_ones(1, 1, 1, 1))
        ]
        for name, mean in zip(self._network.tensors, means, strict=True):
            if not 0 < mean < math.inf:
                raise RecognizerError(
                    f"cannot be compared: a mild distortion changes it by {mean}", entry=f"tensor {name}"
                )
        return [error / mean for mean in means]


class AlternatingDistortion:
    """Several distortions that take turns: a random one in each step of a training; without gradients, their mean.

    Several small networks ignore less than one does.

    Args:
        members: the distortions, at least one.
    """

    def __init__(self, members: Sequence[Distortion]) -> None:
        self._members = members

    def __call__(self, decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
        """Return the distortion of one member, or the mean of all members; see :class:`Distortion`."""
        members = self._members
        if decoded.requires_grad:
            members = [members[int(torch.randint(len(members), ()))]]
        return torch.stack([member(decoded, original, weight) for member in members]).mean(dim=0)


def _even(share: float, parts: int) -> list[float]:
    return [share / parts] * parts if parts else []


def _batch(pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()


def _as_jpeg(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_CALIBRATION_QUALITY)
    return np.asarray(Image.open(buffer))
