import numpy as np
import pytest

from fovea.recognition.output_layouts.boxes import Boxes, Corners, to_xyxy
from fovea.recognition.output_layouts.centernet import CenterNet
from fovea.recognition.output_layouts.yolo import YoloV5, YoloV8, Yolox

SIZE = (32, 64)


def test_yolox_decodes_grid_cells() -> None:
    output = np.zeros((4 * 8 + 2 * 4 + 1 * 2, 5 + 3), np.float32)
    row = 32 + 1 * 4 + 2  # stride 16, cell x = 2, y = 1
    output[row] = [0.5, 0.25, np.log(2), np.log(3), 0.5, 0.8, 0.001, 0.4]
    found = Yolox(format="yolox").decode(SIZE, {"output": output}, 0.01)
    np.testing.assert_allclose(found.scores, [0.4, 0.2])
    assert found.labels.tolist() == [0, 2] and found.rows.tolist() == [row, row]
    x, y = (2 + 0.5) * 16, (1 + 0.25) * 16
    np.testing.assert_allclose(found.boxes[0], [x - 16, y - 24, x + 16, y + 24], rtol=1e-6)


def test_yolov5_multiplies_objectness() -> None:
    output = np.array([[50, 40, 20, 10, 0.5, 0.9, 0.0], [50, 40, 20, 10, 0.001, 0.9, 0.9]], np.float32)
    found = YoloV5(format="yolov5").decode(SIZE, {"output": output}, 0.01)
    np.testing.assert_allclose(found.scores, [0.45])
    assert found.boxes.tolist() == [[40, 35, 60, 45]]


def test_yolov8_keeps_every_pair_above_the_threshold() -> None:
    output = np.zeros((4 + 2 + 3, 5), np.float32)
    output[:6, 3] = [50, 40, 20, 10, 0.7, 0.2]
    output[6:] = 9  # mask coefficients are no class scores
    outputs = {"output0": output, "output1": np.zeros((3, 8, 16), np.float32)}
    found = YoloV8(format="yolov8", masks=True).decode(SIZE, outputs, 0.1)
    assert found.labels.tolist() == [0, 1] and found.rows.tolist() == [3, 3]
    assert found.boxes.tolist() == [[40, 35, 60, 45]] * 2


def test_centernet_takes_the_peaks() -> None:
    heatmap = np.zeros((2, 6, 8), np.float32)
    heatmap[1, 2, 3], heatmap[1, 2, 4], heatmap[0, 5, 7] = 0.9, 0.8, 0.3
    reach = np.tile(np.array([1, 2, 3, 4], np.float32)[:, None, None], (1, 6, 8))
    found = CenterNet(format="centernet").decode(SIZE, {"heatmap": heatmap, "wh": reach}, 0.01)
    np.testing.assert_allclose(found.scores, [0.3, 0.9])
    assert found.labels.tolist() == [0, 1]
    assert found.boxes.tolist() == [[27, 18, 31, 24], [11, 6, 15, 12]]


def test_centernet_leaves_the_choice_of_the_best_to_the_recognizer() -> None:
    """A recognizer that looks for some classes only would otherwise lose them to the peaks of others."""
    heatmap = np.zeros((1, 30, 30), np.float32)
    heatmap[0, ::2, ::2] = 0.5
    outputs = {"heatmap": heatmap, "wh": np.ones((4, 30, 30), np.float32)}
    assert len(CenterNet(format="centernet").decode((120, 120), outputs, 0.01).scores) == 225


def test_boxes_leave_out_fill() -> None:
    outputs = {
        "boxes": np.array([[0, 0, 4, 4], [1, 1, 3, 3], [0, 0, 0, 0]], np.float32),
        "scores": np.array([0.9, 0.005, 0.8], np.float32),
        "labels": np.array([1, 0, -1]),
    }
    layout = Boxes(format="boxes", boxes="boxes", scores="scores", labels="labels")
    found = layout.decode(SIZE, outputs, 0.01)
    assert found.rows.tolist() == [0] and found.labels.tolist() == [1]


def test_ids_of_coco_are_numbered_without_gaps() -> None:
    layout = Boxes(format="boxes", boxes="boxes", scores="scores", labels="labels", numbering="coco-ids")
    labels = np.array([1, 12, 13, 90, 0, -1, 91])
    outputs = {"boxes": np.zeros((7, 4), np.float32), "scores": np.full(7, 0.5, np.float32), "labels": labels}
    found = layout.decode(SIZE, outputs, 0.01)
    assert found.rows.tolist() == [0, 2, 3, 6]  # 91 is no category, and the recognizer refuses it
    assert found.labels.tolist() == [0, 11, 79, 80]


def test_columns_of_scores_may_be_ids_of_coco() -> None:
    layout = Boxes(
        format="boxes", boxes="boxes", scores="logits", labels=None, activation="softmax", numbering="coco-ids"
    )
    logits = np.zeros((2, 92), np.float32)
    logits[0, 13], logits[1, 91] = 9, 9  # a stop sign, and no object
    outputs = {"boxes": np.zeros((2, 4), np.float32), "logits": logits}
    assert layout.classes(SIZE, {name: value.shape for name, value in outputs.items()}) == 80
    found = layout.decode(SIZE, outputs, 0.5)
    assert found.labels.tolist() == [11] and found.rows.tolist() == [0]
    assert layout.classes(SIZE, {"boxes": (2, 4), "logits": (2, 81)}) is None
    with pytest.raises(ValueError, match="leave out first_label"):
        Boxes(format="boxes", boxes="boxes", first_label=1, numbering="coco-ids")


@pytest.mark.parametrize(
    ("masks", "count"), [((9, 28, 28), 3), ((9, 1, 28, 28), 3), ((9, 80, 28, 28), None), ((28, 28), None)]
)
def test_masks_do_not_depend_on_the_class(masks: tuple[int, ...], count: int | None) -> None:
    layout = Boxes(format="boxes", boxes="boxes", scores="scores", masks="masks")
    assert layout.classes(SIZE, {"boxes": (9, 4), "scores": (9, 3), "masks": masks}) == count


def test_sigmoid_of_large_logits_does_not_overflow() -> None:
    layout = Boxes(format="boxes", boxes="boxes", scores="logits", activation="sigmoid")
    outputs = {"boxes": np.zeros((1, 4), np.float32), "logits": np.array([[-1000, 1000, 0]], np.float16)}
    with np.errstate(all="raise"):
        found = layout.decode(SIZE, outputs, 0.1)
    assert found.labels.tolist() == [1, 2] and found.scores.tolist() == [1, 0.5]


@pytest.mark.parametrize(
    ("corners", "box"),
    [
        ("xyxy", [1, 2, 5, 8]),
        ("yxyx", [2, 1, 8, 5]),
        ("cxcywh", [3, 5, 4, 6]),
        ("xywh", [1, 2, 4, 6]),
    ],
)
def test_corners(corners: Corners, box: list[float]) -> None:
    assert to_xyxy(np.array([box], np.float32), corners).tolist() == [[1, 2, 5, 8]]
