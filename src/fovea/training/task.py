"""The task loss: how differently a recognizer, or one of several, sees the decoded picture and the original."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from fovea.errors import RecognizerError
from fovea.training.dead_leaves import dead_leaves
from fovea.training.losses import Distortion, object_mse
from fovea.training.onnx_torch import OnnxNetwork, read_onnx, stage_ends
from fovea.training.strict import located

Color = Literal["rgb", "bgr"]
Range = Literal["0..1", "0..255"]

# Added to variances: less than that is silence. Scores of classes that a picture does not show hardly vary by 0.01.
_SILENCE = 1e-4
# Of the coarsest features of most networks.
_STRIDE = 32
_CALIBRATION = 8
_CALIBRATION_SIZE = 256
_CALIBRATION_QUALITY = 50


class TaskDistortion:
    """Distance of a recognizer's inner features and outputs on decoded and original pictures.

    The distance of one tensor is its squared error over its variance on the original, so that it does not matter in
    what units a network computes. An output mixes kinds of values, coordinates and scores, so each of its channels is
    measured against its own variance, and their mean taken; a feature map is of one kind and is measured as a whole.

    Distances are then scaled to squared 8-bit levels, which gives λ the meaning that it has with MSE: a distortion of
    no special harm to the recognizer costs what its MSE would. For each tensor, the scale is the ratio of the two on
    pictures of dead leaves that JPEG codes at quality 50. So it is known from the recognizer alone, whatever the data,
    and the same in a resumed run. On photographs coded alike, the ratios were within a factor of 1.6 of it for every
    tensor of a YOLOX, a YOLOv5, a YOLOv8 and a CenterNet.

    A codec that is trained long against one small network learns what that network does not see, which others may. Seen
    nearer or farther in each step of a training, the same network has other features: ``zoom``.

    A pure task loss leaves colors and textures free that the one recognizer ignores, and training can drift off; a
    small share of plain MSE ties them down.

    The recognizer is no part of the network that is trained, nor of checkpoints; it is frozen and moves to the device
    of the pictures.

    Args:
        recognizer: the .onnx file, with one image [B, 3, H, W] as input.
        color: order of the channels of its input.
        range: of its input.
        size: to which the patch is scaled (bilinear), pixels; None: as the file declares, and where that is open, the
            patch as it is. Networks that are convolutions throughout also work, and faster, on other sizes.
        features: names of the inner tensors that are compared; None: where the network's stages end, see
            :func:`fovea.training.onnx_torch.stage_ends`.
        output_share: share of the outputs in the distance, but for those that are features, 0..1; the rest is that of
            the features, each the same.
        mse_share: share of the squared error of the pixels in the distortion, 0..1.
        zoom: smallest and largest factor by which patches are scaled for the recognizer where there are gradients, on a
            log scale between, to multiples of 32 pixels.

    Raises:
        RecognizerError: the file cannot be read, the network cannot be run, or there is nothing to compare; names the
            file and the reason.
    """

    def __init__(
        self,
        recognizer: Path,
        color: Color = "rgb",
        range: Range = "0..1",
        size: int | None = None,
        features: Sequence[str] | None = None,
        output_share: float = 0.5,
        mse_share: float = 0.1,
        zoom: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        model = read_onnx(located(recognizer))
        features = [] if output_share == 1 else stage_ends(model) if features is None else features
        outputs = [output.name for output in model.graph.output if output.name not in features] if output_share else []
        shares = _even(1 - output_share, len(features)) + _even(output_share, len(outputs))
        if not shares:
            raise RecognizerError(f"{recognizer}: nothing to compare: name features, or give the outputs a share")
        self._features = len(features)
        self._color, self._range, self._mse_share = color, range, mse_share
        self._zoom = zoom
        try:
            self._network = OnnxNetwork(model, [*features, *outputs])
            declared = self._network.size if all(self._network.size) else None
            self._size = (size, size) if size else declared
            self._weights = [share / sum(shares) * scale for share, scale in zip(shares, self._scales(), strict=True)]
        except RecognizerError as error:
            raise RecognizerError(f"{recognizer}: {error}") from error

    def __call__(self, decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
        """Compare what the recognizer sees.

        Args:
            decoded: [B, 3, H, W], RGB, 0..255.
            original: same shape and range.
            weight: [B, 1, H, W], of errors, of pixels and of features.

        Returns:
            [B], on the scale of squared 8-bit levels, with gradients to ``decoded``.
        """
        pixels = object_mse(decoded, original, weight)
        distances = self._distances(decoded, original, weight)
        task = torch.stack([scale * distance for scale, distance in zip(self._weights, distances, strict=True)])
        return (1 - self._mse_share) * task.sum(dim=0) + self._mse_share * pixels

    def _distances(self, decoded: Tensor, original: Tensor, weight: Tensor) -> list[Tensor]:
        """Relative error of each tensor, [B]."""
        zoom = self._drawn_zoom() if decoded.requires_grad else 1.0
        with torch.no_grad():
            expected = self._see(original, zoom)
        seen = self._see(decoded, zoom)
        features = zip(seen[: self._features], expected, strict=False)
        outputs = zip(seen[self._features :], expected[self._features :], strict=True)
        return [_feature_error(a, b, weight) for a, b in features] + [_output_error(a, b) for a, b in outputs]

    def _drawn_zoom(self) -> float:
        least, most = self._zoom
        if least == most:
            return least
        return float(least * (most / least) ** torch.rand(()).item())

    def _see(self, image: Tensor, zoom: float) -> list[Tensor]:
        """What the network computes of images, [B, ...] each: in float32, as differences at high quality are small."""
        with torch.autocast(image.device.type, enabled=False):
            seen: list[Tensor] = self._network.to(image.device)(self._prepared(image.float(), zoom))
        return seen

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
        """MSE over distance of a mild distortion, for each tensor."""
        pictures = [dead_leaves(_CALIBRATION_SIZE, seed) for seed in range(_CALIBRATION)]
        original, decoded = _batch(pictures), _batch([_as_jpeg(picture) for picture in pictures])
        error = float((decoded - original).square().mean())
        means = [
            float(distance.mean()) for distance in self._distances(decoded, original, original.new_ones(1, 1, 1, 1))
        ]
        for name, mean in zip(self._network.tensors, means, strict=True):
            if not 0 < mean < math.inf:
                raise RecognizerError(f"tensor {name} cannot be compared: a mild distortion changes it by {mean}")
        return [error / mean for mean in means]


class Committee:
    """Distortions that take turns: in each step of a training one of them, drawn anew, without gradients their mean.

    What one small network overlooks another sees.

    Args:
        members: at least one.
    """

    def __init__(self, members: Sequence[Distortion]) -> None:
        self._members = members

    def __call__(self, decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
        """Compare as the member whose turn it is does, or all of them do; see :class:`Distortion`."""
        members = self._members
        if decoded.requires_grad:
            members = [members[int(torch.randint(len(members), ()))]]
        return torch.stack([member(decoded, original, weight) for member in members]).mean(dim=0)


def _even(share: float, parts: int) -> list[float]:
    return [share / parts] * parts if parts else []


def _feature_error(decoded: Tensor, original: Tensor, weight: Tensor) -> Tensor:
    """Squared error of maps [B, C, h, w], weighted by [B, 1, H, W], over the variance of the whole; [B]."""
    height, width = original.shape[2:]
    weight = F.adaptive_avg_pool2d(weight, (height, width))
    error = (decoded - original).square().mean(1, keepdim=True) * weight
    return error.mean((1, 2, 3)) / (original.var((1, 2, 3), correction=0) + _SILENCE)


def _output_error(decoded: Tensor, original: Tensor) -> Tensor:
    """Squared error of [B, ...] over the variance, the mean over channels, each by itself; [B]."""
    axes = _positions(original)
    error = (decoded - original).square().mean(axes, keepdim=True)
    variance = original.var(axes, correction=0, keepdim=True)
    return (error / (variance + _SILENCE)).flatten(1).mean(1)


def _positions(output: Tensor) -> tuple[int, ...]:
    """Axes of an output [B, ...] along which a channel takes its values.

    Maps are [B, channels, H, W]. Lists of boxes are written both as [B, boxes, channels] and turned, and there are
    more boxes than channels. A vector, as classifiers give it, is a channel as a whole.
    """
    if output.ndim == 3:
        return (1,) if output.shape[1] > output.shape[2] else (2,)
    return tuple(range(2, output.ndim)) or (1,)


def _batch(pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()


def _as_jpeg(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_CALIBRATION_QUALITY)
    return np.asarray(Image.open(buffer))
