import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fovea.recognition.nms import nms


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
