"""The labels that a training learns from: annotations, and what its teachers see."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
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
"""Intersection over union from which two detections, of whatever class, are taken for the same object."""
_LOWEST_CERTAINTY = 0.2
_SMALL = 32
"""Longest side in pixels below which an object counts as its box: at 1/8 of the resolution there is no other shape."""
_CATEGORIES = np.array(list(COCO_CLASSES))


@dataclass(frozen=True, slots=True)
class Drawn(Annotation):
    """An object that annotations or teachers tell of.

    Attributes:
        certainty: how certain it is that there is an object, 0..1.
        shape: probability of each value of the shape, uint8 [SIDE, SIDE], 0..255, see
            :mod:`fovea.training.teaching.shapes`; None where the mask counts, or else the whole box.
    """

    certainty: float = 1.0
    shape: NDArray[np.uint8] | None = None


def label_images(
    train: Sequence[TrainingImage], held_out: Sequence[TrainingImage], config: TeachingConfig
) -> tuple[list[TrainingImage], list[TrainingImage]]:
    """Return images with the objects that annotations and teachers see together.

    Objects with a mask keep it. Others get a drawn shape, unless they are small. All that is made is kept in the folder
    of the labels.

    Args:
        train: images to train on, with or without annotations. Their masks teach what shapes objects have.
        held_out: images to validate on, likewise.
        config: the teachers.
    """
    shapes = Shapes.fitted(config.shapes, train, expand_path(config.labels))
    return _labeled(train, config, shapes), _labeled(held_out, config, shapes)


def _labeled(images: Sequence[TrainingImage], config: TeachingConfig, shapes: Shapes) -> list[TrainingImage]:
    folder = expand_path(config.labels)
    paths = [image.path for image in images]
    seen = zip(*(Teacher(teacher, folder).detections(paths) for teacher in config.teachers), strict=True)
    thresholds = [teacher.score_threshold for teacher in config.teachers]

    def labeled(pair: tuple[TrainingImage, tuple[Floats, ...]]) -> TrainingImage:
        image, found = pair
        known = [each for each in image.annotations or () if not each.crowd]
        return _with_shapes(image, merged(known, config.annotation_certainty, found, thresholds), shapes, folder)

    drawn = stream(labeled, zip(images, seen, strict=True), available_cores())
    return list(tqdm(drawn, "shapes", len(images)))


def merged(
    known: Sequence[Annotation], known_certainty: float, found: Sequence[Floats], thresholds: Sequence[float]
) -> tuple[Drawn, ...]:
    """Join the annotations of a picture with the detections of several recognizers.

    Args:
        known: annotations.
        known_certainty: how certain an annotation is by itself.
        found: detections of each recognizer, float32 [n, 6]: left, top, right, bottom, score and class.
        thresholds: score from which on a detection of each recognizer counts fully.

    Returns:
        One object for each group of boxes that overlap, with the mask of the annotation in it, if there is one. What
        several see is more certain: the complement of its certainty is the product of theirs.
    """
    boxes = np.array([*map(_corners, known), *(row[:4] for each in found for row in each)], np.float64).reshape(-1, 4)
    categories = [each.category_id for each in known] + [_CATEGORIES[int(row[5])] for each in found for row in each]
    source = np.repeat(np.arange(1 + len(found)), [len(known), *map(len, found)])
    scores = [np.minimum(each[:, 4] / top, 1) for each, top in zip(found, thresholds, strict=True)]
    certainty = np.concatenate([np.full(len(known), known_certainty), *scores])
    left = np.argsort(-certainty, kind="stable")
    objects = []
    while len(left):
        best = left[0]
        same = _overlap(boxes[best], boxes[left]) >= _SAME_OBJECT
        same[0] = True
        group, left = left[same], left[~same]
        surest = [certainty[group][source[group] == number].max(initial=0) for number in range(1 + len(found))]
        total = 1 - float(np.prod(np.subtract(1, surest)))
        x1, y1, x2, y2 = boxes[best].tolist()
        if total >= _LOWEST_CERTAINTY and x2 > x1 and y2 > y1:
            masks = [known[number].segmentation for number in group if number < len(known)]
            mask = next((each for each in masks if each is not None), None)
            box = (x1, y1, x2 - x1, y2 - y1)
            objects.append(Drawn(0, int(categories[best]), box, box[2] * box[3], mask, certainty=total))
    return tuple(objects)


def _overlap(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    overlap: NDArray[np.float64] = shared / np.maximum(areas - shared, 1e-9)
    return overlap


def _with_shapes(image: TrainingImage, objects: Sequence[Drawn], shapes: Shapes, folder: Path) -> TrainingImage:
    """Return an image with these objects, which have masks or get shapes, unless they are small."""
    bare = [n for n, each in enumerate(objects) if each.segmentation is None and max(each.box[2:]) >= _SMALL]
    completed = list(objects)
    if bare:
        boxes = np.array([_corners(objects[number]) for number in bare], np.float32)
        categories = np.array([objects[number].category_id for number in bare])
        digest = hashlib.sha256(sha256_of(image.path).encode() + boxes.tobytes() + categories.tobytes()).hexdigest()
        file = folder / f"shapes-{shapes.digest}" / f"{digest}.npy"
        if not file.exists():
            picture = open_labeled(image.path, image.size, image.upright)
            drawn = shapes.draw(picture, torch.from_numpy(boxes), torch.from_numpy(categories))
            with writing(file) as opened:
                np.save(opened, drawn)
        for number, shape in zip(bare, np.load(file), strict=True):
            completed[number] = replace(objects[number], shape=shape)
    return replace(image, annotations=tuple(completed))


def _corners(annotation: Annotation) -> tuple[float, float, float, float]:
    left, top, width, height = annotation.box
    return left, top, left + width, top + height


def paint_presence(annotations: Annotations, height: int, width: int) -> NDArray[np.uint8]:
    """Return the probability that an object is at each pixel of an image, in units of ``WEIGHT_STEP``.

    Args:
        annotations: objects of :func:`label_images`.
        height: height of the image in pixels.
        width: width of the image in pixels.

    Returns:
        uint8 [height, width], 0..16; where objects overlap, the largest probability counts.
    """
    painted = np.zeros((height, width), np.uint8)
    for each in annotations or ():
        assert isinstance(each, Drawn)
        if each.shape is not None:
            _paint_shape(painted, each)
        else:
            region = object_region(each.segmentation, each.box, height, width)
            painted[region] = np.maximum(painted[region], round(each.certainty / WEIGHT_STEP))
    return painted


def _paint_shape(painted: NDArray[np.uint8], each: Drawn) -> None:
    height, width = painted.shape
    left, top, box_width, box_height = each.box
    x1, y1 = left - MARGIN * box_width, top - MARGIN * box_height
    x2, y2 = left + (1 + MARGIN) * box_width, top + (1 + MARGIN) * box_height
    columns, rows = (
        np.arange(max(0, int(np.floor(start))), min(limit, int(np.ceil(stop))))
        for start, stop, limit in ((x1, x2, width), (y1, y2, height))
    )
    if not len(columns) or not len(rows):
        return
    assert each.shape is not None
    side = each.shape.shape[0]
    # The part of the shape that these pixels cover, in units of its values.
    across, down = side / (x2 - x1), side / (y2 - y1)
    part = (
        (columns[0] - x1) * across, (rows[0] - y1) * down,
        (columns[-1] + 1 - x1) * across, (rows[-1] + 1 - y1) * down,
    )  # fmt: skip
    shape = np.pad(each.shape, side)
    part_of_padded = tuple(edge + side for edge in part)
    pixels = Image.fromarray(shape).resize((len(columns), len(rows)), Image.Resampling.BILINEAR, part_of_padded)
    presence = np.rint(np.asarray(pixels) * (each.certainty / (255 * WEIGHT_STEP))).astype(np.uint8)
    region = painted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.maximum(region, presence, out=region)
