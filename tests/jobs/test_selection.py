"""Images that would become the same file: which of them is encoded, and what the manifest tells of them."""

import hashlib

import pytest

from .conftest import draw
from .jobs import rows_of

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")
from fovea.codec import Codec
from fovea.jobs import Manifest, Place, Row
from fovea.jobs.listing import File
from fovea.jobs.selection import Selection


@pytest.fixture
def job(fovea, tmp_path, tiny):
    """Runs the job of these tests."""
    return lambda: fovea("encode", tmp_path / "in", tmp_path / "out", "--manifest", tmp_path / "m", "-m", tiny)


@pytest.fixture
def encoded(tmp_path):
    """A function that returns a.fov, and the rows by the path of the image; a row that is no error tells of a.fov."""

    def check():
        content = (tmp_path / "out/a.fov").read_bytes()
        rows = rows_of(tmp_path / "m")
        errors = {row["path"]: row["error"] for row in rows}
        assert len(errors) == len(rows)
        assert {row["sha256"] for row in rows if row["error"] is None} <= {hashlib.sha256(content).hexdigest()}
        return content, errors

    return check


def _clash(first: str) -> str:
    return f"{first} would also become a.fov: rename one"


def test_the_first_of_two_new_images_is_encoded(job, tmp_path, encoded):
    for number, name in enumerate(("a.png", "a.jpg")):
        draw(tmp_path / "in" / name, number)
    for _ in range(2):
        result = job()
        assert result.exit_code == 1 and f"fovea: a.png: {_clash('a.jpg')}\n" in result.stderr
        assert encoded()[1] == {"a.jpg": None, "a.png": _clash("a.jpg")}


@pytest.mark.parametrize("looked_up", [1, 10])
def test_an_image_that_is_done_keeps_its_file(job, tmp_path, encoded, monkeypatch, looked_up):
    monkeypatch.setattr("fovea.jobs.job._LOOKED_UP", looked_up)
    draw(tmp_path / "in/a.png")
    assert job().exit_code == 0
    content = encoded()[0]
    for number, name in enumerate(("a.bmp", "a.jpg", "a-1.jpg", "b.png")):  # in the order of names, others are between
        draw(tmp_path / "in" / name, 1 + number)
    for _ in range(2):
        result = job()
        assert result.exit_code == 1 and f"fovea: a.jpg: {_clash('a.png')}\n" in result.stderr
        assert (tmp_path / "out/a.fov").read_bytes() == content
        errors = {row["path"]: row["error"] for row in rows_of(tmp_path / "m")}
        assert errors == {
            "a-1.jpg": None,
            "a.bmp": _clash("a.png"),
            "a.jpg": _clash("a.png"),
            "a.png": None,
            "b.png": None,
        }
    draw(tmp_path / "in/a.png", 9)  # it is still the one that is encoded
    assert job().exit_code == 1
    assert (tmp_path / "out/a.fov").read_bytes() != content


def test_an_image_takes_the_file_of_one_that_was_removed(job, tmp_path, encoded):
    draw(tmp_path / "in/a.png")
    assert job().exit_code == 0
    draw(tmp_path / "in/a.jpg", 1)
    assert job().exit_code == 1
    (tmp_path / "in/a.png").unlink()
    assert job().exit_code == 0
    content, errors = encoded()
    assert errors == {"a.jpg": None}
    draw(tmp_path / "in/a.png")  # it comes back too late
    assert job().exit_code == 1
    assert encoded() == (content, {"a.jpg": None, "a.png": _clash("a.jpg")})


def test_a_manifest_in_which_two_images_have_one_file_is_set_right(job, tmp_path, tiny, encoded):
    for number, name in enumerate(("a.jpg", "a.png")):
        draw(tmp_path / "in" / name, number)
    assert job().exit_code == 1
    (part,) = (tmp_path / "m").glob("part-*")
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(part)
    rows = [row | {"error": None, "bytes": row["bytes"] or 1} for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, table.schema), part)
    result = job()
    assert result.exit_code == 1 and f"fovea: a.png: {_clash('a.jpg')}\n" in result.stderr
    assert encoded()[1] == {"a.jpg": None, "a.png": _clash("a.jpg")}


def test_a_file_of_others_stays_when_one_of_two_images_is_removed(job, tmp_path):
    draw(tmp_path / "in/b.png")
    assert job().exit_code == 0
    (tmp_path / "out/a.fov").write_bytes(b"precious")
    for name in ("a.jpg", "a.png"):
        draw(tmp_path / "in" / name)
    assert job().exit_code == 1
    (tmp_path / "in/a.jpg").unlink()
    for _ in range(2):
        result = job()
        assert result.exit_code == 1 and "a.png: its .fov file was there before" in result.stderr
        assert (tmp_path / "out/a.fov").read_bytes() == b"precious"


def test_an_interruption_before_the_row_leaves_no_false_row(job, tmp_path, encoded, monkeypatch):
    """The first run is lost, then there is another image: it is encoded, and the older one is told."""
    draw(tmp_path / "in/a.png")

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "append", stop)
        assert job().exit_code == 130
    assert not rows_of(tmp_path / "m") and (tmp_path / "out/a.fov").exists()
    draw(tmp_path / "in/a.jpg", 1)
    result = job()
    assert result.exit_code == 1 and f"fovea: a.png: {_clash('a.jpg')}\n" in result.stderr
    assert encoded()[1] == {"a.jpg": None, "a.png": _clash("a.jpg")}


@pytest.mark.parametrize("when", ["selected", "written"])
def test_an_interruption_while_an_image_takes_a_file_leaves_no_false_row(job, tmp_path, encoded, monkeypatch, when):
    draw(tmp_path / "in/a.png")
    assert job().exit_code == 0
    (tmp_path / "in/a.png").unlink()
    draw(tmp_path / "in/a.jpg", 1)

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*((Codec, "encode", stop) if when == "selected" else (Manifest, "append", stop)))
        assert job().exit_code == 130
    assert encoded()[1] == {}
    assert job().exit_code == 0
    assert encoded()[1] == {"a.jpg": None}


def test_names_in_another_case_are_one_file_where_it_is_ignored(tmp_path, monkeypatch):
    monkeypatch.setattr("fovea.names._IGNORES_CASE", True)
    place, target = Place(str(tmp_path / "m")), Place(str(tmp_path / "out"))
    manifest = Manifest(place, {})
    manifest.start()
    manifest.append([Row("a.png", 10, "x", bytes=3)])
    manifest.end()
    target.write("a.fov", b"123")
    again = Manifest(place, {})
    again.open()
    group = [File("A.jpg", 10, "x"), File("a.png", 10, "x")]
    assert Selection(again, target).undone([group]) == [
        group[0]._replace(error="a.png would also become A.fov: rename one")
    ]
    assert Selection(again, target).undone([group[:1]]) == group[:1]
    assert rows_of(tmp_path / "m") == []
