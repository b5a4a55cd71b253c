from pathlib import Path

import pytest

from fovea.datasets import load_dataset
from fovea.errors import DatasetError

from ..pictures import picture


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
        "[1]": r"data\.yaml: 'val' names .*1, which is no folder of images and no list",
        "[[a]]": r"data\.yaml: 'val' must name a folder of images",
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
        "0 0.5 0.5": r"a\.txt: line 1: has 2 numbers",
        "0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.1": r"a\.txt: line 2: class 2 is not among the 2 named",
        "zero 0.5 0.5 0.1 0.1": r"a\.txt: line 1: class is 'zero': expected a whole number",
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


def test_folders_inside_are_read_too(tmp_path: Path) -> None:
    yolo(tmp_path, "0 0.5 0.5 0.2 0.2")
    for camera in ("one", "two"):
        picture(tmp_path / "images" / "val" / camera / "a.png")
        (tmp_path / "labels" / "val" / camera).mkdir()
        (tmp_path / "labels" / "val" / camera / "a.txt").write_text("1 0.5 0.5 0.2 0.2")
    (tmp_path / "images" / "val" / "back").symlink_to(tmp_path / "images")
    data = load_dataset(tmp_path)
    found = [image.path.relative_to(tmp_path / "images" / "val").as_posix() for image in data.images]
    assert found == ["a.png", "b.png", "one/a.png", "two/a.png"]
    assert [annotation.image_id for annotation in data.annotations] == [1, 3, 4]
    assert data.notes == (
        f"{tmp_path}/data.yaml: images without a label file, which count as images without objects: 1 (b.png)",
    )


@pytest.mark.parametrize(
    ("val", "place"),
    [
        ("../valid/images", "valid"),  # Roboflow
        ("valid/images", "valid"),
        ("..\\valid\\images", "valid"),
        ("'valid\\images'", "valid"),
        ("images/val", "."),
    ],
)
def test_folders_as_tools_name_them(val: str, place: str, tmp_path: Path) -> None:
    yolo(tmp_path / "set", "0 0.5 0.5 0.2 0.2")
    if place != ".":
        for kind in ("images", "labels"):
            (tmp_path / "set" / place).mkdir(exist_ok=True)
            (tmp_path / "set" / kind / "val").rename(tmp_path / "set" / place / kind)
    path = tmp_path / "set" / "data.yaml"
    path.write_text(f"path: /somewhere/else\ntrain: ../train/images\nval: {val}\nnc: 1\nnames: ['person']\n")
    data = load_dataset(path)
    assert len(data) == 2 and len(data.annotations) == 1


@pytest.mark.parametrize("line", ["/content/set/images/val/a.png", "images\\val\\a.png", "./images/val/a.png"])
def test_images_are_found_by_the_paths_they_had_elsewhere(line: str, tmp_path: Path) -> None:
    yolo(tmp_path, "0 0.5 0.5 0.2 0.2")
    (tmp_path / "val.txt").write_text(f"{line}\n", encoding="utf-8-sig")
    (tmp_path / "data.yaml").write_text("val: val.txt\nnames: [person]\n")
    assert [image.path.name for image in load_dataset(tmp_path).images] == ["a.png"]


@pytest.mark.parametrize(("shape", "points"), [("[3, 2]", ".45 .35 .55 .35 .5 .6"), ("[2, 3]", ".45 .35 2 0 0 0")])
def test_of_poses_the_box_is_read(shape: str, points: str, tmp_path: Path) -> None:
    yolo(tmp_path, f"0 0.5 0.5 0.2 0.4 {points}")
    (tmp_path / "data.yaml").write_text(f"val: images/val\nkpt_shape: {shape}\nnames: [person]\n")
    (person,) = load_dataset(tmp_path).annotations
    assert person.box == pytest.approx((16, 6, 8, 8)) and person.segmentation is None
    (tmp_path / "labels" / "val" / "a.txt").write_text("0 0.5 0.5 0.2 0.4")
    with pytest.raises(
        DatasetError, match=r"a\.txt: line 1: has 4 numbers after the class: expected a box \(4\) and 6 more"
    ):
        load_dataset(tmp_path)


@pytest.mark.parametrize("shape", ["3", "[3]", "[3, 4]", "[0, 2]", "[a, 2]"])
def test_a_shape_of_keypoints_that_cannot_be_is_refused(shape: str, tmp_path: Path) -> None:
    yolo(tmp_path, "0 0.5 0.5 0.2 0.4")
    (tmp_path / "data.yaml").write_text(f"val: images/val\nkpt_shape: {shape}\nnames: [person]\n")
    with pytest.raises(DatasetError, match=r"data\.yaml: kpt_shape"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("0 0.5 0.5 0.2 0.2 0.9", "has 5 numbers after the class: a box with a confidence"),
        ("0 0.1 0.1 0.5 0.1 0.5 0.5 0.9", "has 7 numbers after the class, neither a box"),
        ("0 320 240 60 40", "x is 320.0: expected a finite number from -0.01 to 1.01"),
        ("0 0.5 0.5 0.2 -0.2", "height is -0.2"),
        ("0 0.5 0.5 0.2 nan", "height is 'nan'"),
        ("0 0,5 0,5 0,2 0,2", "x is '0,5'"),
        ("0.5 0.5 0.5 0.2 0.2", "class is '0.5': expected a whole number"),
        ("-1 0.5 0.5 0.2 0.2", "class is '-1': expected a whole number, at least 0"),
        ("0 0.1 0.1 0.5 0.1 0.5 5", "number 6 is 5.0"),
        ("1 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2", "has 3 numbers"),
    ],
)
def test_lines_that_cannot_be_are_refused(labels: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=rf"a\.txt: line {1 + labels.count(chr(10))}: {words}"):
        load_dataset(yolo(tmp_path, labels))


def test_lines_as_tools_write_them(tmp_path: Path) -> None:
    lines = ["0.000000e+00 5.0e-01 0.5 0.25 0.5", "1\t0.5\t0.5\t1.000001\t1.0", "0 0.1 0.2 0.6 0.2 0.6 0.8 0.1 0.8"]
    data = load_dataset(yolo(tmp_path, "\r\n".join([*lines, lines[0], ""])))
    one, whole, turned = data.annotations
    assert one.box == (15, 5, 10, 10) and whole.box == pytest.approx((0, 0, 40, 20), abs=1e-3)
    assert turned.box == pytest.approx((4, 4, 20, 12)) and turned.area == pytest.approx(240)
    assert f"{tmp_path}/data.yaml: lines that stand twice in a label file, which count once: 1 (a.txt:4)" in data.notes


def test_a_polygon_without_an_area_counts_as_its_box(tmp_path: Path) -> None:
    data = load_dataset(yolo(tmp_path, "0 0.25 0.5 0.5 0.5 0.75 0.5"))
    assert data.annotations[0].segmentation is None and data.annotations[0].box == (10, 10, 20, 0)
    assert f"{tmp_path}/data.yaml: polygons without an area, which count as their boxes: 1 (a.txt:1)" in data.notes


def test_names_are_the_text_that_stands_there(tmp_path: Path) -> None:
    yolo(tmp_path, "0 0.5 0.5 0.2 0.4", "[no, 'yes', 1, 2.50, ~x]")
    assert load_dataset(tmp_path).categories == {0: "no", 1: "yes", 2: "1", 3: "2.50", 4: "~x"}
    yolo(tmp_path, "3 0.5 0.5 0.2 0.4\n1 0.5 0.5 0.2 0.4", "{1: cat, 3: cat}")
    with pytest.raises(DatasetError, match=r"data\.yaml: category 3: name is 'cat': category 1 has it, too"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_labels_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    yolo(tmp_path, "")
    for name in ("labels/val/a.txt", "data.yaml"):
        text = {"data.yaml": "val: images/val\nnames: [dög]\n"}.get(name, "0 0.5 0.5 0.25 0.5\n")
        (tmp_path / name).write_text(text, encoding=encoding)
    data = load_dataset(tmp_path)
    assert data.categories == {0: "dög"} and len(data.annotations) == 1
    (tmp_path / "labels/val/a.txt").write_bytes(b"0 .5 .5 .2 .2 \xe9\n")
    with pytest.raises(DatasetError, match=r"a\.txt: cannot be read as text"):
        load_dataset(tmp_path)


def test_a_yaml_that_is_nested_deeply_is_refused(tmp_path: Path) -> None:
    yolo(tmp_path, "")
    (tmp_path / "data.yaml").write_text("[" * 2_000)
    with pytest.raises(DatasetError, match=r"data\.yaml: cannot be read as YAML"):
        load_dataset(tmp_path)
