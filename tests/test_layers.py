"""The house keeps its order: the core needs no torch, and nothing imports upwards."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fovea

PACKAGE = Path(fovea.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the top to the bottom; a room may import those below it.
ROOMS = [
    "cli",
    "evaluation",
    "baselines",
    "training",
    "recognition",
    "datasets",
    "networks",
    "pillow",
    "codec",
    "store",
    "coding",
    "picture",
    "engine",
    "bitstream",
    "entropy",
    "atomic",
    "forks",
    "parallel",
    "distribution",
    "spec",
    "errors",
]
CORE = ROOMS[ROOMS.index("pillow") :]
# What the core may import from outside the standard library.
DEPENDENCIES = {"numpy", "PIL", "onnxruntime", "openvino", "click", "tqdm", "requests"}


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            if node.module == "fovea":
                names.update(f"fovea.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_upwards(path):
    room = _room(path)
    if path.parent == PACKAGE and room in ("__init__", "__main__"):
        return
    below = ROOMS[ROOMS.index(room) :]
    rooms = {name.split(".")[1] for name in _imported(path) if name.startswith("fovea.")}
    assert rooms & set(ROOMS) <= set(below)


@pytest.mark.parametrize(
    "path", [path for path in MODULES if _room(path) in CORE], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_core_needs_no_extras(path):
    outside = {name.split(".")[0] for name in _imported(path)} - set(sys.stdlib_module_names) - {"fovea"}
    assert outside <= DEPENDENCIES


def test_importing_fovea_does_not_load_torch():
    code = "import sys, fovea, fovea.pillow, fovea.cli; print('torch' in sys.modules, 'lightning' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
