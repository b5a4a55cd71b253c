from pathlib import Path

import pytest

from fovea.datasets import load_dataset
from fovea.errors import DatasetError

from .pictures import picture


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
        "0 0.5 0.5": r"a\.txt:1: has 2 numbers",
        "0 0.5 0.5 0.1 0.1\n2 0.5 0.5 0.1 0.1": r"a\.txt:2: class 2 is not among the 2 named",
        "zero 0.5 0.5 0.1 0.1": r"a\.txt:1: class is 'zero': expected a whole number",
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
