"""Check that the source archive and the wheel in a folder are fit to be published.

Each is installed into an empty environment and codes an image there, away from the tree: ``check_dist.py FOLDER``.
"""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

LARGEST_WHEEL = 30_000_000  # bytes
MODELS = {"fovea-s", "fovea-s2", "fovea-s-mse"}
"""The models that come with the package."""

IMAGE = "from PIL import Image; Image.radial_gradient('L').convert('RGB').save('image.png')"
WHERE = "import fovea; print(fovea.__file__)"


def main(folder: Path) -> None:
    """Check all that was built."""
    (archive,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    check_contents(archive, wheel)
    for file in (archive, wheel):
        with TemporaryDirectory() as empty:
            check_installed(file.resolve(), Path(empty).resolve())
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB, installs and codes")


def check_contents(archive: Path, wheel: Path) -> None:
    """Check the size, and that both hold the models of the package and no others."""
    assert wheel.stat().st_size < LARGEST_WHEEL, f"{wheel.name} has {wheel.stat().st_size:,} bytes"
    with tarfile.open(archive) as tar, zipfile.ZipFile(wheel) as file:
        contents = {archive.name: tar.getnames(), wheel.name: file.namelist()}
    for name, paths in contents.items():
        models = {Path(path).stem for path in paths if "/weights/" in path and path.endswith(".fovea")}
        assert models == MODELS, f"{name} holds the models {sorted(models)}"
        strays = [path for path in paths if path.endswith((".ckpt", ".pyc")) or "/benchmarks/" in path]
        assert not strays, f"{name} holds {strays}"
    assert "fovea/py.typed" in contents[wheel.name], "the wheel does not say that it has types"


def check_installed(file: Path, empty: Path) -> None:
    """Install a file as a user does, and use the command."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FOVEA"))}

    def run(*command: str | Path) -> str:
        return subprocess.run(command, cwd=empty, env=environment, check=True, capture_output=True, text=True).stdout

    programs = empty / "venv" / "bin"
    venv.create(empty / "venv")
    pip = (sys.executable, "-m", "pip", "--python", str(programs / "python"), "--disable-pip-version-check")
    run(*pip, "install", "--no-compile", file)
    assert Path(run(programs / "python", "-c", WHERE).strip()).is_relative_to(empty), "another package is imported"
    run(programs / "python", "-c", IMAGE)
    for model in MODELS:
        run(programs / "fovea", "encode", "--model", model, "image.png", f"{model}.fov")
        run(programs / "fovea", "decode", f"{model}.fov", f"{model}.png")
        assert (empty / f"{model}.png").stat().st_size > 0
    told = run(programs / "fovea", "models").splitlines()
    assert set(told) >= MODELS, told
    assert "entropy coder: c" in told, "the C entropy coder is not in use"


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.stdout}{error.stderr}")
    except AssertionError as error:
        sys.exit(str(error))
