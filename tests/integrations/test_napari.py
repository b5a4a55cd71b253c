import tomllib
from pathlib import Path

import numpy as np
import pytest

npe2 = pytest.importorskip("npe2", reason="needs npe2")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def reads(monkeypatch):
    """Reading of files by plugins, of which Fovea is the only one, as it is declared to napari."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ((name, target),) = project["entry-points"]["napari.manifest"].items()
    module, _, file = target.partition(":")
    manifest = npe2.PluginManifest.from_file(ROOT / "src" / module.replace(".", "/") / file)
    assert manifest.name == name == project["name"]
    manager = npe2.PluginManager()
    manager.register(manifest)
    monkeypatch.setattr(npe2.PluginManager, "instance", staticmethod(lambda: manager))
    return npe2.io_utils.read


def test_one_file_and_a_stack(reads, folder, decoded):
    paths = [str(folder / name) for name in ("a.fov", "b.fov")]
    for stack in (False, True):
        ((pixels, options, kind),) = reads(paths[: 1 + stack], stack=stack)
        assert np.array_equal(pixels, np.stack(decoded[:2]) if stack else decoded[0])
        assert (options, kind) == ({"rgb": True}, "image")


def test_other_files_are_left_to_others(reads, tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(ValueError, match="No compatible readers"):
        reads([str(tmp_path / "a.png")], stack=False)
