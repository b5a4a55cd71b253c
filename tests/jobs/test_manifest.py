"""Parts of a manifest: what readers find in them, and damaged ones."""

import json

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")
import pyarrow.parquet as pq

from fovea.errors import FoveaError
from fovea.jobs import Manifest, Place, Row
from fovea.jobs import manifest as manifests

_ROWS = [Row(f"é{number}.png", 10, "x", 100, 64, 48, 0.1, "0" * 64, None, "m", 40) for number in range(9)]


@pytest.fixture
def manifest(tmp_path):
    """A manifest with two parts, one of them without rows."""
    manifest = Manifest(Place(str(tmp_path / "m")), {"model": "00"})
    manifest.start()
    manifest.append(_ROWS)
    return manifest


@pytest.fixture
def part(manifest, tmp_path):
    """The part with rows."""
    return next((tmp_path / "m").glob("part-*"))


def test_parts_are_read_by_any_reader(part):
    table = pq.read_table(part)
    assert table.schema.remove_metadata() == manifests.SCHEMA
    assert json.loads(table.schema.metadata[b"fovea"]) == {"model": "00"}


def _opened() -> Manifest:
    manifest = Manifest(Place("m"), {"model": "00"})
    manifest.open()
    return manifest


def test_a_flipped_bit_is_an_error_or_has_no_effect(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, known = part.read_bytes(), _opened().known
    refused = 0
    for number in range(0, len(content), 11):
        damaged = bytearray(content)
        damaged[number] ^= 1 << number % 8
        part.write_bytes(damaged)
        try:
            assert _opened().known.equals(known)
        except FoveaError:
            refused += 1
    assert refused > len(content) / 22


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"source_version", b"source_versiom"),  # the name of a column
        ("é0".encode(), b"\xa90"),  # a text that is not UTF-8
    ],
)
def test_a_damaged_part_is_named(tmp_path, monkeypatch, old, new):
    """A part without checksums, so that the damage is found by what it does."""
    monkeypatch.chdir(tmp_path)
    write = pq.write_table
    options = {"use_dictionary": False, "compression": "none", "write_statistics": False}
    monkeypatch.setattr(pq, "write_table", lambda table, file, **_: write(table, file, **options))
    Manifest(Place("m"), {"model": "00"}).append(_ROWS)
    (part,) = (tmp_path / "m").iterdir()
    assert old in part.read_bytes()
    part.write_bytes(part.read_bytes().replace(old, new))
    with pytest.raises(FoveaError, match=f"^m/{part.name}: is no part of a manifest: remove it, and its images are"):
        _opened()


@pytest.mark.parametrize("settings", [b"[]", b"7", b"\xff"])
def test_settings_of_others_are_no_manifest(tmp_path, settings):
    (tmp_path / "m").mkdir()
    pq.write_table(manifests.SCHEMA.with_metadata({b"fovea": settings}).empty_table(), tmp_path / "m/x.parquet")
    with pytest.raises(FoveaError, match="is no manifest of an encoding: name another"):
        Manifest(Place(str(tmp_path / "m")), {"model": "00"}).open()
