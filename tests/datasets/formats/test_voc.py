from pathlib import Path

import pytest

from fovea.datasets import load_dataset
from fovea.errors import DatasetError

from ..pictures import picture

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
        ("<name>dog</name>", "", r"a\.xml: object 1: has no <name>"),
        ("<xmin>1</xmin>", "", "has no <xmin>"),
        ("<xmin>1</xmin>", "<xmin>one</xmin>", "object 1: xmin is 'one': expected a finite number"),
        ("bndbox", "box", "has no <bndbox>"),
    ]:
        xml.write_text(VOC.format(name="a.jpg").replace(old, new))
        with pytest.raises(DatasetError, match=words):
            load_dataset(tmp_path)
    (tmp_path / "Annotations").mkdir()
    with pytest.raises(DatasetError, match="holds no xml files"):
        load_dataset(tmp_path)


def written(folder: Path, xml: str | bytes, image: str = "JPEGImages/a.jpg") -> Path:
    picture(folder / image)
    path = folder / "Annotations" / "a.xml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(xml if isinstance(xml, bytes) else xml.encode())
    return path


@pytest.mark.parametrize(
    "called", ["a.jpg", "a", "IMG_1.jpg", "", "C:\\photos\\a.jpg", "/home/somebody/a.png", "a.jpeg"]
)
def test_the_image_is_named_like_the_xml(called: str, tmp_path: Path) -> None:
    written(tmp_path, VOC.format(name=called))
    data = load_dataset(tmp_path)
    assert data.images[0].path == tmp_path / "JPEGImages" / "a.jpg" and not data.notes


@pytest.mark.parametrize("called", ["b.jpg", "b", "b.jpeg", "photos/b.jpg", "C:\\photos\\b.jpg"])
def test_else_it_is_the_one_that_the_xml_names(called: str, tmp_path: Path) -> None:
    written(tmp_path, VOC.format(name=called), "images/b.jpg")
    assert load_dataset(tmp_path).images[0].path == tmp_path / "images" / "b.jpg"


def test_an_image_that_was_renamed_with_its_xml_keeps_its_labels(tmp_path: Path) -> None:
    written(tmp_path, VOC.format(name="b.jpg"))
    picture(tmp_path / "JPEGImages" / "b.jpg")
    (data := load_dataset(tmp_path)).images[0].load()
    assert [image.path.name for image in data.images] == ["a.jpg"]
    assert data.notes == (
        f"{tmp_path}: xml files that call another image theirs than that of their own name, which counts: 1 (a.xml)",
        f"{tmp_path}: images without an xml file, which are left out: 1 (b.jpg)",
    )


def test_two_images_of_one_name_and_two_files_of_one_image_are_refused(tmp_path: Path) -> None:
    written(tmp_path, VOC.format(name="a.bmp"))
    picture(tmp_path / "JPEGImages" / "a.png")
    with pytest.raises(DatasetError, match=r"a\.xml: a\.jpg and a\.png are named like it"):
        load_dataset(tmp_path)
    (tmp_path / "Annotations" / "a.xml").write_text(VOC.format(name="a.png"))
    assert load_dataset(tmp_path).images[0].path.name == "a.png"
    (tmp_path / "JPEGImages" / "a.png").unlink()
    (tmp_path / "Annotations" / "z.xml").write_text(VOC.format(name="a.jpg"))
    with pytest.raises(DatasetError, match=r"z\.xml: its image a\.jpg is that of a\.xml, too"):
        load_dataset(tmp_path)


def test_folders_inside_are_read_too(tmp_path: Path) -> None:
    for camera in ("one", "two"):
        picture(tmp_path / "JPEGImages" / camera / "a.jpg")
        (tmp_path / "Annotations" / camera).mkdir(parents=True)
        (tmp_path / "Annotations" / camera / "a.XML").write_text(VOC.format(name=f"{camera}/a.jpg"))
    data = load_dataset(tmp_path)
    assert [image.path.parent.name for image in data.images] == ["one", "two"] and len(data.annotations) == 4


@pytest.mark.parametrize("size", ["<width>0</width><height>0</height>", "<width/>", ""])
def test_where_the_size_is_not_told_the_file_tells_it(size: str, tmp_path: Path) -> None:
    xml = VOC.format(name="a.jpg").replace("<width>40</width><height>20</height>", size)
    written(tmp_path, xml)
    (image,) = load_dataset(tmp_path).images
    assert (image.width, image.height) == (40, 20) and image.load().shape == (20, 40, 3)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "gbk", "gb2312", "windows-1251", "shift_jis"])
def test_xml_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    name = {"latin-1": "hündchen", "windows-1251": "собака", "shift_jis": "犬"}.get(encoding, "狗")
    declared = encoding.removesuffix("-sig")
    xml = f'<?xml version="1.0" encoding="{declared}"?>\n' + VOC.format(name="a.jpg").replace("dog", name)
    written(tmp_path, xml.encode(encoding))
    assert load_dataset(tmp_path).categories == {1: "aeroplane", 2: name}


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"", "is no xml"),
        (b"\xff\xd8\xff\xe0 no xml", "cannot be read as text"),
        (b"<annotation>\xe9</annotation>", "cannot be read as text"),
        (b'<?xml version="1.0" encoding="klingon"?><annotation/>', "cannot be read as text: unknown encoding"),
        (b'<?xml version="1.0" encoding="zip"?><annotation/>', "cannot be read as text"),
        (b"<annotations><image/></annotations>", "holds 'annotations': expected 'annotation'"),
        (b"<html/>", "holds 'html'"),
        (b'<!DOCTYPE a [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>', "declares entities"),
        (b"<a>" * 100_000, "is no xml"),
    ],
)
def test_files_that_are_something_else(xml: bytes, words: str, tmp_path: Path) -> None:
    written(tmp_path, xml)
    with pytest.raises(DatasetError, match=rf"a\.xml: .*{words}") as raised:
        load_dataset(tmp_path)
    assert str(raised.value).isprintable()


def test_parts_of_a_person_are_no_objects(tmp_path: Path) -> None:
    box = "<bndbox><xmin>{}</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    part = f"<part><name>head</name>{box.format(3)}</part>"
    head, tail = "<annotation><object>", "</object></annotation>"
    written(tmp_path, f"{head}{part}<name>person</name>{box.format(2)}{part}{tail}")
    data = load_dataset(tmp_path)
    assert data.categories == {1: "person"} and [a.box for a in data.annotations] == [(1, 1, 8, 8)]
    path = written(tmp_path, f"{head}<name>person</name>{part}{tail}")
    with pytest.raises(DatasetError, match=rf"{path.name}: object 1: has no <bndbox>"):
        load_dataset(tmp_path)


@pytest.mark.parametrize(
    ("corners", "box"),
    [
        (("0", "0", "9", "9"), (-1, -1, 10, 10)),  # of tools that count from 0
        (("-2.5", "1", "9.25", "9"), (-3.5, 0, 12.75, 9)),
        (("5", "5", "5", "5"), (4, 4, 1, 1)),
        (("9", "1", "2", "9"), r"its corners are \(9, 1\) and \(2, 9\): expected the upper left one first"),
        (("1", "nan", "2", "9"), "ymin is 'nan': expected a finite number"),
        (("1", "1", "900", "9"), "reaches far out of the image of 40 x 20"),
    ],
)
def test_corners(corners: tuple[str, ...], box: object, tmp_path: Path) -> None:
    sides = "".join(
        f"<{side}>{corner}</{side}>" for side, corner in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )
    thing = f"<object><name>dog</name><bndbox>{sides}</bndbox></object>"
    written(tmp_path, f"<annotation>{thing}</annotation>")
    if isinstance(box, tuple):
        assert load_dataset(tmp_path).annotations[0].box == box
    else:
        with pytest.raises(DatasetError, match=rf"a\.xml: object 1: .*{box}"):
            load_dataset(tmp_path)


def test_objects_outside_of_the_image_are_left_out(tmp_path: Path) -> None:
    xml = VOC.format(name="a.jpg").replace("<xmin>5<", "<xmin>45<").replace("<xmax>6<", "<xmax>49<")
    written(tmp_path, xml)
    data = load_dataset(tmp_path)
    assert len(data.annotations) == 1
    assert data.notes == (f"{tmp_path}: objects outside of their images, which are left out: 1 (a.xml: object 2)",)
