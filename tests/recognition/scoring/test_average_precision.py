import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import supervision as sv
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from fovea.datasets import Annotation, Dataset, DatasetImage, load_dataset
from fovea.errors import DatasetError, RecognizerError
from fovea.recognition import Result, match, resample, self_reference, to_results

CATEGORIES = {1: "person", 3: "car", 7: "train"}
IDS = [1, 3, 7]


def random_set(seed: int, images: int = 8, masks: bool = False) -> tuple[Dataset, list[Result]]:
    """Objects at random, and detections that hit some of them."""
    random = np.random.default_rng(seed)
    listed = tuple(DatasetImage(100 - 3 * n, Path(f"{n}.png"), 200, 150) for n in range(images))
    annotations, results = [], []
    for image in listed:
        for _ in range(random.integers(0, 6)):
            left, top, width, height = (float(v) for v in random.uniform([0, 0, 5, 5], [90, 40, 110, 110]))
            corners = [left, top, left + width, top, left + width, top + height, left, top + height]
            category = int(random.choice(IDS[:2]))
            box, polygons = (left, top, width, height), [corners] if masks else None
            crowd = bool(random.uniform() < 0.15)
            annotations.append(Annotation(image.id, category, box, width * height, polygons, crowd))
            jitter = random.normal(scale=random.choice([1, 8]), size=4)
            near = np.clip(np.add(box, jitter), 1, None).tolist()
            results.append(detection(image.id, category, near, random.uniform(), masks))
        for _ in range(random.integers(0, 4)):
            anywhere = random.uniform([0, 0, 5, 5], [100, 60, 90, 90]).tolist()
            results.append(detection(image.id, int(random.choice(IDS)), anywhere, random.uniform(), masks))
    return Dataset("random", listed, tuple(annotations), CATEGORIES), results


def detection(image_id: int, category: int, box: list[float], score: float, masks: bool) -> Result:
    mask = None
    if masks:
        left, top, width, height = (round(side) for side in box)
        mask = np.zeros((1, 150, 200), np.bool_)
        mask[0, top : top + round(0.7 * height), left : left + width] = True  # smaller than the box
    left, top, width, height = box
    detections = sv.Detections(
        np.array([[left, top, left + width, top + height]]),
        mask,
        np.array([score]),
        np.array([IDS.index(category)]),
    )
    (result,) = to_results(detections, image_id, IDS)
    return result


def by_pycocotools(data: Dataset, results: list[Result], kind: str) -> list[float]:
    """The whole way by pycocotools: a json of the truth, ``loadRes``, ``summarize``."""
    # Of results that have both, ``loadRes`` takes the area of the box; results of masks that are handed in have none.
    results = [{key: value for key, value in r.items() if kind == "bbox" or key != "bbox"} for r in results]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": i.id, "width": i.width, "height": i.height} for i in data.images],
            "categories": [{"id": number} for number in data.categories],
            "annotations": [
                {"id": n, "image_id": a.image_id, "category_id": a.category_id, "iscrowd": int(a.crowd),
                 "bbox": list(a.box), "area": a.area,
                 **({"segmentation": a.segmentation} if a.segmentation else {})}
                for n, a in enumerate(data.annotations, 1)
            ],
        }  # fmt: skip
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) if value >= 0 else float("nan") for value in evaluation.stats[:6]]


@pytest.mark.parametrize(
    ("kind", "iou_type", "masks"), [("box", "bbox", False), ("box", "bbox", True), ("mask", "segm", True)]
)
@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_pycocotools(seed: int, kind: str, iou_type: str, masks: bool) -> None:
    data, results = random_set(seed, masks=masks)
    matches = match(data, results, kind, IDS)
    wanted = by_pycocotools(data, results, iou_type)
    np.testing.assert_allclose(list(vars(matches.score).values()), wanted, atol=1e-12)
    (again,) = matches.resampled(np.ones((1, len(data)), int))
    np.testing.assert_allclose([again.mean(), again[0], again[5]], wanted[:3], atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_resample_is_a_set_with_images_drawn_again(seed: int, draw: int) -> None:
    data, results = random_set(seed)
    drawn = resample(len(data), 1, draw)
    images, annotations, copies = [], [], []
    for image, count in zip(data.images, drawn[0], strict=True):
        for copy in range(count):
            number = image.id + 1000 * copy
            images.append(replace(image, id=number))
            annotations += [replace(a, image_id=number) for a in data.by_image[image.id]]
            copies += [{**r, "image_id": number} for r in results if r["image_id"] == image.id]
    doubled = Dataset("doubled", tuple(images), tuple(annotations), CATEGORIES)
    wanted = by_pycocotools(doubled, copies, "bbox") if copies else [np.nan] * 6
    (value,) = match(data, results, "box", IDS).resampled(drawn)
    np.testing.assert_allclose([value.mean(), value[0]], wanted[:2], atol=1e-12)


def test_a_perfect_recognizer_scores_one(coco_json: Path) -> None:
    data = load_dataset(coco_json)
    ids = data.category_ids(["car", "cow", "person"])
    results = [
        Result(image_id=a.image_id, category_id=a.category_id, bbox=list(a.box), score=0.9) for a in data.annotations
    ]
    assert match(data, results, "box", ids).score.ap == pytest.approx(1)
    # What a recognizer has no class for is not held against it.
    assert match(data, [r for r in results if r["category_id"] == 3], "box", [3, None]).score.ap == pytest.approx(1)
    assert match(data, [], "box", ids).score.ap == 0


def test_results_can_be_written_as_json() -> None:
    mask = np.zeros((2, 30, 20), np.bool_)
    mask[:, 3:9, 4:8] = True
    detections = sv.Detections(
        np.array([[4, 3, 8, 9], [4, 3, 8, 9]], np.float32), mask, np.array([0.5, 0.4]), np.array([1, 0])
    )
    (result,) = json.loads(json.dumps(to_results(detections, 5, [None, 17])))
    assert result["category_id"] == 17 and result["bbox"] == [4, 3, 4, 6] and result["image_id"] == 5
    assert result["segmentation"]["size"] == [30, 20]
    assert to_results(sv.Detections.empty(), 5, [1]) == []


@pytest.mark.parametrize("kind", ["box", "mask"])
def test_a_recognizer_agrees_with_its_own_reference(kind: str) -> None:
    data, results = random_set(3, masks=True)
    unlabeled = replace(data, annotations=(), categories={})
    reference = self_reference(unlabeled, results, ["person", "car", "train"], score=0.5)
    ids = reference.category_ids(["person", "car", "train"])
    assert ids == IDS and len(reference.annotations) == sum(r["score"] >= 0.5 for r in results)
    strong = [r for r in results if r["score"] >= 0.5]
    assert match(reference, strong, kind, ids).score.ap == pytest.approx(1)
    shifted = [{**r, "bbox": [r["bbox"][0] + 9, *r["bbox"][1:]]} for r in strong]
    assert match(reference, shifted, "box", ids).score.ap < 0.9
    with pytest.raises(DatasetError, match="detects nothing with a score of 2 or more"):
        self_reference(unlabeled, results, ["person", "car", "train"], score=2)


def test_an_empty_mask_is_nothing_to_find(coco_json: Path) -> None:
    data = load_dataset(coco_json)
    masks = [rle.encode(np.asfortranarray(np.full((48, 64), full, np.uint8))) for full in (1, 0)]
    detections = [
        {"image_id": 10, "category_id": 1, "bbox": [4.0, 4.0, 9.0, 9.0], "score": 0.9, "segmentation": mask}
        for mask in masks
    ]
    reference = self_reference(replace(data, annotations=(), categories={}), detections, ["person"])
    assert match(reference, detections[:1], "mask", reference.category_ids(["person"])).score.ap == pytest.approx(1)


def test_what_cannot_be_scored_is_told() -> None:
    data, results = random_set(0)
    with pytest.raises(DatasetError, match="has no labels"):
        match(replace(data, categories={}), results, "box", IDS)
    with pytest.raises(DatasetError, match="not every object has a mask"):
        match(data, results, "mask", IDS)
    masked, _ = random_set(0, masks=True)
    with pytest.raises(RecognizerError, match="gives no masks"):
        match(masked, results, "mask", IDS)


def test_resamples_are_drawn_with_replacement() -> None:
    draws = resample(50, 400, seed=1)
    assert draws.shape == (400, 50) and (draws.sum(axis=1) == 50).all()
    assert np.array_equal(draws, resample(50, 400, seed=1)) and not np.array_equal(draws, resample(50, 400, seed=2))
    assert abs((draws == 0).mean() - np.exp(-1)) < 0.02
