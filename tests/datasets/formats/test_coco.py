import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as rle

from fovea.datasets import encode_mask, load_dataset
from fovea.errors import DatasetError

from ..pictures import picture


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
        ({"images": {}}, r"images is {}: expected a list"),
        ({"images": [{"file_name": "1.png"}]}, r"images\[0\]: id is missing: expected a whole number"),
        ({"images": told["images"] * 2}, "image 10: another image before it has the same id"),
        ({"annotations": [{**object_, "image_id": 999}]}, "annotation 7: image_id is 999: no image that is listed"),
        (
            {"annotations": [{**object_, "category_id": 5}]},
            "annotation 7: category_id is 5: no category",
        ),
        (
            {"annotations": [{**object_, "bbox": [1, 2]}]},
            r"annotation 7: bbox is \[1, 2\]: expected four finite numbers, left, top",
        ),
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


def test_coco_says_which_labels_count_pixels_as_shown(tmp_path: Path) -> None:
    picture(tmp_path / "set" / "a.png", orientation=3)
    listed = {"id": 1, "file_name": "a.png", "width": 40, "height": 20}
    for told, red in [({}, (0, 0)), ({"upright": False}, (0, 0)), ({"upright": True}, (19, 39))]:
        (tmp_path / "set.json").write_text(json.dumps({"images": [listed | told]}))
        (image,) = load_dataset(tmp_path / "set.json").images
        assert image.load()[red].tolist() == [255, 0, 0]


def test_images_keep_their_order(coco_json: Path) -> None:
    told = json.loads(coco_json.read_text())
    data = load_dataset(changed(coco_json, images=told["images"][::-1]))
    assert [image.id for image in data.images] == [30, 20, 10]
    assert np.array_equal(data.images[2].load()[0, 0], [40, 100, 50])


def written(folder: Path, **changes: object) -> Path:
    """A json of one image, 40 x 20, and one object, changed."""
    picture(folder / "1.png")
    told = {
        "images": [{"id": 1, "file_name": "1.png", "width": 40, "height": 20}],
        "annotations": [{"id": 7, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12}],
        "categories": [{"id": 1, "name": "dog"}],
    }
    path = folder / "set.json"
    path.write_text(json.dumps(told | changes))
    return path


def thing(**changes: object) -> dict[str, object]:
    return {"id": 7, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12} | changes


def without(told: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: value for key, value in told.items() if key not in keys}


GOOD = [5, 5, 15, 5, 15, 15, 5, 15]


@pytest.mark.parametrize(
    ("polygons", "kept", "note"),
    [
        ([[1, 1, 5, 5], GOOD], [GOOD], "objects with polygons that have no area, which are left out: 1 (annotation 7)"),
        ([[], GOOD, [3, 3]], [GOOD], "objects with polygons that have no area"),
        ([[1, 1, 5, 5, 9, 9], GOOD], [GOOD], "objects with polygons that have no area"),
        ([[2.2, 1, 2.2, 5, 2.2, 9]], None, "no polygon has an area, which count as their boxes: 1 (annotation 7)"),
        ([[0.1, 0.1, 0.2, 0.2, 0.3, 0.3]], None, "of which no polygon has an area"),
        ([[1, 1, 5, 5]], None, "of which no polygon has an area"),
        ([GOOD, GOOD], [GOOD, GOOD], None),
        ([[0, 0, 10, 10, 10, 0, 0, 10]], [[0, 0, 10, 10, 10, 0, 0, 10]], None),  # crosses itself: no area in sum
    ],
)  # fmt: skip
def test_polygons_without_an_area_are_left_out(
    polygons: list[list[float]], kept: list[list[float]] | None, note: str | None, tmp_path: Path
) -> None:
    data = load_dataset(written(tmp_path, annotations=[thing(segmentation=polygons)]))
    assert data.annotations[0].segmentation == kept
    assert [note in line for line in data.notes] == ([] if note is None else [True]), data.notes
    mask = data.object_mask(data.images[0])
    assert mask.any()
    if kept is None:
        assert mask.sum() == 12 and mask[2:6, 1:4].all()


MASK = np.zeros((20, 40), np.uint8)
MASK[3:9, 10:30] = 1
CODE = rle.encode(np.asfortranarray(MASK))
RUNS = [10 * 20 + 3, *([6, 14] * 19), 6, 9 * 20 + 20 - 9 + 20]


@pytest.mark.parametrize("counts", [CODE["counts"].decode(), RUNS], ids=["compressed", "run lengths"])
def test_what_a_mask_tells_may_be_left_out(counts: object, tmp_path: Path) -> None:
    told = without(thing(segmentation={"size": [20, 40], "counts": counts}), "bbox", "area")
    data = load_dataset(written(tmp_path, annotations=[told]))
    assert data.annotations[0].box == (10, 3, 20, 6) and data.annotations[0].area == 120
    assert np.array_equal(data.object_mask(data.images[0]), MASK)
    polygons = [[1, 2, 4, 2, 4, 6], [10, 8, 20, 8, 20, 10, 10, 10]]
    data = load_dataset(written(tmp_path, annotations=[without(thing(segmentation=polygons), "bbox", "area")]))
    assert data.annotations[0].box == (1, 2, 19, 8) and data.annotations[0].area == 6 + 20


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ({"size": [40, 20], "counts": [800]}, r"size of its segmentation is \[40, 20\]: expected .* \[20, 40\]"),
        ({"size": [20, 40], "counts": [10, 5]}, "are no run lengths of"),
        ({"size": [20, 40], "counts": [810, -10]}, "are no run lengths of"),
        ({"size": [20, 40], "counts": [10.0, 790]}, "are no run lengths of"),
        ({"size": [20, 40], "counts": []}, "are no run lengths of"),
        ({"size": [20, 40], "counts": "~~~garbage~~~"}, "a damaged run-length code"),
        ({"size": [20, 40], "counts": CODE["counts"].decode()[:-1]}, "a damaged run-length code"),
        ({"size": [20, 40], "counts": "P" * 999}, "a damaged run-length code"),
        ({"size": [20, 40], "counts": "hündchen"}, "expected run lengths or their code"),
        ({"size": [20, 40]}, "expected run lengths or their code"),
        ([[1, 1, 5, 5, 9]], r"segmentation\[0\] is \[1, 1, 5, 5, 9\]: expected numbers x, y"),
        ([GOOD, [[1, 1], [5, 5], [9, 1]]], r"segmentation\[1\] is"),
        ([1, 1, 5, 5, 9, 1], r"segmentation\[0\] is 1: expected numbers"),
        ([[1, 1, 5, float("nan"), 9, 1]], "expected finite numbers"),
        ([[1, 1, 5, 5000, 9, 1]], "belong to an image of 40 x 20"),
        ([{"size": [20, 40], "counts": [800]}], r"segmentation\[0\] is"),
    ],
)
@pytest.mark.parametrize("boxed", [True, False])
def test_masks_that_cannot_be_are_refused(segmentation: object, words: str, boxed: bool, tmp_path: Path) -> None:
    told = thing(segmentation=segmentation)
    path = written(tmp_path, annotations=[told if boxed else without(told, "bbox")])
    with pytest.raises(DatasetError, match=rf"set\.json: annotation 7: .*{words}"):
        load_dataset(path)


def test_a_mask_of_no_pixels_is_no_box(tmp_path: Path) -> None:
    empty = without(thing(segmentation={"size": [20, 40], "counts": [800]}), "bbox")
    for told in (empty, without(thing(), "bbox")):
        with pytest.raises(DatasetError, match="annotation 7: it has neither a bbox nor a mask"):
            load_dataset(written(tmp_path, annotations=[told]))


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ([-3, -4, 10, 10], True),
        ([35, 15, 10, 10], True),
        ([-10, 3, 10, 4], False),
        ([41, 3, 10, 4], False),
        ([3, 21, 10, 4], False),
        ([3, 3, 0, 0], True),
    ],
)
def test_boxes_may_reach_out_of_the_image_and_are_left_out_beyond_it(
    box: list[float], kept: bool, tmp_path: Path
) -> None:
    data = load_dataset(written(tmp_path, annotations=[thing(bbox=box), thing(id=8)]))
    assert [list(a.box) for a in data.annotations] == ([box] if kept else []) + [[1, 2, 3, 4]]
    assert data.notes == (
        () if kept else (f"{tmp_path}/set.json: objects outside of their images, which are left out: 1 (annotation 7)",)
    )


@pytest.mark.parametrize("box", [[1, 1, 5000, 5], [-90, 1, 95, 5], [1, 5000, 3, 3]])
def test_boxes_of_another_image_size_are_refused(box: list[float], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"annotation 7: its box .* reaches far out of the image of 40 x 20"):
        load_dataset(written(tmp_path, annotations=[thing(bbox=box)]))


def test_entries_that_stand_twice_are_refused(tmp_path: Path) -> None:
    listed = {"id": 1, "file_name": "1.png", "width": 40, "height": 20}
    dog = {"id": 1, "name": "dog"}
    for changes, words in {
        "annotations": [thing(), thing()],
        "images": [listed, listed | {"id": 2}],
        "categories": [dog, dog],
    }.items():
        with pytest.raises(DatasetError, match=r"set\.json: .* has the same (id|file)"):
            load_dataset(written(tmp_path, **{changes: words}))
    path = written(tmp_path)
    path.write_text(path.read_text().replace('"area": 12', '"area": 12, "bbox": [0, 0, 1, 1]'))
    with pytest.raises(DatasetError, match=r"set\.json: 'bbox' stands twice in one entry \(its id: 7\)"):
        load_dataset(path)


def test_categories_of_one_name(tmp_path: Path) -> None:
    root = {"id": 0, "name": "Dog", "supercategory": "none"}  # some exports list a root without objects
    data = load_dataset(written(tmp_path, categories=[root, {"id": 1, "name": "dog", "supercategory": "Dog"}]))
    assert data.categories == {1: "dog"} and data.category_ids(["dog"]) == [1]
    twins = [{"id": 1, "name": "dog"}, {"id": 2, "name": "dog"}]
    with pytest.raises(DatasetError, match=r"set\.json: category 2: name is 'dog': category 1 has it"):
        load_dataset(written(tmp_path, categories=twins, annotations=[thing(), thing(id=8, category_id=2)]))


def test_categories_may_be_numbers_alone(tmp_path: Path) -> None:
    for categories in (None, [{"id": 3}, {"id": 90, "name": None}], [{"id": 3, "supercategory": "vehicle"}]):
        data = load_dataset(written(tmp_path, categories=categories, annotations=[thing(category_id="3")]))
        assert data.categories[3] == "" and data.category_ids(["car", "dog"]) == [3, None]
        assert data.notes == (
            f"{tmp_path}/set.json: categories without a name, which are taken as COCO's of the same number: 1 (3)",
        )
    data = load_dataset(written(tmp_path, categories=None, annotations=[without(thing(), "category_id")]))
    assert data.categories == {0: ""} and not data.notes


def test_ids_and_fields_that_tools_leave_out(tmp_path: Path) -> None:
    # LVIS tells no file name, no iscrowd; other tools no ids of annotations, or no size of images.
    lvis = {"id": 1, "coco_url": "http://images.cocodataset.org/val2017/1.png", "neg_category_ids": [3]}
    things = [without(thing(), "id"), without(thing(area=None), "id")]
    (image,) = (data := load_dataset(written(tmp_path, images=[lvis], annotations=things))).images
    assert image.path == tmp_path / "1.png" and (image.width, image.height) == (40, 20)
    assert [annotation.area for annotation in data.annotations] == [12, 12]


@pytest.mark.parametrize(
    "name", ["images\\1.png", "C:\\data\\images\\1.png", "/data/upload/1.png", "../media/upload/1.png", "./1.png"]
)
def test_images_are_found_by_the_paths_they_had_elsewhere(name: str, tmp_path: Path) -> None:
    listed = [{"id": 1, "file_name": name, "width": 40, "height": 20}]
    data = load_dataset(written(tmp_path, images=listed))
    assert data.images[0].load().shape == (20, 40, 3)


@pytest.mark.parametrize(
    ("json_name", "image_name"),
    [
        ("labels.json", "data/1.png"),
        ("result.json", "images/1.png"),
        ("annotations/instances_default.json", "images/1.png"),
        ("annotations/instances_val2017.json", "val2017/1.png"),
        ("valid/_annotations.coco.json", "valid/1.png"),
    ],
)
def test_images_are_found_where_tools_put_them(json_name: str, image_name: str, tmp_path: Path) -> None:
    text = written(tmp_path).read_text()
    (tmp_path / "1.png").unlink()
    path = tmp_path / json_name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    picture(tmp_path / image_name)
    assert load_dataset(path).images[0].path == tmp_path / image_name


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    path = written(tmp_path, categories=[{"id": 1, "name": "dög"}])
    path.write_text(json.dumps(json.loads(path.read_text()), ensure_ascii=False), encoding=encoding)
    assert load_dataset(path).categories == {1: "dög"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no json: it is empty"),
        (b" \n", "is no json: it is empty"),
        (b'{"images": [\xe9]}', "cannot be read as text: .*: save it as UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", r"it has no list 'images', only \[\]"),
        (b'{"shapes": []}', "it has no list 'images', only the keys shapes"),
        (b'{"images": ' + b"9" * 5000 + b"}", "is no json"),
    ],
)
def test_files_that_are_something_else(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=rf"set\.json: .*{words}") as raised:
        load_dataset(path)
    assert str(raised.value).isprintable() and len(str(raised.value)) < 500


def test_a_folder_named_like_a_file_is_none(tmp_path: Path) -> None:
    for name in ("set.json", "set.yaml"):
        (tmp_path / name).mkdir()
        with pytest.raises(DatasetError, match=r"cannot be read: "):
            load_dataset(tmp_path / name)


def test_boxes_and_areas_come_from_hundreds_of_codes(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", (40, 20))
    annotations = []
    for number in range(300):  # more than pycocotools measures at once
        mask = np.zeros((20, 40), np.bool_)
        mask[number % 17 : number % 17 + 3, number % 35 : number % 35 + 5] = True
        annotations.append({"image_id": 1, "category_id": 1, "segmentation": encode_mask(mask)})
    images = [{"id": 1, "file_name": "a.png", "width": 40, "height": 20}]
    (tmp_path / "a.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    data = load_dataset(tmp_path / "a.json")
    assert [each.box for each in data.annotations] == [(number % 35, number % 17, 5, 3) for number in range(300)]
    assert {each.area for each in data.annotations} == {15}
