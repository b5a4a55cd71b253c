"""What of a recognizer decides whether its results are taken from the cache."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fovea.evaluation import judge, plan
from fovea.evaluation.judge import Judge, fingerprint
from fovea.evaluation.plan import seen_key
from fovea.evaluation.sight import look, objects

DETECTOR = Judge("spec", "name", ("person", "car", "cat"), ("box",), "0123456789abcdef" * 4)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another library, in version 8."""
    monkeypatch.setattr(judge, "recognizer", lambda spec: SimpleNamespace(predict=None))
    monkeypatch.setattr(judge.metadata, "version", lambda name: "8")


def test_weights_that_a_library_finds_by_name_are_told_by_name_and_version(library: None):
    for spec in ("ultralytics:yolo11n.pt", "torchvision:fcos_resnet50_fpn"):
        assert fingerprint(spec) == hashlib.sha256(f"{spec} 8".encode()).hexdigest()


def test_weights_in_a_file_are_told_by_their_content(library: None, tmp_path: Path):
    weights = tmp_path / "best.pt"
    weights.write_bytes(b"first")
    first = fingerprint(f"ultralytics:{weights}")
    assert fingerprint(f"ultralytics:{weights}") == first
    weights.write_bytes(b"trained further")
    assert fingerprint(f"ultralytics:{weights}") != first


def test_weights_in_a_folder_are_told_by_their_content(library: None, tmp_path: Path):
    (tmp_path / "best.bin").write_bytes(b"first")
    first = fingerprint(f"ultralytics:{tmp_path}")
    (tmp_path / "best.bin").write_bytes(b"trained further")
    assert fingerprint(f"ultralytics:{tmp_path}") != first


def test_what_was_seen_is_kept_until_seeing_changes(monkeypatch: pytest.MonkeyPatch):
    assert seen_key("image", DETECTOR) == "image/seen/0123456789abcdef"
    monkeypatch.setattr(plan, "RECOGNITION", "/2")
    assert seen_key("image", DETECTOR) == "image/seen/0123456789abcdef/2"


def test_classes_that_do_not_count_are_left_out_and_told_apart():
    assert DETECTOR.asked_for([1, 3, 17]) is DETECTOR
    some = DETECTOR.asked_for([1, None, 17])
    assert some.only == (0, 2)
    assert len({seen_key("image", one) for one in (DETECTOR, some, DETECTOR.asked_for([1, None, None]))}) == 3


def test_segmenters_keep_all_classes():
    segmenter = Judge("spec", "name", ("sky", "person"), ("semantic",), "")
    assert segmenter.asked_for([None, 1]) is segmenter


def test_classes_that_do_not_count_take_no_place_among_detections(checkers: Path):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:16, :16] = 255 * (np.indices((16, 16)).sum(axis=0) % 2)[..., None]
    (seeing,) = judge.judges([str(checkers)], picture)
    blind = seeing.asked_for([None, *range(1, 80)])
    assert [len(objects(look(one, picture), 1, range(80))) for one in (seeing, blind)] == [1, 0]
