"""Reports of errors to the user."""

import errno

import pytest

from fovea.cli.failures import describe
from fovea.codec import Codec
from fovea.errors import EngineError, FoveaError, ImageError


def wrapped(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        MemoryError("Unable to allocate 9 GiB for an array"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("can't start new thread"),
        ImportError("lib.so: failed to map segment from shared object"),
        wrapped(EngineError("the network failed: x"), RuntimeError("Failed to allocate memory for buffer of size 9")),
        wrapped(ImageError("the image cannot be read:"), MemoryError()),
    ],
)
def test_a_lack_of_memory_is_reported(error):
    assert describe(error, "a.png") == "a.png: not enough memory"


@pytest.mark.parametrize(
    "error", [FoveaError("out of memory.png: damaged"), OSError(errno.EAGAIN, "Resource temporarily unavailable")]
)
def test_other_errors_are_not_reported_as_a_lack_of_memory(error):
    assert "not enough memory" not in describe(error)


def test_a_batch_goes_on_after_a_lack_of_memory(fovea, tree, tmp_path, monkeypatch):
    encode = Codec.encode
    calls = iter([MemoryError(), None, None])

    def limited(self, *arguments, **named):
        if error := next(calls):
            raise error
        return encode(self, *arguments, **named)

    monkeypatch.setattr(Codec, "encode", limited)
    result = fovea("encode", tree, tmp_path / "out", "-j", 1)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[:2] == [
        f"fovea: {tree / 'a.png'}: not enough memory",
        "fovea: 1 of 3 images failed",
    ]


def test_a_name_is_reported_once():
    error = FoveaError("is\n  no image", path="a\nb.png")
    assert describe(error, "a\nb.png") == describe(error) == r"a\nb.png: is no image"
