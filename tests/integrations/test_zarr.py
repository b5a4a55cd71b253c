import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import fovea
from fovea.errors import ArgumentError, BitstreamError, ImageError

zarr = pytest.importorskip("zarr", minversion="3.1", reason="needs zarr 3.1 or newer")

from fovea.integrations.zarr import FovCodec  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def registered():
    """Register the codec in this process, as its entry point does where Fovea is installed."""
    zarr.registry.register_codec("fovea", FovCodec)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the entry points of pyproject.toml as an installation leaves them, for ``PYTHONPATH``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    folder = tmp_path_factory.mktemp("site")
    info = folder / "fovea_codec-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0\n")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return folder


@pytest.fixture
def frames(tmp_path, pictures):
    """The path of an array of the three pictures."""
    path = tmp_path / "frames.zarr"
    array = zarr.create_array(
        path,
        shape=(4, 40, 56, 3),
        chunks=(1, 40, 56, 3),
        dtype="uint8",
        serializer=FovCodec(quality=60),
        compressors=None,
    )
    array[:3] = np.stack(pictures)
    return path


def test_chunks_are_fov_files(frames, coded):
    assert (frames / "c/1/0/0/0").read_bytes() == coded[1]
    (codec,) = json.loads((frames / "zarr.json").read_text())["codecs"]
    assert codec == {"name": "fovea", "configuration": {"quality": 60}}


def test_a_process_that_never_imported_fovea_reads_by_name(frames, decoded, installed):
    """Zarr finds the codec, and numcodecs the compressor, by their entry points."""
    code = (
        "import sys, zarr, numcodecs\n"
        "print('fovea' in sys.modules)\n"
        "array = zarr.open_array(sys.argv[1], mode='r')\n"
        "print(*(array[number].sum() for number in range(4)))\n"
        "print(numcodecs.get_codec({'id': 'fovea', 'quality': 7}))"
    )
    paths = os.pathsep.join([str(installed), str(Path(fovea.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", code, str(frames)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    first, sums, compressor = done.stdout.splitlines()
    assert first == "False"
    assert sums.split() == [*(str(pixels.sum()) for pixels in decoded), "0"]
    assert compressor == "FovCompressor(quality=7)"


def test_shards_and_plain_pictures(tmp_path, pictures, decoded):
    array = zarr.create_array(
        tmp_path / "shards.zarr",
        shape=(3, 40, 56, 3),
        chunks=(1, 40, 56, 3),
        shards=(3, 40, 56, 3),
        dtype="uint8",
        serializer=FovCodec(quality=60),
        compressors=None,
    )
    array[:] = np.stack(pictures)
    assert np.array_equal(array[1:], np.stack(decoded[1:]))
    plain = zarr.create_array(
        tmp_path / "plain.zarr", shape=(80, 112, 3), chunks=(40, 56, 3), dtype="uint8", serializer=FovCodec(quality=60)
    )
    plain[40:, 56:] = pictures[2]
    assert np.array_equal(zarr.open_array(tmp_path / "plain.zarr")[40:, 56:], decoded[2])


@pytest.mark.parametrize(
    ("chunks", "dtype"), [((2, 40, 56, 3), "uint8"), ((1, 40, 28, 1), "uint8"), ((1, 40, 56, 3), "uint16")]
)
def test_chunks_that_are_no_picture_are_refused_when_the_array_is_made(tmp_path, chunks, dtype):
    with pytest.raises(ImageError, match="expected one picture"):
        zarr.create_array(tmp_path / "no.zarr", shape=(4, 40, 56, 3), chunks=chunks, dtype=dtype, serializer=FovCodec())


def test_damaged_chunks_are_refused(frames):
    chunk = frames / "c/0/0/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-3])
    with pytest.raises(BitstreamError):
        zarr.open_array(frames)[0]


def test_chunks_of_another_size_are_refused(frames):
    chunk = frames / "c/0/0/0/0"
    for shape, message in (((56, 40, 3), "40x56 pixels: expected 56x40"), ((400, 560, 3), "are not decoded")):
        chunk.write_bytes(fovea.encode(np.zeros(shape, np.uint8)))
        with pytest.raises((ImageError, BitstreamError), match=message):
            zarr.open_array(frames)[0]


def test_the_codec_itself():
    with pytest.raises(ArgumentError, match="quality"):
        FovCodec(quality=101)
    assert FovCodec.from_dict({"name": "fovea"}) == FovCodec()
    assert FovCodec.from_dict(FovCodec(quality=7).to_dict()).quality == 7
    with pytest.raises(NotImplementedError):
        FovCodec().compute_encoded_size(6720, None)
