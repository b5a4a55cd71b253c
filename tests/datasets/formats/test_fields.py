"""Whatever stands in a field of labels, it is read as what it is, or refused in one line that names file and entry."""

import copy
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fovea.datasets import Annotation, Dataset, load_dataset
from fovea.errors import DatasetError

from ..pictures import picture

WIDTH, HEIGHT = 40, 20
MISSING = "left out"
JUNK: list[Any] = [
    MISSING, None, "", "word", "0", "1", "7", "-7", "7.5", "nan", True, False, 0, 1, 7, -7, 7.0, 7.5, 1e300, 10**400,
    math.nan, math.inf, -math.inf, [], [7], [None], ["7"] * 4, [math.nan, 1, 2, 3], [1, 2, -3, 4], [[]], [[1, 2, 3]],
    [[1, 2, math.nan, 4, 5, 9]], {}, {"a": 7}, {"size": [HEIGHT, WIDTH], "counts": [7]}, "\ud800", "7\n8", "x" * 5000,
]  # fmt: skip


def put(entry: dict[str, Any], key: str, value: Any) -> None:
    if value is MISSING:
        del entry[key]
    else:
        entry[key] = value


def outcome(path: Path, file: Path, entries: Iterable[str]) -> Dataset | None:
    """The data set; None where it is refused in one line that names the file and one of the entries."""
    try:
        data = load_dataset(path)
        for image in data.images:
            data.object_mask(image)
    except DatasetError as error:
        message = str(error)
        assert message.isprintable() and len(message) < 1000, message
        assert message.startswith(str(file)) and any(entry in message for entry in entries), message
        return None
    assert all(note.isprintable() for note in data.notes)
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images, 1.png and 2.png."""
    folder = tmp_path_factory.mktemp("sets")
    for name in ("1.png", "2.png"):
        picture(folder / name, (WIDTH, HEIGHT))
    return folder


COCO: dict[str, Any] = {
    "images": [
        {"id": 7, "file_name": "1.png", "width": WIDTH, "height": HEIGHT, "upright": False},
        {"id": 8, "file_name": "2.png", "width": WIDTH, "height": HEIGHT},
    ],
    "annotations": [
        {
            **{"id": 7, "image_id": 7, "category_id": 7, "bbox": [1, 2, 3, 4], "area": 11, "iscrowd": 0},
            "segmentation": [[1, 2, 4, 2, 4, 6]],
        },
    ],
    "categories": [{"id": 7, "name": "dog"}],
}
OBJECT = Annotation(7, 7, (1, 2, 3, 4), 11, [[1, 2, 4, 2, 4, 6]], False)
BARE = replace(OBJECT, segmentation=None)
ENTRIES = ("annotation 7", "image 7", "category 7", "annotations[0]", "images[0]", "categories[0]", "images not found")


def read_as(*choices: tuple[Annotation, list[Any]]) -> Mapping[str, Annotation]:
    return {repr(value): thing for thing, values in choices for value in values}


# What of the junk is read in each field, and as what; all else is refused.
READ = {
    ("annotations", "id"): read_as(
        (OBJECT, [v for v in JUNK if isinstance(v, str | int | float) and not isinstance(v, bool) and v == v] + [None])
    ),
    ("annotations", "image_id"): read_as((OBJECT, ["7", 7, 7.0])),
    ("annotations", "category_id"): read_as((OBJECT, ["7", 7, 7.0])),
    ("annotations", "bbox"): read_as((OBJECT, [MISSING, None])),
    ("annotations", "area"): read_as(
        (replace(OBJECT, area=6), [MISSING, None]), (replace(OBJECT, area=0), [0]), (replace(OBJECT, area=1), [1]),
        (replace(OBJECT, area=7), [7, 7.0]), (replace(OBJECT, area=7.5), [7.5]),
    ),
    ("annotations", "iscrowd"): read_as(
        (OBJECT, [MISSING, None, False, 0, "0"]), (replace(OBJECT, crowd=True), [True, 1, "1"])
    ),
    ("annotations", "segmentation"): read_as((BARE, [MISSING, None, [], {}, [[]]])),
    ("images", "id"): read_as((OBJECT, ["7", 7, 7.0])),
    ("images", "file_name"): {},
    # Where labels tell no size, the file does; a size that they tell is compared with it when the image is read.
    ("images", "width"): read_as((OBJECT, [MISSING, None, "", 0, "0", 7, "7", 7.0])),
    ("images", "height"): read_as((OBJECT, [MISSING, None, "", 0, "0", 7, "7", 7.0])),
    ("images", "upright"): read_as((OBJECT, [MISSING, None, False, 0, "0", True, 1, "1"])),
    ("categories", "id"): read_as((OBJECT, ["7", 7, 7.0])),
    ("categories", "name"): read_as(
        (OBJECT, [v for v in JUNK if isinstance(v, str | int) and not isinstance(v, bool) and v != "\ud800"] + [None])
    ),
}  # fmt: skip


@pytest.mark.parametrize(("entries", "key"), READ, ids=lambda part: part)
def test_each_field_of_coco_is_read_right_or_refused(entries: str, key: str, folder: Path) -> None:
    path = folder / "set.json"
    for value in JUNK:
        told = copy.deepcopy(COCO)
        put(told[entries][0], key, value)
        path.write_text(json.dumps(told))
        data = outcome(path, path, ENTRIES if key != "id" else [*ENTRIES, "image ", "category "])
        wanted = READ[entries, key].get(repr(value))
        assert (data and data.annotations) == (None if wanted is None else (wanted,)), f"{key}: {value!r}"


@pytest.mark.parametrize("entries", COCO)
def test_lists_of_coco_hold_what_they_should(entries: str, folder: Path) -> None:
    path = folder / "set.json"
    for value in JUNK:
        for list_or_entry in (value, [value]):
            if list_or_entry in (MISSING, [MISSING]):
                continue
            path.write_text(json.dumps({**COCO, entries: list_or_entry}))
            data = outcome(path, path, [*ENTRIES, f"is no COCO json: {entries} is", "lists no images"])
            whole = entries == "annotations" and list_or_entry == []
            unnamed = entries == "categories" and list_or_entry is None
            assert (data is not None) == (whole or unnamed), list_or_entry


@pytest.mark.parametrize("top", [value for value in JUNK if value is not MISSING], ids=lambda value: repr(value)[:20])
def test_a_file_that_holds_something_else_is_no_coco(top: Any, folder: Path) -> None:
    path = folder / "set.json"
    path.write_text(json.dumps(top))
    assert outcome(path, path, ["is no COCO json: it has no list 'images'"]) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(["size", "counts", "id"]), inner),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.sampled_from([*COCO]), data=st.data())
def test_no_json_raises_anything_else(entries: str, data: st.DataObject, folder: Path) -> None:
    told = copy.deepcopy(COCO)
    changed = data.draw(st.dictionaries(st.sampled_from([*told[entries][0]]), anything, min_size=1, max_size=3))
    told[entries][0] |= changed
    path = folder / "set.json"
    path.write_text(json.dumps(told))
    outcome(path, path, [*ENTRIES, "annotation ", "image ", "category "])


VOC = {
    "filename": "1.png", "width": str(WIDTH), "height": str(HEIGHT), "name": "dog", "difficult": "0",
    "xmin": "2", "ymin": "3", "xmax": "4", "ymax": "6",
}  # fmt: skip
DOG = Annotation(1, 1, (1, 2, 3, 4), 12)
TEXTS = [value for value in JUNK if isinstance(value, str) and value not in (MISSING, "\ud800")]
TEXTS += ["inf", "1e300", "1_0", "7,5", "\u0667", "true", "False", "0.0"]
ALL = [MISSING, *TEXTS]


def corner(x1: float = 2, y1: float = 3, x2: float = 4, y2: float = 6) -> Annotation:
    width, height = x2 - x1 + 1, y2 - y1 + 1
    return Annotation(1, 1, (x1 - 1, y1 - 1, width, height), width * height)


READ_VOC = {
    "filename": read_as((DOG, ALL)),  # the image has the name of the xml
    "width": read_as((DOG, [MISSING, "", "0", "0.0", "7"])),
    "height": read_as((DOG, [MISSING, "", "0", "0.0", "7"])),
    "name": read_as((DOG, [text for text in TEXTS if text])),
    "difficult": read_as((DOG, [MISSING, "", "0", "False"]), (replace(DOG, crowd=True), ["1", "true"])),
    "xmin": {repr(x): corner(x1=float(x)) for x in ("0", "1", "-7", "0.0")},
    "ymin": {repr(y): corner(y1=float(y)) for y in ("0", "1", "-7", "0.0")},
    "xmax": {repr(x): corner(x2=float(x)) for x in ("7", "7.5")},
    "ymax": {repr(y): corner(y2=float(y)) for y in ("7", "7.5")},
}


def voc(**fields: str) -> str:
    def element(name: str) -> str:
        return f"<{name}>{fields[name]}</{name}>" if name in fields else ""

    box = "".join(map(element, ("xmin", "ymin", "xmax", "ymax")))
    return (
        f"<annotation>{element('filename')}<size>{element('width')}{element('height')}</size>"
        f"<object>{element('name')}{element('difficult')}<bndbox>{box}</bndbox></object></annotation>"
    )


@pytest.mark.parametrize("field", VOC)
def test_each_field_of_voc_is_read_right_or_refused(field: str, tmp_path: Path) -> None:
    picture(tmp_path / "1.png", (WIDTH, HEIGHT))
    path = tmp_path / "1.xml"
    for value in ALL:
        told = dict(VOC)
        put(told, field, value)
        path.write_text(voc(**told))
        data = outcome(tmp_path, path, ["object 1", "width is", "height is"])
        wanted = READ_VOC[field].get(repr(value))
        assert (data and data.annotations) == (None if wanted is None else (wanted,)), f"{field}: {value!r}"


def yolo_box(x: float = 0.25, y: float = 0.5, width: float = 0.1, height: float = 0.2) -> Annotation:
    width, height = width * WIDTH, height * HEIGHT
    return Annotation(1, 1, (x * WIDTH - width / 2, y * HEIGHT - height / 2, width, height), width * height)


YOLO = ["1", "0.25", "0.5", "0.1", "0.2"]
READ_YOLO = [
    {"1": yolo_box()},
    {text: yolo_box(x=float(text)) for text in ("0", "1", "0.0")},
    {text: yolo_box(y=float(text)) for text in ("0", "1", "0.0")},
    {text: yolo_box(width=float(text)) for text in ("0", "1", "0.0")},
    {text: yolo_box(height=float(text)) for text in ("0", "1", "0.0")},
]


@pytest.mark.parametrize("place", range(5), ids=["class", "x", "y", "width", "height"])
def test_each_number_of_yolo_is_read_right_or_refused(place: int, tmp_path: Path) -> None:
    picture(tmp_path / "images" / "1.png", (WIDTH, HEIGHT))
    (tmp_path / "data.yaml").write_text("val: images\nnames: {1: dog}\n")
    path = tmp_path / "images" / "1.txt"
    for value in ALL:
        words = list(YOLO)
        words[place] = "" if value is MISSING else value
        path.write_text(" ".join(words))
        data = outcome(tmp_path, path, [f"{path}: line 1: "])
        wanted = READ_YOLO[place].get(value)
        assert (data and data.annotations) == (None if wanted is None else (wanted,)), f"{place}: {value!r}"


YAML_READ = {
    "names": ["{1: word}", "[a, b]", "[no, 7]", "{'1': 7}"],
    "nc": ["2", "'2'", "2.0", "", "~"],
    "kpt_shape": ["", "null"],
    "path": ["", ".", "'.'", "nowhere"],
    "val": ["images", "[images]", "./images", "images/"],
}
YAML_REFUSED = [
    "7",
    "-1",
    "nan",
    "{a: b}",
    "[]",
    "[[]]",
    "{x: a}",
    "{1: [a]}",
    "{1: a, 1: b}",
    "{1: ''}",
    "*a",
]


@pytest.mark.parametrize("field", YAML_READ)
def test_each_field_of_the_yaml_is_read_right_or_refused(field: str, tmp_path: Path) -> None:
    picture(tmp_path / "images" / "1.png", (WIDTH, HEIGHT))
    (tmp_path / "images" / "1.txt").write_text(" ".join(YOLO))
    path = tmp_path / "data.yaml"
    for value in YAML_READ[field] + YAML_REFUSED:
        fields = {"val": "images", "names": "[cat, dog]", field: value}
        path.write_text("".join(f"{key}: {text}\n" for key, text in fields.items()))
        data = outcome(tmp_path, path, [field, "YAML", "class"])
        if field == "path" and value in ("7", "-1", "nan"):
            assert data is not None  # a folder may have that name; what is not there is looked for beside the yaml
        else:
            assert (data is not None) == (value in YAML_READ[field]), f"{field}: {value}"
            assert data is None or data.annotations == (yolo_box(),)
