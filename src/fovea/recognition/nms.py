"""Non-maximum suppression (NMS)."""

import numpy as np
from numpy.typing import NDArray


def nms(
    boxes: NDArray[np.floating],
    scores: NDArray[np.floating],
    labels: NDArray[np.integer],
    iou: float,
    limit: int,
) -> NDArray[np.int64]:
    """Suppress boxes that overlap a better box of their class: greedy non-maximum suppression within each class
    (Felzenszwalb et al., Object Detection with Discriminatively Trained Part-Based Models, TPAMI 2010).

    The best boxes are chosen first, and the search ends at ``limit``: a network gives thousands of candidates, and
    the rest of them cannot change which are the best.

    Args:
        boxes: [N, 4] corners x1, y1, x2, y2.
        scores: [N].
        labels: [N] class indices.
        iou: intersection over union, 0 to 1, above which two boxes of one class are one object.
        limit: largest number of boxes that are kept.

    Returns:
        The indices of the boxes that are kept, best first.

    Example:
        >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [1, 0, 10, 10.0]])
        >>> nms(boxes, np.array([0.9, 0.8, 0.7]), np.array([0, 0, 1]), 0.5, 100).tolist()
        [0, 2]
    """
    left = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = boxes[left].T
    area, label = (x2 - x1) * (y2 - y1), labels[left]
    kept: list[int] = []
    while len(left) and len(kept) < limit:
        kept.append(int(left[0]))
        width = np.minimum(x2, x2[0]) - np.maximum(x1, x1[0])
        height = np.minimum(y2, y2[0]) - np.maximum(y1, y1[0])
        overlap = np.maximum(width, 0) * np.maximum(height, 0)
        stay = (overlap <= iou * (area + area[0] - overlap)) | (label != label[0])
        stay[0] = False
        left, label, area = left[stay], label[stay], area[stay]
        x1, y1, x2, y2 = x1[stay], y1[stay], x2[stay], y2[stay]
    return np.array(kept, dtype=np.int64)
