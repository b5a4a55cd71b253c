"""The order of the layers: the core needs no torch, and nothing imports upwards."""

import ast
import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import fovea

PACKAGE = Path(fovea.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the top to the bottom; a layer may import those below it.
LAYERS = [
    "cli",
    "serve",
    "camera",
    "evaluation",
    "baselines",
    "training",
    "recognition",
    "datasets",
    "networks",
    "integrations",
    "jobs",
    "pillow",
    "files",
    "settings",
    "codec",
    "arguments",
    "store",
    "coding",
    "picture",
    "engine",
    "bitstream",
    "entropy",
    "atomic",
    "forks",
    "names",
    "parallel",
    "distribution",
    "spec",
    "errors",
]
CORE = LAYERS[LAYERS.index("pillow") :]
INTERFACES = ["", *(layer for layer in LAYERS if (PACKAGE / layer).is_dir())]
# What the core may import from outside the standard library.
DEPENDENCIES = {"numpy", "PIL", "onnxruntime", "openvino", "click", "tqdm", "requests"}


def _layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
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
    layer = _layer(path)
    if path.parent == PACKAGE and layer in ("__init__", "__main__"):
        return
    below = LAYERS[LAYERS.index(layer) :]
    layers = {name.split(".")[1] for name in _imported(path) if name.startswith("fovea.")}
    assert layers & set(LAYERS) <= set(below)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_layers_use_the_interfaces_of_others(path):
    """A module imports ``fovea.layer``, and nothing from inside the layer unless that is its own."""
    deep = {
        name
        for name in _imported(path)
        if name.startswith("fovea.") and name.split(".")[1] != _layer(path) and _is_inside(name)
    }
    assert not deep


def _is_inside(name: str) -> bool:
    """Whether a name is a module in a layer, such as ``fovea.coding.model``. Integrations are imported one by one."""
    if name.startswith("fovea.integrations."):
        return False
    place = PACKAGE.joinpath(*name.split(".")[1:])
    return name.count(".") > 1 and (place.is_dir() or place.with_suffix(".py").is_file())


@pytest.mark.parametrize("layer", INTERFACES)
def test_an_interface_exports_what_it_names(layer):
    """``__all__`` is sorted, each name in it is there, and it has all that the interface imports from its layer."""
    interface = _interface(layer)
    assert list(interface.__all__) == sorted(interface.__all__, key=_as_ruff_sorts)
    assert all(hasattr(interface, name) for name in interface.__all__)
    tree = ast.parse(Path(interface.__file__).read_text())
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fovea")
        for alias in node.names
    }
    assert imported <= set(interface.__all__)


def _interface(layer: str) -> ModuleType:
    if layer and layer not in CORE:
        # What layers above the core may need.
        packages = ("torch", "lightning", "supervision", "pycocotools", "fastapi", "prometheus_client", "paho")
        for package in packages:
            pytest.importorskip(package)
    return importlib.import_module(f"fovea.{layer}" if layer else "fovea")


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants first, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


@pytest.mark.parametrize("layer", [layer for layer in INTERFACES if layer])
def test_what_a_face_exports_is_used_outside(layer):
    """By other layers, tests, benchmarks, examples or the docs; what nobody needs is not exported."""
    interface = _interface(layer)
    outside = set().union(*(words for path, words in _words().items() if not path.is_relative_to(PACKAGE / layer)))
    assert [name for name in interface.__all__ if name not in outside] == []


@cache
def _words() -> dict[Path, set[str]]:
    """The words of each file that may use what a layer exports."""
    return {
        path: set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        for folder in ("src", "tests", "benchmarks", "examples", "docs")
        for path in (PACKAGE.parents[1] / folder).rglob("*.*")
        if path.suffix in (".py", ".md")
    }


@pytest.mark.parametrize(
    "path", [path for path in MODULES if _layer(path) in CORE], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_core_needs_no_extras(path):
    outside = {name.split(".")[0] for name in _imported(path)} - set(sys.stdlib_module_names) - {"fovea"}
    assert outside <= DEPENDENCIES


def test_importing_fovea_does_not_load_torch():
    code = "import sys, fovea, fovea.pillow, fovea.cli; print('torch' in sys.modules, 'lightning' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]
