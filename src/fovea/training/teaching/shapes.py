"""The shapes of objects of which only the box is known.

Often most of a box does not belong to the object. A small network predicts the shape of an object in its box from the
features of a recognizer. It learns this from the objects whose masks are known.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from fovea.atomic import writing
from fovea.datasets import COCO_CLASSES, Annotation, object_region, open_labeled
from fovea.engine import Network, create_engine
from fovea.networks import Block, Pointwise
from fovea.recognition import OnnxRecognizer, load
from fovea.store import sha256_of
from fovea.training.config_file import expand_path
from fovea.training.data.images import TrainingImage
from fovea.training.learning_rate import learning_rate_factor
from fovea.training.onnx_torch import read_onnx
from fovea.training.optimizer import MuonAdam
from fovea.training.teaching.config import ShapesConfig

SIDE = 16
"""Number of values along either side of a shape."""
MARGIN = 0.125
"""Length by which a shape extends beyond its box on each side, as a share of the side of the box."""
_OVERSAMPLING = 4
"""Number of samples of a mask along either side of one value of a shape."""
_DILATIONS = (1, 2, 4, 1)
"""Dilation of the filter of each block, in values of a shape."""
_LARGEST_CATEGORY = max(COCO_CLASSES)
_AT_ONCE = 64
"""Number of objects in a batch, in training and in prediction."""
_JITTER = 0.06
"""Largest random error of each edge of a box in training, as a share of its side: detected boxes are not exact."""
_WARMUP_FRACTION = 0.08
"""Share of the steps with a linear warm-up of the learning rate."""
_UNKNOWN_CLASS = 0.2
"""Probability that the class of an object is hidden in training."""
_DROPPED = 0.1
"""Probability that a feature of an object is set to 0 in training."""
_SPREAD = 0.2
"""Standard deviation of the logarithm of the random factor of each feature in training."""


class FeatureMaps:
    """Samples inner tensors of a recognizer in the boxes of objects.

    Args:
        recognizer: ONNX file of a detector.
        tensors: names of the tensors, each [1, channels, h, w].

    Raises:
        RecognizerError: the file cannot be read, or its outputs are not known.
    """

    def __init__(self, recognizer: Path, tensors: Sequence[str]) -> None:
        detector = load(recognizer, threads=1)
        assert isinstance(detector, OnnxRecognizer)
        self._feed, self._size = detector.model.description.feed, detector.model.size
        self._network = _inner_network(recognizer, tensors)

    def __call__(self, picture: NDArray[np.uint8], boxes: Tensor) -> Tensor:
        """Return the features of boxes.

        Args:
            picture: uint8 [H, W, 3], RGB.
            boxes: left, top, right, bottom in pixels, float32 [n, 4].

        Returns:
            Features at the values of each shape, float32 [n, C, SIDE, SIDE], where C is the number of channels of all
            tensors together.
        """
        canvas, placed = self._feed.place(picture, self._size)
        maps = self._network(self._feed.tensor([canvas]))
        (down, across), (top, left) = placed.scale, placed.offset
        moved = boxes * torch.tensor([across, down, across, down]) + torch.tensor([left, top, left, top])
        grid = box_grid(moved, *self._size)
        # One grid holds all boxes, one below the other, so that every tensor is sampled by a single call.
        rows = grid.reshape(1, -1, SIDE, 2)
        sampled = [F.grid_sample(torch.from_numpy(each), rows, align_corners=False) for each in maps]
        together = torch.cat(sampled, dim=1)[0]
        return together.view(len(together), len(boxes), SIDE, SIDE).transpose(0, 1)


def _inner_network(recognizer: Path, tensors: Sequence[str]) -> Network:
    """Return a recognizer whose outputs are some of its inner tensors."""
    model = read_onnx(recognizer)
    del model.graph.output[:]
    for name in tensors:
        model.graph.output.add(name=name)
    return create_engine(threads=1).load(model.SerializeToString())


def box_grid(boxes: Tensor, height: int, width: int, side: int = SIDE) -> Tensor:
    """Return the positions of the values of shapes, for ``torch.nn.functional.grid_sample`` on a picture.

    Args:
        boxes: left, top, right, bottom in pixels, [n, 4].
        height: height of the picture in pixels.
        width: width of the picture in pixels.
        side: number of values along either side of a box with its margin.

    Returns:
        x and y of each value, [n, side, side, 2]; the edges of the picture are at -1 and 1.
    """
    along = ((torch.arange(side) + 0.5) / side) * (1 + 2 * MARGIN) - MARGIN
    x = boxes[:, 0:1] + along * (boxes[:, 2:3] - boxes[:, 0:1])
    y = boxes[:, 1:2] + along * (boxes[:, 3:4] - boxes[:, 1:2])
    shape = (len(boxes), side, side)
    return torch.stack(
        [(x * (2 / width) - 1)[:, None, :].expand(shape), (y * (2 / height) - 1)[:, :, None].expand(shape)], dim=-1
    )


def mask_shapes(masks: Tensor, boxes: Tensor) -> Tensor:
    """Return the shapes of known masks.

    Args:
        masks: bool [n, H, W].
        boxes: left, top, right, bottom in pixels, [n, 4].

    Returns:
        The share of each value that the mask covers, float32 [n, 1, SIDE, SIDE], 0..1.
    """
    height, width = masks.shape[1:]
    grid = box_grid(boxes, height, width, _OVERSAMPLING * SIDE)
    return F.avg_pool2d(F.grid_sample(masks[:, None].float(), grid, "nearest", align_corners=False), _OVERSAMPLING)


class ShapeNetwork(nn.Module):
    """Predicts the shapes of objects from the features in their boxes.

    Args:
        features: number of channels of the features.
        width: number of channels of the network.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features, 1, 1))
        self.register_buffer("deviation", torch.ones(features, 1, 1))
        self.stem = Pointwise(features + 3, width)
        self.classes = nn.Embedding(_LARGEST_CATEGORY + 1, width)
        nn.init.normal_(self.classes.weight, std=0.1)
        self.blocks = nn.Sequential(*(Block(width, dilation) for dilation in _DILATIONS))
        self.head = Pointwise(width, 1, scale=0.1)

    def forward(self, features: Tensor, classes: Tensor) -> Tensor:
        """Return logits of shapes [n, 1, SIDE, SIDE].

        Args:
            features: features of the boxes, [n, C, SIDE, SIDE].
            classes: category of each object in COCO, int64 [n]; 0 where it is unknown.
        """
        x = (features - self.mean) / self.deviation
        if self.training:
            # Few objects have masks. Random factors and dropped features keep the network from memorizing them.
            shape = (*x.shape[:2], 1, 1)
            x = x * (torch.randn(shape) * _SPREAD).exp() * (torch.rand(shape) > _DROPPED)
            classes = torch.where(torch.rand(len(classes)) < _UNKNOWN_CLASS, 0, classes)
        x = self.stem(torch.cat([x, _places(len(x))], dim=1)) + self.classes(classes)[:, :, None, None]
        logits: Tensor = self.head(self.blocks(F.leaky_relu(x, 0.1)))
        return logits


def _places(count: int) -> Tensor:
    """Return the position of each value of a shape, for ``count`` shapes.

    Returns:
        The vertical position from -1 (top) to 1, and the vertical and horizontal distance from the middle, 0..1:
        [count, 3, SIDE, SIDE]. Left and right are not told apart: the network learns mirror images of all objects, too.
    """
    along = torch.linspace(-1, 1, SIDE)
    rows, columns = along[:, None].expand(SIDE, SIDE), along.expand(SIDE, SIDE)
    return torch.stack([rows, rows.abs(), columns.abs()])[None].expand(count, -1, -1, -1)


class Shapes:
    """Predicts the shapes of objects on pictures.

    Args:
        network: trained network.
        features: source of the features.
        digest: hash of everything that the shapes depend on.
    """

    def __init__(self, network: ShapeNetwork, features: FeatureMaps, digest: str) -> None:
        self._network, self._features, self.digest = network.eval(), features, digest

    @classmethod
    def fitted(cls, config: ShapesConfig, images: Sequence[TrainingImage], folder: Path) -> Self:
        """Return shapes whose network is trained on the objects that have masks, or was trained on them before.

        Args:
            config: source of the features, and sizes and length of the training.
            images: images; those without any mask are ignored.
            folder: folder in which the trained weights are kept.
        """
        path = expand_path(config.recognizer)
        features = FeatureMaps(path, config.tensors)
        masked = [image for image in images if any(map(_has_mask, image.annotations or ()))]
        origin = [
            config.model_dump_json(exclude={"recognizer"}),
            sha256_of(path),
            *(f"{sha256_of(image.path)} {image.size} {image.upright} {image.annotations}" for image in masked),
        ]
        digest = hashlib.sha256("\n".join(origin).encode()).hexdigest()[:12]
        file = folder / f"shapes-{digest}.pt"
        if file.exists():
            weights = torch.load(file, weights_only=True)
        else:
            weights = _trained(config, masked, features).state_dict()
            with writing(file) as opened:
                torch.save(weights, opened)
        network = ShapeNetwork(len(weights["mean"]), config.width)
        network.load_state_dict(weights)
        return cls(network, features, digest)

    @torch.no_grad()
    def draw(self, picture: NDArray[np.uint8], boxes: Tensor, categories: Tensor) -> NDArray[np.uint8]:
        """Return the shapes of objects on a picture.

        Args:
            picture: uint8 [H, W, 3], RGB.
            boxes: left, top, right, bottom in pixels, float32 [n, 4].
            categories: category of each object in COCO, int64 [n].

        Returns:
            uint8 [n, SIDE, SIDE], 0..255 for probabilities 0..1.
        """
        features = self._features(picture, boxes)
        chunks = [slice(first, first + _AT_ONCE) for first in range(0, len(boxes), _AT_ONCE)]
        logits = torch.cat([self._network(features[chunk], categories[chunk]) for chunk in chunks])
        drawn: NDArray[np.uint8] = (logits[:, 0].sigmoid() * 255).round().byte().numpy()
        return drawn


def _has_mask(annotation: Annotation) -> bool:
    return annotation.segmentation is not None and not annotation.crowd


def _trained(config: ShapesConfig, images: Sequence[TrainingImage], features: FeatureMaps) -> ShapeNetwork:
    """Return a network that was trained on the objects with masks, on each picture and its mirror image."""
    random = np.random.default_rng(0)
    samples = [_samples(image, features, mirrored, random) for image in images for mirrored in (False, True)]
    inputs, targets, classes = (torch.cat(parts) for parts in zip(*samples, strict=True))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = ShapeNetwork(inputs.shape[1], config.width).train()
        network.mean.copy_(inputs.float().mean(dim=(0, 2, 3))[:, None, None])
        network.deviation.copy_(inputs.float().std(dim=(0, 2, 3)).clamp(min=1e-3)[:, None, None])
        optimizer = MuonAdam(network, config.learning_rate, config.learning_rate)
        for step in tqdm(range(config.steps), "shapes"):
            factor = learning_rate_factor(step, config.steps, _WARMUP_FRACTION * config.steps, decay_fraction=1.0)
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * factor
            chosen = torch.randint(len(inputs), (_AT_ONCE,))
            optimizer.zero_grad()
            logits = network(inputs[chosen].float(), classes[chosen])
            F.binary_cross_entropy_with_logits(logits, targets[chosen].float()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return network


def _samples(
    image: TrainingImage, features: FeatureMaps, mirrored: bool, random: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, shapes and categories of the objects with masks on a picture, in boxes with random errors."""
    objects = [each for each in image.annotations or () if _has_mask(each)]
    picture = open_labeled(image.path, image.size, image.upright)
    height, width = picture.shape[:2]
    masks = np.stack([object_region(each.segmentation, each.box, height, width) for each in objects])
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in (each.box for each in objects)])
    if mirrored:
        picture, masks = np.ascontiguousarray(picture[:, ::-1]), np.ascontiguousarray(masks[:, :, ::-1])
        boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    boxes += random.uniform(-_JITTER, _JITTER, boxes.shape) * np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    corners = torch.from_numpy(boxes.astype(np.float32))
    classes = torch.tensor([each.category_id for each in objects])
    return features(picture, corners).half(), mask_shapes(torch.from_numpy(masks), corners).half(), classes
