import json
from pathlib import Path

import numpy as np
import pytest
import supervision as sv
from PIL import Image

from fovea.baselines import paint
from fovea.errors import DatasetError
from fovea.recognition.datasets import Annotation, Dataset, DatasetImage, load_dataset
from fovea.recognition.datasets.dataset import encode, region
from fovea.training.masks import object_weights


def picture(path: Path, size: tuple[int, int] = (40, 20), orientation: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size)
    image.putpixel((0, 0), (255, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif)
    return path


def changed(path: Path, **changes: object) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_coco(coco_json: Path) -> None:
    data = load_dataset(coco_json)
    assert (data.name, len(data), data.labeled, data.masked) == ("set", 3, True, False)
    assert data.categories == {1: "person", 3: "car"}
    assert [image.load().shape for image in data.images] == [(48, 64, 3), (60, 40, 3), (50, 50, 3)]
    assert data.images[1].load()[0, 0].tolist() == [80, 100, 50]
    first, second = data.by_image[10]
    assert first.box == (4, 4, 20, 20) and second.area == 900 and second.segmentation is None
    assert data.by_image[20][1].crowd and data.by_image[30] == ()


def test_limit_keeps_the_first_images(coco_json: Path) -> None:
    data = load_dataset(coco_json).limit(1)
    assert [image.id for image in data.images] == [10] and len(data.annotations) == 2
    assert len(load_dataset(coco_json).limit(99)) == 3
    with pytest.raises(DatasetError, match="at least 1"):
        data.limit(0)


def test_object_mask_takes_masks_and_boxes(coco_json: Path) -> None:
    data = load_dataset(coco_json)
    mask = data.object_mask(data.images[1])
    assert mask.shape == (60, 40) and mask[5:15, 5:15].all() and mask[30:].all() and mask.sum() == 1300
    assert not data.object_mask(data.images[2]).any()


def test_a_box_covers_all_pixels_that_it_touches_wherever_it_is_painted() -> None:
    left, top, width, height = box = (1.6, 0.4, 3.8, 2.2)
    expected = np.zeros((5, 8), np.bool_)
    expected[0:3, 1:6] = True
    corners = np.array([[left, top, left + width, top + height]])
    assert np.array_equal(region(Annotation(1, 1, box, 0.0), DatasetImage(1, Path("a.png"), 8, 5)), expected)
    assert np.array_equal(object_weights([{"bbox": list(box)}], 5, 8) > 0, expected)
    assert np.array_equal(paint(sv.Detections(xyxy=corners), 5, 8), expected)


def test_coco_without_annotations_has_no_labels(coco_json: Path) -> None:
    told = json.loads(coco_json.read_text())
    coco_json.write_text(json.dumps({"images": told["images"], "categories": told["categories"]}))
    assert not load_dataset(coco_json).labeled


def test_coco_errors_name_the_file_and_the_fault(coco_json: Path, tmp_path: Path) -> None:
    told = json.loads(coco_json.read_text())
    lost = [{**told["images"][0], "id": n, "file_name": f"lost{n}.png"} for n in range(7)]
    object_ = told["annotations"][0]
    for changes, words in [
        ({"images": lost}, "name their folder"),
        ({"images": told["images"] + lost}, r"images not found in .*: 7 \(lost0.png, .*lost4.png, \.\.\.\)"),
        ({"images": []}, "lists no images"),
        ({"images": {}}, "no list 'images'"),
        ({"images": [{"file_name": "1.png"}]}, "is no COCO json: KeyError 'id'"),
        ({"images": told["images"] * 2}, "3 images have an id that another one has"),
        ({"annotations": [{**object_, "image_id": 999}]}, r"image ids that are not listed: 1 \(999\)"),
        ({"annotations": [{**object_, "category_id": 5}]}, r"category ids that are not listed: 1 \(5\)"),
        ({"annotations": [{**object_, "bbox": [1, 2]}]}, "is no COCO json: ValueError"),
    ]:
        path = tmp_path / "set.json"
        path.write_text(json.dumps({**told, **changes}))
        with pytest.raises(DatasetError, match=words) as raised:
            load_dataset(path)
        assert "set.json" in str(raised.value)
    path.write_text("{")
    with pytest.raises(DatasetError, match="is no json"):
        load_dataset(path)
    with pytest.raises(DatasetError, match="cannot be read"):
        load_dataset(tmp_path / "none.json")


def test_an_image_that_does_not_open_is_named(coco_json: Path) -> None:
    data = load_dataset(coco_json)
    data.images[0].path.write_bytes(data.images[0].path.read_bytes()[:60])
    with pytest.raises(DatasetError, match=r"1\.png: does not open as an image"):
        data.images[0].load()
    picture(data.images[1].path, (17, 16))
    with pytest.raises(DatasetError, match=r"2\.png: is 17 x 16, and the labels are made for 40 x 60"):
        data.images[1].load()


def test_exif_turns_an_image_only_where_its_labels_ask(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", (40, 20), orientation=6)
    assert DatasetImage(1, path, 40, 20).load()[0, 0].tolist() == [255, 0, 0]
    assert DatasetImage(1, path, 20, 40).load()[0, 19].tolist() == [255, 0, 0]
    (image,) = load_dataset(tmp_path).images
    assert (image.width, image.height) == (20, 40)
    picture(path, (40, 20), orientation=3)
    (image,) = load_dataset(tmp_path).images
    assert image.load()[19, 39].tolist() == [255, 0, 0]


def test_coco_says_which_labels_count_pixels_as_shown(tmp_path: Path) -> None:
    picture(tmp_path / "set" / "a.png", orientation=3)
    listed = {"id": 1, "file_name": "a.png", "width": 40, "height": 20}
    for told, red in [({}, (0, 0)), ({"upright": False}, (0, 0)), ({"upright": True}, (19, 39))]:
        (tmp_path / "set.json").write_text(json.dumps({"images": [listed | told]}))
        (image,) = load_dataset(tmp_path / "set.json").images
        assert image.load()[red].tolist() == [255, 0, 0]


def test_deep_images_are_scaled_not_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 128 * 257, 65535]], np.uint16)).save(tmp_path / "a.png")
    (image,) = load_dataset(tmp_path).images
    assert image.load()[0, :, 0].tolist() == [0, 128, 255]


VOC = """<annotation><filename>{name}</filename><size><width>40</width><height>20</height></size>
<object><name>dog</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>11</ymax></bndbox></object>
<object><name>aeroplane</name><difficult>1</difficult>
<bndbox><xmin>5</xmin><ymin>5</ymin><xmax>6</xmax><ymax>7</ymax></bndbox></object></annotation>"""


@pytest.mark.parametrize("inside", [True, False])
def test_voc(tmp_path: Path, inside: bool) -> None:
    picture(tmp_path / "JPEGImages" / "a.jpg")
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text(VOC.format(name="a.jpg"))
    data = load_dataset(tmp_path if inside else tmp_path / "Annotations")
    assert data.categories == {1: "aeroplane", 2: "dog"}
    dog, plane = data.annotations
    assert dog.box == (0, 1, 10, 10) and dog.area == 100 and dog.category_id == 2 and not dog.crowd
    assert plane.crowd
    assert data.category_ids(["Dog", "airplane", "cat"]) == [2, 1, None]
    assert data.images[0].load().shape == (20, 40, 3)


def test_voc_errors(tmp_path: Path) -> None:
    xml = tmp_path / "a.xml"
    for text, words in {
        VOC.format(name="b.jpg"): r"images not found in .*: 1 \(b.jpg\)",
        "<annotation>": "is no xml",
    }.items():
        xml.write_text(text)
        with pytest.raises(DatasetError, match=words):
            load_dataset(tmp_path)
    picture(tmp_path / "a.jpg")
    for old, new, words in [
        ("<name>dog</name>", "", "has no <name>"),
        ("<xmin>1</xmin>", "", "has no <xmin>"),
        ("<xmin>1</xmin>", "<xmin>one</xmin>", "is no number"),
        ("bndbox", "box", "has no <bndbox>"),
    ]:
        xml.write_text(VOC.format(name="a.jpg").replace(old, new))
        with pytest.raises(DatasetError, match=words):
            load_dataset(tmp_path)
    (tmp_path / "Annotations").mkdir()
    with pytest.raises(DatasetError, match="holds no xml files"):
        load_dataset(tmp_path)


def yolo(tmp_path: Path, labels: str, names: str = "[person, car]") -> Path:
    picture(tmp_path / "images" / "val" / "a.png")
    picture(tmp_path / "images" / "val" / "b.png")
    (tmp_path / "labels" / "val").mkdir(parents=True, exist_ok=True)
    (tmp_path / "labels" / "val" / "a.txt").write_text(labels)
    (tmp_path / "data.yaml").write_text(f"path: .\ntrain: images/train\nval: images/val\nnames: {names}\n")
    return tmp_path


def test_yolo(tmp_path: Path) -> None:
    data = load_dataset(yolo(tmp_path, "1 0.5 0.5 0.25 0.5\n\n0 0 0 0.5 0 0.5 0.5\n"))
    assert data.categories == {0: "person", 1: "car"} and len(data) == 2 and data.by_image[2] == ()
    box, polygon = data.annotations
    assert box.box == (15, 5, 10, 10) and box.area == 100 and box.category_id == 1
    assert polygon.box == (0, 0, 20, 10) and polygon.area == 100
    assert polygon.segmentation == [[0, 0, 20, 0, 20, 10]]
    assert load_dataset(tmp_path / "data.yaml").annotations == data.annotations
    yolo(tmp_path, "7 0.5 0.5 0.25 0.5", "{7: bus}")
    assert load_dataset(tmp_path, tmp_path / "images" / "val").categories == {7: "bus"}


@pytest.mark.parametrize(
    ("val", "names"),
    [
        ("[images/val, images/more]", ["a", "b", "c"]),
        ("val.txt", ["b", "c"]),
        ("[val.txt, images/val]", ["b", "c", "a"]),
        ("[images/more]", ["c"]),
    ],
)
def test_yolo_takes_lists_and_files_that_list_images(tmp_path: Path, val: str, names: list[str]) -> None:
    yolo(tmp_path, "1 0.5 0.5 0.25 0.5")
    more = picture(tmp_path / "images" / "more" / "c.png")
    (tmp_path / "labels" / "more").mkdir()
    (tmp_path / "labels" / "more" / "c.txt").write_text("0 0.5 0.5 0.25 0.5")
    picture(tmp_path / "images" / "train" / "d.png")
    (tmp_path / "val.txt").write_text(f"./images/val/b.png\n\n{more}\n")
    (tmp_path / "data.yaml").write_text(f"path: .\ntrain: images/train\nval: {val}\ntest:\nnames: [person, car]\n")
    data = load_dataset(tmp_path)
    assert [image.path.stem for image in data.images] == names
    assert [data.images[a.image_id - 1].path.stem for a in data.annotations] == [n for n in names if n != "b"]


def test_yolo_never_takes_another_split_than_the_one_named(tmp_path: Path) -> None:
    yolo(tmp_path, "1 0.5 0.5 0.25 0.5")
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "lost.txt").write_text("images/val/a.png\nimages/val/lost.png\n")
    for val, words in {
        "[]": r"data\.yaml: 'val' must name a folder of images",
        "[1]": r"data\.yaml: 'val' must name a folder of images",
        "{a: b}": r"data\.yaml: 'val' must name a folder of images",
        "[images/val, nowhere]": r"data\.yaml: 'val' names .*nowhere, which is no folder of images and no list",
        "nowhere.txt": r"data\.yaml: 'val' names .*nowhere\.txt, which is no folder of images and no list",
        "empty.txt": r"empty\.txt: lists no images",
        "lost.txt": r"lost\.txt: lists images that are not there: 1 \(.*lost\.png\)",
        "images/val/a.png": r"a\.png: cannot be read as a list of images",
    }.items():
        (tmp_path / "data.yaml").write_text(f"train: images/val\nval: {val}\nnames: [person, car]\n")
        with pytest.raises(DatasetError, match=words):
            load_dataset(tmp_path)


def test_yolo_errors(tmp_path: Path) -> None:
    for labels, words in {
        "0 0.5 0.5": r"a\.txt:1: has 2 numbers",
        "0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.1": r"a\.txt:2: class 2 is not among the 2 named",
        "zero 0.5 0.5 0.1 0.1": "is no line of numbers",
    }.items():
        with pytest.raises(DatasetError, match=words):
            load_dataset(yolo(tmp_path, labels))
    (tmp_path / "labels" / "val" / "a.txt").unlink()
    with pytest.raises(DatasetError, match=r"there are no labels such as .*a\.txt"):
        load_dataset(tmp_path)
    for text, words in {
        "val: images/val": "has no 'names'",
        "names: [a]": "names no images",
        "names: [a]\nval: nowhere": "is no folder of images",
        "names": "no description of a YOLO data set",
        "a: [": "cannot be read as YAML",
    }.items():
        (tmp_path / "data.yaml").write_text(text)
        with pytest.raises(DatasetError, match=words):
            load_dataset(tmp_path)


def test_a_plain_folder_has_no_labels(tmp_path: Path) -> None:
    picture(tmp_path / "b.png")
    picture(tmp_path / "a.jpg", (30, 10))
    (tmp_path / "notes.txt").write_text("no image")
    data = load_dataset(tmp_path)
    assert [image.path.name for image in data.images] == ["a.jpg", "b.png"]
    assert not data.labeled and data.category_ids(["x", "y"]) == [1, 2]
    assert data.category_ids(["stop sign", "Car"]) == [13, 3]
    (tmp_path / "c.png").write_bytes(b"broken")
    with pytest.raises(DatasetError, match=r"c\.png: does not open"):
        load_dataset(tmp_path)
    with pytest.raises(DatasetError, match="is no folder of images"):
        load_dataset(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="holds no images"):
        load_dataset(tmp_path / "empty")


def test_classes_find_their_categories() -> None:
    data = Dataset("d", (), (), {3: "Car", 44: "tv monitor", 72: "tvmonitor", 90: ""})
    assert data.category_ids(["tv", "car", "toothbrush", "cow"]) == [72, 3, 90, None]
    with pytest.raises(DatasetError, match=r"none of its categories \(Car, .* is a class of the recognizer \(cow\)"):
        data.category_ids(["cow"])


def test_every_form_of_mask_becomes_one_code() -> None:
    image = DatasetImage(1, Path("a.png"), 4, 3)
    polygon = encode([[1, 0, 3, 0, 3, 3, 1, 3]], image)
    counted = encode({"size": [3, 4], "counts": [3, 6, 3]}, image)
    assert polygon == counted == encode(polygon, image)
    with pytest.raises(DatasetError, match=r"a\.png: an annotation is no polygon"):
        encode([[1.0]], image)


def test_images_keep_their_order(coco_json: Path) -> None:
    told = json.loads(coco_json.read_text())
    data = load_dataset(changed(coco_json, images=told["images"][::-1]))
    assert [image.id for image in data.images] == [30, 20, 10]
    assert np.array_equal(data.images[2].load()[0, 0], [40, 100, 50])
