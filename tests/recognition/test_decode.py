import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fovea.recognition import decode
from fovea.recognition.nms import nms


def test_yolox_decodes_grid_cells() -> None:
    size, strides = (32, 64), (8, 16, 32)
    output = np.zeros((4 * 8 + 2 * 4 + 1 * 2, 5 + 3), np.float32)
    row = 32 + 1 * 4 + 2  # stride 16, cell x = 2, y = 1
    output[row] = [0.5, 0.25, np.log(2), np.log(3), 0.5, 0.8, 0.001, 0.4]
    found = decode.yolox(output, size, 0.01, strides)
    np.testing.assert_allclose(found.scores, [0.4, 0.2])
    assert found.labels.tolist() == [0, 2] and found.rows.tolist() == [row, row]
    x, y = (2 + 0.5) * 16, (1 + 0.25) * 16
    np.testing.assert_allclose(found.boxes[0], [x - 16, y - 24, x + 16, y + 24], rtol=1e-6)


def test_yolov5_multiplies_objectness() -> None:
    output = np.array([[50, 40, 20, 10, 0.5, 0.9, 0.0], [50, 40, 20, 10, 0.001, 0.9, 0.9]], np.float32)
    found = decode.yolov5(output, 0.01)
    np.testing.assert_allclose(found.scores, [0.45])
    assert found.boxes.tolist() == [[40, 35, 60, 45]]


def test_yolov8_keeps_every_pair_above_the_threshold() -> None:
    output = np.zeros((4 + 2 + 3, 5), np.float32)
    output[:6, 3] = [50, 40, 20, 10, 0.7, 0.2]
    output[6:] = 9  # mask coefficients are no class scores
    found = decode.yolov8(output, 2, 0.1)
    assert found.labels.tolist() == [0, 1] and found.rows.tolist() == [3, 3]
    assert found.boxes.tolist() == [[40, 35, 60, 45]] * 2


def test_centernet_takes_the_peaks() -> None:
    heatmap = np.zeros((2, 6, 8), np.float32)
    heatmap[1, 2, 3], heatmap[1, 2, 4], heatmap[0, 5, 7] = 0.9, 0.8, 0.3
    reach = np.tile(np.array([1, 2, 3, 4], np.float32)[:, None, None], (1, 6, 8))
    found = decode.centernet(heatmap, reach, 4, 0.01)
    np.testing.assert_allclose(found.scores, [0.9, 0.3])
    assert found.labels.tolist() == [1, 0]
    assert found.boxes.tolist() == [[11, 6, 15, 12], [27, 18, 31, 24]]
    assert len(decode.centernet(heatmap, reach, 4, 0.01, limit=1).scores) == 1


def test_scored_boxes_leave_out_fill() -> None:
    boxes = np.array([[0, 0, 4, 4], [1, 1, 3, 3], [0, 0, 0, 0]], np.float32)
    found = decode.scored_boxes(boxes, np.array([0.9, 0.005, 0.8], np.float32), np.array([1, 0, -1]), 0.01)
    assert found.rows.tolist() == [0] and found.labels.tolist() == [1]


@pytest.mark.parametrize(
    ("corners", "box"),
    [
        ("xyxy", [1, 2, 5, 8]),
        ("yxyx", [2, 1, 8, 5]),
        ("cxcywh", [3, 5, 4, 6]),
        ("xywh", [1, 2, 4, 6]),
    ],
)
def test_corners(corners: decode.Corners, box: list[float]) -> None:
    assert decode.to_xyxy(np.array([box], np.float32), corners).tolist() == [[1, 2, 5, 8]]


def slow_nms(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou: float) -> list[int]:
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        for j in kept:
            low, high = np.maximum(boxes[i, :2], boxes[j, :2]), np.minimum(boxes[i, 2:], boxes[j, 2:])
            both = np.prod(np.maximum(high - low, 0))
            either = np.prod(boxes[i, 2:] - boxes[i, :2]) + np.prod(boxes[j, 2:] - boxes[j, :2]) - both
            if labels[i] == labels[j] and both > iou * either:
                break
        else:
            kept.append(i)
    return kept


@given(st.integers(0, 60), st.floats(0.1, 0.9), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_nms_is_the_greedy_one(count: int, iou: float, limit: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 30, (count, 2))
    boxes = np.concatenate([corner, corner + random.uniform(1, 30, (count, 2))], axis=1)
    scores, labels = random.uniform(size=count), random.integers(0, 3, count)
    assert nms(boxes, scores, labels, iou, limit).tolist() == slow_nms(boxes, scores, labels, iou)[:limit]
