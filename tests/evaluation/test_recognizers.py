"""What decides whether the output of a recognizer is taken from the cache."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fovea.datasets import Dataset
from fovea.evaluation import recognizers
from fovea.evaluation.recognizers import (
    RecognizerInfo,
    find_recognizers,
    fingerprint,
    recognize,
    unpack_detections,
)
from fovea.evaluation.running import plan as plan_module
from fovea.evaluation.running.plan import ORIGINAL, Plan

DETECTOR = RecognizerInfo("spec", "name", ("person", "car", "cat"), ("box",), "0123456789abcdef" * 4)


def output_key(recognizer: RecognizerInfo) -> str:
    plan = Plan(Dataset("set", (), (), {}), ("image",), (), (recognizer,), "labels", Path())
    return plan.output_key(0, ORIGINAL, recognizer)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another library, in version 8."""
    monkeypatch.setattr(recognizers, "load_recognizer", lambda spec: SimpleNamespace(predict=None))
    monkeypatch.setattr(recognizers.metadata, "version", lambda name: "8")


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


def test_outputs_are_kept_until_recognition_changes(monkeypatch: pytest.MonkeyPatch):
    assert output_key(DETECTOR).endswith("/seen/0123456789abcdef")
    monkeypatch.setattr(plan_module, "RECOGNITION", "/2")
    assert output_key(DETECTOR).endswith("/seen/0123456789abcdef/2")


def test_classes_that_do_not_count_are_left_out_and_told_apart():
    assert DETECTOR.limited_to([1, 3, 17]) is DETECTOR
    some = DETECTOR.limited_to([1, None, 17])
    assert some.only == (0, 2)
    assert len({output_key(one) for one in (DETECTOR, some, DETECTOR.limited_to([1, None, None]))}) == 3


def test_segmenters_keep_all_classes():
    segmenter = RecognizerInfo("spec", "name", ("sky", "person"), ("semantic",), "")
    assert segmenter.limited_to([None, 1]) is segmenter


def test_classes_that_do_not_count_take_no_place_among_detections(checkers: Path):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:16, :16] = 255 * (np.indices((16, 16)).sum(axis=0) % 2)[..., None]
    (detector,) = find_recognizers([str(checkers)], picture)
    limited = detector.limited_to([None, *range(1, 80)])
    assert [len(unpack_detections(recognize(one, picture), 1, range(80))) for one in (detector, limited)] == [1, 0]
