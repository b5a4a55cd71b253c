"""An output is either complete or does not exist, and an existing file stays until it is replaced."""

from fovea.codec import Codec


def test_an_interrupted_command_keeps_the_existing_file(fovea, photo, tmp_path, monkeypatch):
    (tmp_path / "x.fov").write_bytes(b"old")
    before = set(tmp_path.iterdir())

    def interrupted(*_arguments, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr(Codec, "encode", interrupted)
    assert fovea("encode", photo, tmp_path / "x.fov").exit_code == 130
    assert set(tmp_path.iterdir()) == before
    assert (tmp_path / "x.fov").read_bytes() == b"old"


def test_an_output_that_cannot_be_written(fovea, photo, tmp_path):
    (tmp_path / "file").touch()
    result = fovea("encode", photo, tmp_path / "file" / "x.fov")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {photo}: {tmp_path / 'file' / 'x.fov'}: cannot be written: ")
    assert result.stderr.count("\n") == 1
