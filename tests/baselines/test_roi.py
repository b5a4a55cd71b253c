import numpy as np
import pytest
import supervision as sv

from fovea.baselines import RoiCodec, detections_mask, get_baseline, roi_from_recognizer
from fovea.errors import BaselineError


@pytest.fixture
def noisy():
    """Gray noise: color would suffer from 4:2:0 alone."""
    gray = np.random.default_rng(3).integers(0, 256, (120, 160, 1), dtype=np.uint8)
    return np.ascontiguousarray(np.broadcast_to(gray, (120, 160, 3)))


@pytest.fixture
def inside():
    region = np.zeros((120, 160), np.bool_)
    region[40:80, 50:100] = True
    return region


def test_lowers_the_rate_and_keeps_the_inside(noisy, inside):
    jpeg = get_baseline("jpeg")
    wrapped = RoiCodec(jpeg, lambda _: inside)
    data = wrapped.encode(noisy, 90)
    assert len(data) < 0.6 * len(jpeg.encode(noisy, 90))
    errors = np.abs(wrapped.decode(data).astype(int) - noisy).mean(axis=2)
    plain = np.abs(jpeg.decode(jpeg.encode(noisy, 90)).astype(int) - noisy).mean(axis=2)
    assert errors[inside].mean() < 1.1 * plain[inside].mean()
    assert errors[:20].mean() > 2 * plain[:20].mean()


def test_map_and_margin_stay_as_they_are(noisy, inside):
    smooth = RoiCodec(get_baseline("jpeg"), lambda _: inside, margin=8, feather=4).smooth(noisy)
    np.testing.assert_array_equal(smooth[32:88, 42:108], noisy[32:88, 42:108])
    assert smooth[:20].std() < 0.3 * noisy[:20].std()
    assert smooth.dtype == np.uint8


@pytest.mark.parametrize("value", [0, 1])
def test_empty_and_full_maps(noisy, value):
    smooth = RoiCodec(get_baseline("jpeg"), lambda image: np.full(image.shape[:2], value, np.bool_)).smooth(noisy)
    assert np.array_equal(smooth, noisy) == bool(value)


def test_half_a_map_is_half_way(noisy):
    whole = RoiCodec(get_baseline("jpeg"), lambda image: np.zeros(image.shape[:2])).smooth(noisy).astype(float)
    half = RoiCodec(get_baseline("jpeg"), lambda image: np.full(image.shape[:2], 0.5)).smooth(noisy)
    assert np.abs(half - (whole + noisy) / 2).max() <= 0.51


def test_name():
    assert RoiCodec(get_baseline("vvc"), lambda _: np.zeros((1, 1))).name == "vvc:fast+roi"


def test_map_of_the_wrong_size(noisy):
    with pytest.raises(BaselineError, match=r"the map is \[3, 4\], the image \[120, 160\]"):
        RoiCodec(get_baseline("jpeg"), lambda _: np.zeros((3, 4))).encode(noisy, 50)


def test_detections_mask_of_boxes_and_masks():
    boxes = np.array([[1.2, 0.5, 3.1, 2.0], [-5.0, 3.0, 2.0, 90.0]])
    region = detections_mask(sv.Detections(xyxy=boxes), 5, 6)
    expected = np.zeros((5, 6), np.bool_)
    expected[0:2, 1:4] = True
    expected[3:5, 0:2] = True
    np.testing.assert_array_equal(region, expected)
    masks = np.zeros((2, 5, 6), np.bool_)
    masks[0, 1, 1] = masks[1, 4, 5] = True
    region = detections_mask(sv.Detections(xyxy=boxes, mask=masks), 5, 6)
    assert np.argwhere(region).tolist() == [[1, 1], [4, 5]]
    assert not detections_mask(sv.Detections.empty(), 5, 6).any()
    assert not detections_mask(sv.Detections(xyxy=np.zeros((0, 4)), mask=np.zeros((0, 5, 6), np.bool_)), 5, 6).any()


def test_roi_from_recognizer_draws_detections_with_a_high_score(noisy):
    class Recognizer:
        def predict(self, images):
            boxes = np.array([[0, 0, 10, 10], [20, 20, 30, 30]], float)
            return [sv.Detections(xyxy=boxes, confidence=np.array([0.9, 0.1])) for _ in images]

    region = roi_from_recognizer(Recognizer(), min_score=0.5)(noisy)
    assert region.shape == (120, 160)
    assert region[:10, :10].all()
    assert region.sum() == 100
