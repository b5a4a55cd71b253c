"""The verbs ``fovea info`` and ``fovea models``."""

import json
import shutil

import pytest

from fovea import store
from fovea.bitstream import ContainerReader
from fovea.store import index, list_models, load_model

DEFAULT = list_models()[0]


def test_facts(fovea, coded):
    result = fovea("info", coded, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    metadata = ContainerReader(coded.read_bytes()).metadata()
    size = coded.stat().st_size
    assert json.loads(result.stdout) == {
        "file": str(coded),
        "bytes": size,
        "width": 96,
        "height": 64,
        "mode": "RGB",
        "quality": 50,
        "background": 0,
        "coded_width": 96,
        "coded_height": 64,
        "bpp": round(8 * size / (96 * 64), 4),
        "model": "fovea-s",
        "model_id": load_model("fovea-s").id.hex(),
        "installed": True,
        "tiles": 1,
        "tile_size": 1024,
        "exif_bytes": len(metadata.exif),
        "icc_bytes": len(metadata.icc),
        "xmp_bytes": 6,
    }


def test_text(fovea, coded):
    text = fovea("info", coded).stdout
    assert text.startswith(f"{coded}\n")
    assert "96x64 RGB" in text
    assert "fovea-s" in text
    assert "XMP 6 bytes" in text


def test_pipe(fovea, coded):
    facts = json.loads(fovea("info", "-", "--json", stdin=coded.read_bytes()).stdout)
    assert (facts["file"], facts["width"]) == ("the input", 96)


def test_several_files_one_of_them_bad(fovea, coded, photo):
    result = fovea("info", coded, photo, "missing.fov", coded, "--json")
    assert result.exit_code == 1
    assert [json.loads(line)["file"] for line in result.stdout.splitlines()] == [str(coded)] * 2
    assert result.stderr == (
        f"fovea: {photo}: this is no .fov file: it does not start as one\n"
        "fovea: missing.fov: No such file or directory\n"
    )


def test_tiles_are_not_read(fovea, coded):
    data = bytearray(coded.read_bytes())
    data[-1] ^= 1
    coded.write_bytes(data)
    assert fovea("info", coded).exit_code == 0


def test_model_that_is_not_installed(fovea, coded, tmp_path, monkeypatch):
    monkeypatch.setattr(index, "WEIGHTS", tmp_path / "none")
    facts = json.loads(fovea("info", coded, "--json").stdout)
    assert (facts["model"], facts["installed"]) == ("fovea-s", False)
    assert "fovea-s, not installed" in fovea("info", coded).stdout


def test_a_broken_model_does_not_hide_the_model_of_a_file(fovea, coded, tmp_path, monkeypatch):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "broken.fovea").write_bytes(b"no model")
    shutil.copy(DEFAULT.path, folder / "copy.fovea")
    monkeypatch.setattr(index, "WEIGHTS", tmp_path / "none")
    monkeypatch.setenv(store.FOLDERS, str(folder))
    facts = json.loads(fovea("info", coded, "--json").stdout)
    assert (facts["model"], facts["installed"]) == ("copy", True)


def test_models(fovea):
    listing = json.loads(fovea("models", "--json").stdout)
    assert "onnxruntime" in listing["engines"]
    assert listing["entropy"] in ("c", "python")
    model = next(model for model in listing["models"] if model["name"] == "fovea-s")
    expected = (load_model("fovea-s").id.hex(), str(DEFAULT.path), DEFAULT.path.stat().st_size)
    assert (model["id"], model["path"], model["size"]) == expected
    assert model["installed"] and model["region"] == "found" and model["purpose"].startswith("machines")
    assert model["card"] == load_model("fovea-s").card


def test_models_as_text(fovea):
    text = fovea("models").stdout
    assert text.startswith("fovea-s\n  for             machines")
    assert f"  id              {DEFAULT.id}\n" in text and "bits per pixel" in text and "card" not in text
    assert "\nengines: onnxruntime" in text
    assert "\nentropy coder: " in text


def test_one_model_with_its_card(fovea):
    text = fovea("models", "fovea-s-mse").stdout
    assert text.startswith("fovea-s-mse\n") and '"largest_accumulator": ' in text and "\nfovea-s\n" not in text
    result = fovea("models", "fovea-x")
    assert result.exit_code == 1 and result.stderr.startswith("fovea: unknown model 'fovea-x'; there are: fovea-s, ")


def test_a_broken_model_does_not_hide_the_others(fovea, tmp_path, monkeypatch):
    (tmp_path / "broken.fovea").write_bytes(b"no model")
    shutil.copy(DEFAULT.path, tmp_path / "copy.fovea")
    monkeypatch.setenv(store.FOLDERS, str(tmp_path))
    result = fovea("models", "--json")
    assert result.exit_code == 1
    listed = [model["path"] for model in json.loads(result.stdout)["models"]]
    assert listed == [*(str(model.path) for model in list_models()[:-1]), str(tmp_path / "copy.fovea")]
    assert result.stderr.startswith(f"fovea: {tmp_path / 'broken.fovea'}: this is no readable model file: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [("info",), ("info", "--nonsense"), ("models", "--extra")])
def test_wrong_usage(fovea, arguments):
    result = fovea(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
