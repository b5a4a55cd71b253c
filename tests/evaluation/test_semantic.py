"""A semantic segmenter beside a detector: against labels, and against its own output on the originals."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fovea.baselines import get_baseline
from fovea.datasets import load_dataset
from fovea.errors import DatasetError, RecognizerError
from fovea.evaluation import CodecSpec, Evaluation, Metric, evaluate, find_codec, write_report
from fovea.evaluation.recognizers import find_recognizers, recognize, unpack_class_map
from fovea.evaluation.running import pool
from fovea.recognition import SharedClasses, load_semantic, overlaps, resample

from ..evaluating import evaluating_here

AREAS = Metric("areas", "semantic")
QUALITIES = {"jpeg": [40, 50, 80], "webp": [5, 15, 40]}


def run(data: Path, cache: Path, *recognizers: Path, reference: str | None = None) -> Evaluation:
    specs = [str(recognizer) for recognizer in recognizers]
    return evaluate(load_dataset(data), list(QUALITIES), specs, cache, qualities=QUALITIES, reference=reference)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("semantic") / "cache.sqlite"


@pytest.fixture(scope="module")
def found(cache: Path, masked_set: Path, checkers: Path, segmenter: Path) -> Evaluation:
    """Against labels, with a detector beside the segmenter."""
    with evaluating_here():
        return run(masked_set, cache, checkers, segmenter)


def test_originals_are_segmented_in_full(found: Evaluation):
    assert found.reference == "labels"
    assert found.original_scores[AREAS].miou == 1
    assert set(found.original_scores) == {AREAS, Metric("checkers", "box")}


def test_more_bits_give_more_miou(found: Evaluation):
    scores = [point.scores[AREAS] for point in found.points if point.codec == "jpeg"]
    mious = [score.miou for score in scores]
    assert mious == sorted(mious)
    assert mious[0] < 0.5 < mious[1] < 0.9 < mious[2]
    assert all(score.miou < score.pixel_accuracy for score in scores[:2])


def test_miou_is_that_of_the_decoded_images(found: Evaluation, masked_set: Path, segmenter: Path):
    data, codec, network = load_dataset(masked_set), get_baseline("jpeg"), load_semantic(segmenter)
    shared = SharedClasses.between(data, network.classes)
    maps = network.segment([codec.decode(codec.encode(image.load(), 50)) for image in data.images])
    wanted = overlaps(
        [shared.of_classes[labels] for labels in maps],
        [shared.reference(data, image) for image in data.images],
        len(shared.names),
    )
    (point,) = (point for point in found.points if (point.codec, point.quality) == ("jpeg", 50))
    assert point.scores[AREAS] == wanted.score
    samples = found.curves[AREAS]["jpeg"].score_samples[:, 1]
    assert samples.std() > 0
    assert np.array_equal(samples, wanted.resampled(resample(len(data), len(samples))))


def test_report_tells_miou_beside_ap(found: Evaluation, tmp_path: Path):
    page = write_report(found, tmp_path).read_text()
    with (tmp_path / "points.csv").open() as file:
        first, *_ = csv.DictReader(file)
    assert (first["areas_semantic_miou"], first["areas_semantic_pixel_accuracy"]) == ("100", "100")
    assert "areas_semantic_ap" not in first
    assert first["checkers_box_ap"]
    with (tmp_path / "summary.csv").open() as file:
        kinds = {(row["recognizer"], row["kind"], row["codec"]): row for row in csv.DictReader(file)}
    kept = kinds["areas", "semantic", "jpeg"]
    rates = [point.bpp for point in found.points if point.codec == "jpeg"]
    assert rates[1] < float(kept["bpp_keeping_90"]) < rates[2]
    assert "mIoU, areas, class maps" in page
    assert re.search(r'aria-label="mIoU over bitrate: areas, class maps"', page)
    assert page.count("data:image/png;base64,") == 3  # overlays of the original and two codecs


def test_gallery_shows_class_maps_and_lets_the_background_through(found: Evaluation):
    assert found.gallery.legend("areas") == {1: "person"}
    assert found.gallery.legend("checkers") == {}
    original, *coded = (frame.views["areas"] for frame in found.gallery.frames)
    assert original.summary == "100 % of the pixels correct"
    assert set(np.unique(original.class_map)) == {-1, 1}
    assert (original.class_map == 1).mean() == 3 / 16
    assert all(view.class_map.shape == original.class_map.shape for view in coded)


def test_second_run_does_no_work(
    found: Evaluation, cache: Path, masked_set: Path, checkers: Path, segmenter: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise AssertionError("work is done again")

    with evaluating_here(), monkeypatch.context() as patch:
        patch.setattr(pool, "start_workers", refuse)
        assert run(masked_set, cache, checkers, segmenter).points == found.points


def test_own_class_maps_need_no_labels(found: Evaluation, cache: Path, masked_set: Path, segmenter: Path):
    with evaluating_here():
        alone = run(masked_set.parent / "set", cache, segmenter)
    assert alone.reference == "self"
    assert alone.original_scores[AREAS].miou == 1
    assert alone.points[0].scores[AREAS].miou < 1
    assert alone.gallery.legend("areas") == {0: "sky", 1: "road", 2: "person"}


def test_class_maps_are_packed_small_and_without_loss(segmenter: Path, masked_set: Path):
    picture = load_dataset(masked_set).images[0].load()
    (recognizer,) = find_recognizers([str(segmenter)], picture)
    packed = recognize(recognizer, picture)
    assert np.array_equal(unpack_class_map(packed), load_semantic(segmenter).segment([picture])[0])
    assert len(packed) < 300


def test_labels_without_masks(
    tmp_path: Path, make_dataset: Callable[[int], Path], checkers: Path, segmenter: Path, monkeypatch
):
    monkeypatch.setattr(pool, "start_workers", None)
    with pytest.raises(DatasetError, match="not every object has a mask to compare class maps with"):
        run(make_dataset(1), tmp_path / "cache.sqlite", checkers, segmenter)


def test_segmenter_without_a_common_class(tmp_path: Path, masked_set: Path, segmenter: Path, monkeypatch):
    monkeypatch.setattr(pool, "start_workers", None)
    other = tmp_path / "other.yaml"
    model = segmenter.with_suffix(".onnx")
    other.write_text(f"model: {model}\nread: {{format: classmap}}\nclasses: [sky, road, quasar]\n")
    with pytest.raises(DatasetError, match="none of its categories"):
        run(masked_set, tmp_path / "cache.sqlite", other)


def test_segmenter_gives_no_region_of_interest(segmenter: Path):
    with pytest.raises(RecognizerError, match="gives class maps, and objects are needed"):
        find_codec(CodecSpec.parse(f"jpeg+roi:{segmenter}"))
