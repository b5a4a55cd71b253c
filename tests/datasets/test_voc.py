from pathlib import Path

import pytest

from fovea.datasets import load_dataset
from fovea.errors import DatasetError

from .pictures import picture

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
