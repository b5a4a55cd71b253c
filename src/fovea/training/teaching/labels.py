"""The labels that a training learns from: annotations, joined with the detections of its teachers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as rle
from tqdm import tqdm

from fovea.atomic import writing
from fovea.datasets import COCO_CLASSES, Annotation, object_region, open_labeled
from fovea.engine import available_cores
from fovea.parallel import stream
from fovea.store import sha256_of
from fovea.training.config_file import expand_path
from fovea.training.data.images import TrainingImage
from fovea.training.data.masks import WEIGHT_STEP, Annotations
from fovea.training.teaching.config import TeachingConfig
from fovea.training.teaching.shapes import MARGIN, Shapes
from fovea.training.teaching.teachers import Teacher

Floats = NDArray[np.float32]

_SAME_OBJECT = 0.6
"""Intersection over union from which on two boxes, of whatever class, belong to the same object."""
_LOWEST_CERTAINTY = 0.2
"""Certainty below which an object is left out."""
_SMALL = 32
"""Longest side in pixels below which an object has the shape of its box: at 1/8 of the resolution this is enough."""
_CATEGORIES = np.array(list(COCO_CLASSES))
"""Categories of COCO by the class numbers of the recognizers."""


@dataclass(frozen=True, slots=True)
class LabeledObject(Annotation):
    """An object that is annotated, or that a teacher detects, or both.

    Attributes:
        certainty: how certain it is that there is an object, 0..1.
        shape: predicted shape, uint8 [SIDE, SIDE], 0..255 for probabilities 0..1, see
            :mod:`fovea.training.teaching.shapes`; None where the mask is the shape, or the box if there is no mask.
    """

    certainty: float = 1.0
    shape: NDArray[np.uint8] | None = None


class Labels:
    """Labels images with the objects of their annotations and of the teachers.

    Objects with a mask keep it. Other objects get a predicted shape, unless they are small. Detections and shapes are
    kept in the folder of the labels, and made only for the images that are labeled.

    Args:
        config: the teachers.
        images: all images to train on. Their masks teach what shapes objects have.
    """

    def __init__(self, config: TeachingConfig, images: Sequence[TrainingImage]) -> None:
        self._config, self._folder = config, expand_path(config.labels)
        self._shapes = Shapes.fitted(config.shapes, images, self._folder)

    def of(self, images: Sequence[TrainingImage]) -> list[TrainingImage]:
        """Return images, with or without annotations, with their objects as :class:`LabeledObject`."""
        teachers = self._config.teachers
        detected = zip(*(Teacher(teacher, self._folder).detections(images) for teacher in teachers), strict=True)
        thresholds = [teacher.score_threshold for teacher in teachers]

        def labeled(pair: tuple[TrainingImage, tuple[Floats, ...]]) -> TrainingImage:
            image, found = pair
            known = [each for each in image.annotations or () if not each.crowd]
            objects = merged(known, self._config.annotation_certainty, found, thresholds)
            return _with_shapes(image, objects, self._shapes, self._folder)

        labeled_images = stream(labeled, zip(images, detected, strict=True), available_cores())
        return list(tqdm(labeled_images, "shapes", len(images)))


def merged(
    known: Sequence[Annotation], known_certainty: float, found: Sequence[Floats], thresholds: Sequence[float]
) -> tuple[LabeledObject, ...]:
    """Join the annotations of a picture with the detections of several recognizers.

    Args:
        known: annotations.
        known_certainty: certainty of an annotation that no recognizer detects, 0..1.
        found: detections of each recognizer, float32 [n, 6]: left, top, right, bottom in pixels, score and class.
        thresholds: score from which on a detection of each recognizer is certain.

    Returns:
        One object for each group of overlapping boxes, with the mask of an annotation of the group, if there is one. An
        object in several sources is more certain: 1 − certainty is the product of 1 − certainty of all sources.
    """
    boxes = np.array([*(each.box for each in known), *(_sides(row) for each in found for row in each)], np.float64)
    categories = [each.category_id for each in known] + [_CATEGORIES[int(row[5])] for each in found for row in each]
    source = np.repeat(np.arange(1 + len(found)), [len(known), *map(len, found)])
    scores = [np.minimum(each[:, 4] / top, 1) for each, top in zip(found, thresholds, strict=True)]
    certainty = np.concatenate([np.full(len(known), known_certainty), *scores])
    remaining = np.argsort(-certainty, kind="stable")
    objects = []
    while len(remaining):
        best = remaining[0]
        same = rle.iou(boxes[remaining], boxes[[best]], [False])[:, 0] >= _SAME_OBJECT
        same[0] = True  # a box without an area does not overlap even itself
        group, remaining = remaining[same], remaining[~same]
        surest = [certainty[group][source[group] == number].max(initial=0) for number in range(1 + len(found))]
        total = 1 - float(np.prod(np.subtract(1, surest)))
        left, top, width, height = boxes[best].tolist()
        if total >= _LOWEST_CERTAINTY and width > 0 and height > 0:
            masks = [known[number].segmentation for number in group if number < len(known)]
            mask = next((each for each in masks if each is not None), None)
            box = (left, top, width, height)
            objects.append(LabeledObject(0, int(categories[best]), box, width * height, mask, certainty=total))
    return tuple(objects)


def _sides(detection: Floats) -> tuple[float, float, float, float]:
    """Return left, top, width and height of the box of a detection."""
    left, top, right, bottom = detection[:4].tolist()
    return left, top, right - left, bottom - top


def _with_shapes(image: TrainingImage, objects: Sequence[LabeledObject], shapes: Shapes, folder: Path) -> TrainingImage:
    """Return an image with these objects. Those that are not small and have no mask get a predicted shape."""
    maskless = [n for n, each in enumerate(objects) if each.segmentation is None and max(each.box[2:]) >= _SMALL]
    completed = list(objects)
    if maskless:
        boxes = np.array([_corners(objects[number]) for number in maskless], np.float32)
        categories = np.array([objects[number].category_id for number in maskless])
        digest = hashlib.sha256(sha256_of(image.path).encode() + boxes.tobytes() + categories.tobytes()).hexdigest()
        file = folder / f"shapes-{shapes.digest}" / f"{digest}.npy"
        if not file.exists():
            picture = open_labeled(image.path, image.size, image.upright)
            drawn = shapes.draw(picture, torch.from_numpy(boxes), torch.from_numpy(categories))
            with writing(file) as opened:
                np.save(opened, drawn)
        for number, shape in zip(maskless, np.load(file), strict=True):
            completed[number] = replace(objects[number], shape=shape)
    return replace(image, annotations=tuple(completed))


def _corners(annotation: Annotation) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the box of an annotation."""
    left, top, width, height = annotation.box
    return left, top, left + width, top + height


def paint_presence(annotations: Annotations, height: int, width: int) -> NDArray[np.uint8]:
    """Return the probability of an object at each pixel of an image, in units of ``WEIGHT_STEP``.

    Args:
        annotations: objects of :meth:`Labels.of`.
        height: height of the image in pixels.
        width: width of the image in pixels.

    Returns:
        uint8 [height, width], 0..16; where objects overlap, the largest probability counts.
    """
    painted = np.zeros((height, width), np.uint8)
    for each in annotations or ():
        assert isinstance(each, LabeledObject)
        if each.shape is not None:
            _paint_shape(painted, each)
        else:
            region = object_region(each.segmentation, each.box, height, width)
            painted[region] = np.maximum(painted[region], round(each.certainty / WEIGHT_STEP))
    return painted


def _paint_shape(painted: NDArray[np.uint8], labeled: LabeledObject) -> None:
    """Paint the predicted shape of an object, stretched to its box with the margin."""
    assert labeled.shape is not None
    height, width = painted.shape
    left, top, box_width, box_height = labeled.box
    x1, y1 = left - MARGIN * box_width, top - MARGIN * box_height
    x2, y2 = left + (1 + MARGIN) * box_width, top + (1 + MARGIN) * box_height
    columns, rows = (
        np.arange(max(0, int(np.floor(start))), min(limit, int(np.ceil(stop))))
        for start, stop, limit in ((x1, x2, width), (y1, y2, height))
    )
    if not len(columns) or not len(rows):
        return
    side = labeled.shape.shape[0]
    # The part of the shape that these pixels cover, in units of its values.
    across, down = side / (x2 - x1), side / (y2 - y1)
    part = (
        (columns[0] - x1) * across, (rows[0] - y1) * down,
        (columns[-1] + 1 - x1) * across, (rows[-1] + 1 - y1) * down,
    )  # fmt: skip
    shape = np.pad(labeled.shape, side)  # the first and the last pixel may reach beyond the shape
    part_of_padded = tuple(edge + side for edge in part)
    pixels = Image.fromarray(shape).resize((len(columns), len(rows)), Image.Resampling.BILINEAR, part_of_padded)
    presence = np.rint(np.asarray(pixels) * (labeled.certainty / (255 * WEIGHT_STEP))).astype(np.uint8)
    region = painted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.maximum(region, presence, out=region)
