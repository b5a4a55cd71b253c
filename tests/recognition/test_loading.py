import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fovea.datasets import COCO_CLASSES
from fovea.errors import RecognizerError
from fovea.recognition import OnnxRecognizer, OnnxSegmenter, load, load_any, load_semantic
from fovea.recognition.families import families

from ..onnx_models import save

MakeModel = Callable[..., Path]

GRAY = np.full((96, 96, 3), 128, np.uint8)
CELLS = 144 + 36 + 9  # strides 8, 16, 32 on a canvas of 96


def rows(columns: int, count: int, row: list[float]) -> np.ndarray:
    output = np.zeros((1, count, columns), np.float32)
    output[0, 0, : len(row)] = row
    return output


def family_outputs() -> dict[str, dict[str, np.ndarray]]:
    """For each family the outputs of a model that sees one object, of class 2 from (8, 4) to (24, 28)."""
    score = [0.0, 0.0, 0.5]
    yolox = rows(85, CELLS, [2, 2, np.log(2), np.log(3), 1, *score])
    yolov5 = rows(85, 3 * CELLS, [16, 16, 16, 24, 1, *score])
    yolov8 = rows(84, CELLS, [16, 16, 16, 24, *score])
    segmenter = np.concatenate([yolov8, rows(32, CELLS, [1])], axis=2)
    prototypes = np.full((1, 32, 24, 24), 1, np.float32)
    prototypes[0, 0, :4] = -1
    heatmap = np.zeros((1, 80, 24, 24), np.float32)
    heatmap[0, 2, 4, 4] = 0.5
    reach = np.zeros((1, 4, 24, 24), np.float32)
    reach[0, :, 4, 4] = 8, 12, 8, 12
    return {
        "yolox": {"output": yolox},
        "yolov5": {"output": yolov5},
        "yolov8": {"output0": yolov8.transpose(0, 2, 1)},
        "yolov8-seg": {"output0": segmenter.transpose(0, 2, 1), "output1": prototypes},
        "centernet": {"heatmap": heatmap, "wh": reach},
    }


@pytest.mark.parametrize("family", sorted(family_outputs()))
def test_families_are_known_by_their_outputs(family: str, make_model: MakeModel) -> None:
    recognizer = load(make_model("anything", (1, 3, 96, 96), family_outputs()[family]))
    assert isinstance(recognizer, OnnxRecognizer) and recognizer.model.description == families()[family]
    assert recognizer.name == "anything" and recognizer.classes == tuple(COCO_CLASSES.values())
    (detections,) = recognizer.predict([GRAY])
    np.testing.assert_allclose(detections.xyxy, [[8, 4, 24, 28]], atol=1e-4)
    assert detections.class_id.tolist() == [2] and detections.confidence.tolist() == [0.5]
    assert (detections.mask is not None) == (family == "yolov8-seg")
    if detections.mask is not None:
        ys, xs = np.nonzero(detections.mask[0])
        assert (xs.min(), xs.max(), ys.max()) == (8, 23, 27) and 14 <= ys.min() <= 17


def test_families_are_fed_as_they_were_trained() -> None:
    fed = {
        name: (told.feed.resize, told.feed.anchor, told.feed.color, told.feed.range, told.nms)
        for name, told in families().items()
    }
    ultralytics = ("letterbox", "center", "rgb", "0..1")
    assert fed == {
        "yolox": ("letterbox", "top-left", "bgr", "0..255", 0.65),
        "yolov5": (*ultralytics, 0.65),
        "yolov8": (*ultralytics, 0.7),
        "yolov8-seg": (*ultralytics, 0.7),
        "centernet": ("stretch", "center", "rgb", "0..255", None),
        "yolo-end-to-end": (*ultralytics, None),
    }


@pytest.mark.parametrize("family", sorted(family_outputs()))
def test_seeing_nothing_is_no_error(family: str, make_model: MakeModel) -> None:
    outputs = {name: np.zeros_like(value) for name, value in family_outputs()[family].items()}
    (detections,) = load(make_model("blind", (1, 3, 96, 96), outputs)).predict([GRAY[:40]])
    assert len(detections) == 0 and detections.xyxy.shape == (0, 4)
    assert load(make_model("blind", (1, 3, 96, 96), outputs)).predict([]) == []


def test_threshold_and_limit(make_model: MakeModel) -> None:
    output = np.zeros((1, 84, CELLS), np.float32)
    for index in range(10):
        output[0, :5, index] = [index * 6, 30, 4, 4, 0.1 * (index + 1)]
    path = make_model("many", (1, 3, 96, 96), {"output0": output})
    (detections,) = load(path, limit=3).predict([GRAY])
    np.testing.assert_allclose(detections.confidence, [1.0, 0.9, 0.8], rtol=1e-6)
    (detections,) = load(path, threshold=0.75).predict([GRAY])
    assert len(detections) == 3


def test_classes_that_are_not_asked_for_take_no_place(make_model: MakeModel) -> None:
    output = np.zeros((1, 84, CELLS), np.float32)
    for index in range(10):
        output[0, :4, index] = [index * 6, 30, 4, 4]
        output[0, 4 + (index < 2), index] = 1 - 0.1 * index  # the best two are bicycles
    recognizer = load(make_model("many", (1, 3, 96, 96), {"output0": output}), limit=2)
    (detections,) = recognizer.predict([GRAY])
    assert detections.class_id.tolist() == [1, 1]
    (detections,) = recognizer.predict([GRAY], only=[0, 5])
    assert detections.class_id.tolist() == [0, 0]
    np.testing.assert_allclose(detections.confidence, [0.8, 0.7], rtol=1e-6)
    assert len(recognizer.predict([GRAY], only=[])[0]) == 0


def test_fingerprint_tells_weights_and_description_apart(make_model: MakeModel, tmp_path: Path) -> None:
    outputs = family_outputs()["yolov8"]
    path = make_model("a", (1, 3, 96, 96), outputs)
    first = load(path).model.fingerprint
    assert load(path).model.fingerprint == first
    path.with_suffix(".yaml").write_text("read: {format: yolov8}\nnms: 0.5\n")
    assert load(path).model.fingerprint != first
    other = make_model("b", (1, 3, 96, 96), {"output0": outputs["output0"] * 2})
    assert load(other).model.fingerprint != first


def test_fingerprint_of_one_file_is_that_of_weights_and_description(make_model: MakeModel) -> None:
    """Caches of evaluations hold days of work under it."""
    path = make_model("a", (1, 3, 96, 96), family_outputs()["yolov8"])
    model = load(path).model
    told = model.description.model_dump_json(exclude={"model": True, "feed": {"inputs"}}).encode()
    assert model.fingerprint == hashlib.sha256(path.read_bytes() + told).hexdigest()


@pytest.mark.parametrize("location", ["a.onnx.data", "weights/a.bin", "a" * 200 + ".bin"])
def test_fingerprint_tells_weights_in_another_file_apart(location: str, tmp_path: Path) -> None:
    def save(scale: float) -> None:
        rows = numpy_helper.from_array(scale * family_outputs()["yolov8"]["output0"], "rows")
        graph = helper.make_graph(
            [helper.make_node("Identity", ["rows"], ["output0"])],
            "external",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, (1, 3, 96, 96))],
            [helper.make_tensor_value_info("output0", TensorProto.FLOAT, (1, 84, CELLS))],
            [rows],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        helper.set_model_props(model, {"location": "no file\0"})
        (tmp_path / location).unlink(missing_ok=True)
        onnx.save(model, path, save_as_external_data=True, location=location, size_threshold=0)

    path = tmp_path / "a.onnx"
    (tmp_path / location).parent.mkdir(exist_ok=True)
    save(1)
    first, graph = load(path).model, path.read_bytes()
    assert first.network.external_data == (tmp_path / location,)
    assert load(path).model.fingerprint == first.fingerprint
    save(0.5)
    assert path.read_bytes() == graph
    assert load(path).model.fingerprint != first.fingerprint


def test_class_names_come_from_the_metadata(make_model: MakeModel) -> None:
    output = np.zeros((1, 6, CELLS), np.float32)
    names = {"names": "{0: 'ship', 1: 'buoy'}"}
    assert load(make_model("m", (1, 3, 96, 96), {"o": output}, metadata=names)).classes == ("ship", "buoy")
    with pytest.raises(RecognizerError, match=r"has 2 classes, and 0 names are known: list 'classes' in n\.yaml"):
        load(make_model("n", (1, 3, 96, 96), {"o": output}))


def test_open_output_shapes_are_found_by_a_run(make_model: MakeModel) -> None:
    output = family_outputs()["yolov8"]["output0"]
    declared = {"output0": ("batch", 84, "cells")}
    assert len(load(make_model("m", (1, 3, 96, 96), {"output0": output}, declared=declared)).predict([GRAY])[0]) == 1


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_batches_give_each_image_its_own(batch: int | str, echo_model: Callable[..., Path]) -> None:
    path = echo_model((batch, 3, 8, 8))
    text = "feed: {size: 8, range: 0..255}\nread: {format: classmap}\nclasses: [red, green, blue]\n"
    path.with_suffix(".yaml").write_text(text)
    images = [np.zeros((8 + index, 8, 3), np.uint8) for index in range(11)]
    for index, image in enumerate(images):
        image[..., index % 3] = 200
    maps = load_semantic(path).segment(images)
    assert [found.shape for found in maps] == [image.shape[:2] for image in images]
    assert [set(np.unique(found)) for found in maps] == [{index % 3} for index in range(11)]


@pytest.mark.parametrize(
    ("outputs", "read"),
    [
        (
            {"rows": np.array([[[10, 20, 30, 40, 0.9, 2], [0, 0, 0, 0, 0, 0]]], np.float32)},
            "{format: boxes, boxes: rows, first_label: 1}",
        ),
        (
            {
                "b": np.array([[[20, 10, 40, 30]]], np.float32) / 96,
                "s": np.array([[0.9]], np.float32),
                "l": np.array([[1]], np.int64),
            },
            "{format: boxes, boxes: b, scores: s, labels: l, corners: yxyx, units: relative}",
        ),
        (
            {"b": np.array([[[20, 30, 20, 20]]], np.float32), "s": np.array([[[0, 0.9, 0]]], np.float32)},
            "{format: boxes, boxes: b, scores: s, corners: cxcywh}",
        ),
        (
            {"dets": np.array([[[10, 20, 30, 40, 0.9]]], np.float32), "labels": np.array([[1]])},
            "{format: boxes, boxes: dets, labels: labels}",
        ),
        (
            {"rows": np.array([[[10, 20, 30, 40, 0, 0.9, 0]]], np.float32)},
            "{format: boxes, boxes: rows, scores: rows}",
        ),
        (
            {"logits": np.array([[[-9, 2.2, -99]]], np.float32), "b": np.array([[[10, 20, 30, 40]]], np.float32)},
            "{format: boxes, boxes: b, scores: logits, activation: sigmoid}",
        ),
        (
            {"logits": np.array([[[0, 4, 0, 0]]], np.float32), "b": np.array([[[10, 20, 30, 40]]], np.float32)},
            "{format: boxes, boxes: b, scores: logits, activation: softmax}",
        ),
        (
            {"logits": np.array([[[0, 0, 4, 0]]], np.float32), "b": np.array([[[10, 20, 30, 40]]], np.float32)},
            "{format: boxes, boxes: b, scores: logits, activation: softmax, first_label: 1}",
        ),
        (
            {"b": np.array([[10, 20, 30, 40]], np.float32), "s": np.array([0.9], np.float32), "l": np.array([1])},
            "{format: boxes, boxes: b, scores: s, labels: l}",
        ),
    ],
)
def test_models_that_decode_themselves(outputs: dict[str, np.ndarray], read: str, make_model: MakeModel) -> None:
    path = make_model("detr", (1, 3, 96, 96), outputs)
    described = path.with_name("described.yaml")
    described.write_text(f"model: detr.onnx\nread: {read}\nclasses: [a, b, c]\n")
    for detections in load(described, threshold=0.5).predict([np.zeros((192, 192, 3), np.uint8)] * 2):
        np.testing.assert_allclose(detections.xyxy, [[20, 40, 60, 80]], rtol=1e-5)
        assert detections.class_id.tolist() == [1] and 0.88 < detections.confidence[0] < 0.96


def test_yolo_with_its_own_suppression_is_known_by_its_names(make_model: MakeModel) -> None:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [8, 4, 24, 28, 0.5, 1]
    path = make_model("yolov10n", (1, 3, 96, 96), {"output0": rows}, metadata={"names": "{0: 'ship', 1: 'buoy'}"})
    (detections,) = load(path).predict([GRAY])
    assert detections.xyxy.tolist() == [[8, 4, 24, 28]] and detections.class_id.tolist() == [1]
    with pytest.raises(RecognizerError, match=r"an unknown number of classes, .* list 'classes' in other\.yaml"):
        load(make_model("other", (1, 3, 96, 96), {"output0": rows}))


@pytest.mark.parametrize("cover", ["canvas", "box"])
def test_masks_of_models_that_decode_themselves(cover: str, make_model: MakeModel) -> None:
    """A triangle, and an object that is all of its box. The canvas has a margin of 24 above and below the image."""
    plane = np.triu(np.ones((1, 28, 28), np.float32))
    if cover == "canvas":
        drawn = np.zeros((1, 96, 96), np.float32)
        drawn[0, 32:60, 40:68] = plane[0]
        plane = drawn
    outputs = {
        "boxes": np.array([[40, 32, 68, 60], [0, 10, 20, 40]], np.float32),
        "labels": np.array([1, 1]),
        "scores": np.array([0.9, 0.8], np.float32),
        "masks": np.stack([plane, np.ones_like(plane)]),
    }
    path = make_model("mask_rcnn", (3, 96, 96), outputs)
    read = f"{{format: boxes, boxes: boxes, scores: scores, labels: labels, masks: masks, masks_cover: {cover}}}"
    path.with_suffix(".yaml").write_text(f"feed: {{layout: chw}}\nread: {read}\nclasses: [a, b]\n")
    (found,) = load(path).predict([np.zeros((96, 192, 3), np.uint8)])
    np.testing.assert_allclose(found.xyxy, [[80, 16, 136, 72], [0, 0, 40, 32]])
    assert found.mask.shape == (2, 96, 192)
    triangle, full = found.mask
    assert np.argwhere(full).min(axis=0).tolist() == [0, 0] and full.sum() == 40 * 32
    ys, xs = np.nonzero(triangle)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (16, 71, 80, 135)
    assert triangle[20, 130] and not triangle[66, 90] and abs(int(triangle.sum()) - 28 * 57) < 60


def sized_model(folder: Path, batch: int | str) -> Path:
    """A model that takes the size of each image, and scales its box by it."""
    box = np.array([[0.1, 0.2, 0.3, 0.4, 0.9 / 96, 1 / 96]], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["orig_target_sizes"], ["sizes"], to=TensorProto.FLOAT),
            helper.make_node("Concat", ["sizes", "sizes", "sizes"], ["sides"], axis=1),
            helper.make_node("Unsqueeze", ["sides", "axis"], ["each"]),
            helper.make_node("Mul", ["each", "box"], ["rows"]),
        ],
        "sized",
        [
            helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, (batch, 2)),
            helper.make_tensor_value_info("images", TensorProto.FLOAT, (batch, 3, 96, 96)),
        ],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, (batch, 1, 6))],
        [numpy_helper.from_array(box, "box"), numpy_helper.from_array(np.array([1]), "axis")],
    )
    return save(folder / "sized.onnx", graph, {})


@pytest.mark.parametrize("batch", [1, 2, "batch"])
def test_further_inputs_are_the_same_for_every_image(batch: int | str, tmp_path: Path) -> None:
    path = sized_model(tmp_path, batch)
    text = "read: {format: boxes}\nclasses: [a, b]\nfeed: {resize: stretch, inputs: {orig_target_sizes: [96, 96]}}\n"
    path.with_suffix(".yaml").write_text(text)
    found = load(path).predict([np.zeros((192, 96, 3), np.uint8)] * 3)
    assert len(found) == 3
    for detections in found:
        np.testing.assert_allclose(detections.xyxy, [[9.6, 38.4, 28.8, 76.8]], rtol=1e-5)
        assert detections.class_id.tolist() == [1]
    first = load(path).model.fingerprint
    path.with_suffix(".yaml").write_text(text.replace("[96, 96]", "[48, 48]"))
    assert load(path).model.fingerprint != first


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ("{}", r"one input of images.*: state the values of other inputs in sized\.yaml"),
        ("{size: [96, 96]}", "it has no input 'size'"),
        ("{orig_target_sizes: 96, images: 1}", "it must have one input of images"),
        (
            "{orig_target_sizes: [96.5, 96]}",
            r"states \(96\.5, 96\.0\) for input orig_target_sizes, which is a tensor\(int64",
        ),
        ("{orig_target_sizes: [1.0e+30, 96]}", r"which is a tensor\(int64\)"),
    ],
)
def test_further_inputs_have_to_fit(inputs: str, words: str, tmp_path: Path) -> None:
    path = sized_model(tmp_path, 1)
    path.with_suffix(".yaml").write_text(f"feed: {{inputs: {inputs}}}\nread: {{format: boxes}}\n")
    with pytest.raises(RecognizerError, match=words):
        load(path)


@pytest.mark.parametrize("kind", [TensorProto.UINT8, TensorProto.FLOAT16])
def test_images_come_in_the_type_of_the_input(kind: int, echo_model: Callable[..., Path]) -> None:
    path = echo_model((1, 3, 8, 8), kind)
    path.with_suffix(".yaml").write_text("feed: {range: 0..255}\nread: {format: classmap}\nclasses: [a, b, c]\n")
    image = np.zeros((8, 8, 3), np.uint8)
    image[:4, :, 1], image[4:, :, 2] = 1, 250
    (found,) = load_semantic(path).segment([image])
    assert np.unique(found[:4]).tolist() == [1] and np.unique(found[4:]).tolist() == [2]


def test_bytes_are_not_fed_with_fractions(echo_model: Callable[..., Path]) -> None:
    path = echo_model((1, 3, 8, 8), TensorProto.UINT8)
    path.with_suffix(".yaml").write_text("read: {format: classmap}\nclasses: [a, b, c]\n")
    with pytest.raises(RecognizerError, match=r"the input has 8 bits: state feed\.range 0\.\.255"):
        load_semantic(path)


def test_a_batch_without_an_axis_in_the_outputs_is_refused(make_model: MakeModel) -> None:
    outputs = {"b": np.zeros((1, 4), np.float32), "s": np.zeros(1, np.float32), "l": np.zeros(1, np.int64)}
    path = make_model("pair", (2, 3, 96, 96), outputs)
    path.with_suffix(".yaml").write_text("read: {format: boxes, boxes: b, scores: s, labels: l}\nclasses: [a]\n")
    with pytest.raises(RecognizerError, match="it takes 2 images at once, and its outputs have no axis for them"):
        load(path)


def test_class_maps_and_boxes_are_not_mixed_up(echo_model: Callable[..., Path], make_model: MakeModel) -> None:
    path = echo_model((1, 3, 8, 8))
    path.with_suffix(".yaml").write_text("read: {format: classmap}\nclasses: [a, b, c]\n")
    with pytest.raises(RecognizerError, match="gives class maps, not objects"):
        load(path)
    with pytest.raises(RecognizerError, match="gives boxes, not class maps"):
        load_semantic(make_model("m", (1, 3, 96, 96), family_outputs()["yolov8"]))


def test_load_any_tells_them_apart(echo_model: Callable[..., Path], make_model: MakeModel) -> None:
    path = echo_model((1, 3, 8, 8))
    path.with_suffix(".yaml").write_text("read: {format: classmap}\nclasses: [a, b, c]\n")
    assert isinstance(load_any(path), OnnxSegmenter)
    assert isinstance(load_any(make_model("m", (1, 3, 96, 96), family_outputs()["yolov8"])), OnnxRecognizer)


@pytest.mark.parametrize("label", [-1, 2])
def test_labels_that_have_no_name_are_refused(label: int, make_model: MakeModel) -> None:
    path = make_model("labels", (1, 3, 8, 8), {"labels": np.array([[[0, 1], [label, 1]]])})
    path.with_suffix(".yaml").write_text("read: {format: classmap}\nclasses: [a, b]\n")
    with pytest.raises(RecognizerError, match=rf"labels\.onnx: the model gives class {label}, and 2 classes are named"):
        load_semantic(path).segment([GRAY])


def test_detections_of_a_class_without_a_name_are_refused(make_model: MakeModel) -> None:
    rows = np.array([[[10, 20, 30, 40, 0.9, 2], [50, 50, 60, 60, 0.8, 1]]], np.float32)
    path = make_model("rows", (1, 3, 96, 96), {"rows": rows})
    path.with_suffix(".yaml").write_text("read: {format: boxes, boxes: rows}\nclasses: [a, b]\n")
    recognizer = load(path)
    with pytest.raises(RecognizerError, match=r"rows\.onnx: the model gives class 2, and 2 classes are named"):
        recognizer.predict([GRAY])
    (named,) = recognizer.predict([GRAY], only=[0, 1])
    assert named.class_id.tolist() == [1]


@pytest.mark.parametrize(
    ("image", "shape", "words"),
    [
        ((1, 3, 96, 96), (1, 7, 7), "no known family"),
        ((1, 1, 96, 96), (1, 84, CELLS), "1 channels"),
        ((1, 3, "h", "w"), (1, 84, CELLS), "takes any size"),
        ((3, 96, 96), (1, 84, CELLS), "the input has 3 axes: state another feed.layout than nchw"),
        ((96, 96), (1, 84, CELLS), "it must have one input of images"),
    ],
)
def test_a_model_of_another_shape_is_refused(
    image: tuple[int, ...], shape: tuple[int, ...], words: str, make_model: MakeModel
) -> None:
    path = make_model("odd", image, {"output": np.zeros(shape, np.float32)})
    with pytest.raises(RecognizerError, match=words) as raised:
        load(path)
    assert "images [" in str(raised.value) and "output [" in str(raised.value) and "\n" not in str(raised.value)


def test_a_description_that_does_not_fit_is_refused(make_model: MakeModel) -> None:
    path = make_model("m", (1, 3, 96, 96), family_outputs()["yolov8"])
    beside = path.with_suffix(".yaml")
    for text, words in {
        "read: {format: yolox}": "is not what format 'yolox' reads",
        "read: {format: yolov8}\nfeed: {size: 32}": "does not take feed.size 32 x 32",
        "read: {format: yolov9}": "read: .*'yolov8'",
        "read: {format: yolov8}\nfed: {}": "fed: Extra inputs",
        "read: {format: yolov8}\nclasses: [one]": "has 80 classes, and 1 names",
        "read: {format: boxes, boxes: output0, activation: softmax}": "softmax needs the scores of all classes",
        "- no": "no description of a model",
        "a: [": "cannot be read as YAML",
    }.items():
        beside.write_text(text)
        with pytest.raises(RecognizerError, match=words) as raised:
            load(path)
        assert "m." in str(raised.value)


def test_missing_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecognizerError, match=r"no such file, and no name of the registry \(yolox_nano"):
        load("nothing.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a model")
    with pytest.raises(RecognizerError, match="ONNX Runtime cannot open the network"):
        load(broken)
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"")
    with pytest.raises(RecognizerError, match=r"neither an \.onnx model"):
        load(picture)
    lonely = tmp_path / "lonely.yaml"
    lonely.write_text("read: {format: yolov8}")
    with pytest.raises(RecognizerError, match=r"there is no model .*lonely\.onnx"):
        load(lonely)
