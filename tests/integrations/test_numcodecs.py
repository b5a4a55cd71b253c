import numpy as np
import pytest

from fovea.errors import ArgumentError, BitstreamError, ImageError

numcodecs = pytest.importorskip("numcodecs", reason="needs numcodecs")

from fovea.integrations.numcodecs import FovCompressor  # noqa: E402


def test_a_chunk_is_a_fov_file(pictures, coded, decoded):
    codec = FovCompressor(quality=60)
    assert codec.encode(pictures[0]) == codec.encode(pictures[0][np.newaxis]) == coded[0]
    assert np.array_equal(codec.decode(np.frombuffer(coded[0], np.uint8)), decoded[0])
    out = np.empty((1, 40, 56, 3), np.uint8)
    codec.decode(coded[1], out)
    assert np.array_equal(out[0], decoded[1])


def test_settings_are_kept():
    numcodecs.register_codec(FovCompressor)
    codec = FovCompressor(quality=7)
    assert numcodecs.get_codec(codec.get_config()) == codec


def test_arrays_of_version_2(tmp_path, pictures, decoded):
    zarr = pytest.importorskip("zarr", minversion="3.1", reason="needs zarr 3.1 or newer")
    array = zarr.create_array(
        tmp_path / "old.zarr",
        shape=(3, 40, 56, 3),
        chunks=(1, 40, 56, 3),
        dtype="uint8",
        compressors=FovCompressor(quality=60),
        zarr_format=2,
    )
    array[:] = np.stack(pictures)
    assert np.array_equal(zarr.open_array(tmp_path / "old.zarr")[1], decoded[1])


def test_arrays_in_fortran_order_are_refused(tmp_path, pictures):
    with pytest.raises(ImageError, match='order="C"'):
        FovCompressor().encode(np.asfortranarray(pictures[0]))
    zarr = pytest.importorskip("zarr", minversion="3.1", reason="needs zarr 3.1 or newer")
    form = {"shape": (40, 56, 3), "chunks": (40, 56, 3), "dtype": "uint8", "order": "F", "zarr_format": 2}
    array = zarr.create_array(tmp_path / "old.zarr", compressors=FovCompressor(), **form)
    with pytest.raises(ImageError, match='order="C"'):
        array[:] = pictures[0]


def test_wrong_use_is_refused(coded):
    with pytest.raises(ArgumentError, match="quality"):
        FovCompressor(quality=-1)
    for chunk in (np.zeros((2, 8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32)):
        with pytest.raises(ImageError, match="expected one picture"):
            FovCompressor().encode(chunk)
    with pytest.raises(BitstreamError):
        FovCompressor().decode(coded[0][:-3])
