"""What is imported is declared in pyproject.toml, and what is declared is used."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# The extras of each package below `fovea`; one that is not here is of the core, which needs none.
EXTRAS = {
    "jobs": ["cloud"],
    "serve": ["serve"],
    "camera": ["camera"],
    "networks": ["train"],
    "training": ["train"],
    "datasets": ["train", "eval"],
    "recognition": ["eval"],
    "baselines": ["eval"],
    "evaluation": ["eval"],
}
# Modules that need more than their package: they are imported where that is there.
MORE = {
    "integrations/rosbag.py": ["ros"],
    "engine/openvino_runtime.py": ["openvino"],
    "integrations/huggingface.py": ["huggingface"],
    "integrations/imageio.py": ["imageio"],
    "integrations/numcodecs.py": ["zarr"],
    "integrations/torch.py": ["torch"],
    "integrations/webdataset.py": ["webdataset"],
    "integrations/zarr.py": ["zarr"],
    "integrations/ray.py": ["ray"],
    "training/data/pseudo_labels.py": ["eval"],
}
# What users install themselves: a codec to compare with, and a program that reads files of Fovea.
USERS_OWN = {
    "baselines/compressai_models.py": {"compressai", "torch"},
    "integrations/ultralytics.py": {"ultralytics"},
}
# Packages that others load by name.
INDIRECT = {
    "s3fs": "the addresses s3:// of fsspec",
    "tensorboard": "the logger of lightning",
    "onnxscript": "the exporter of torch",
}
OWN = {*sys.stdlib_module_names, "fovea", "__future__"}
NAMES = {"PIL": "pillow", "paho": "paho-mqtt", "yaml": "pyyaml", "google": "protobuf", "skimage": "scikit-image"}


def _distribution(module: str) -> str:
    name = module.split(".")[0]
    return NAMES.get(name, name).replace("_", "-").lower()


def _required(lines: list[str]) -> set[str]:
    """Names of distributions, those of our own extras among them."""
    found: set[str] = set()
    for line in lines:
        name, extras = re.fullmatch(r"([\w.-]+)(?:\[([\w,]+)\])?.*", line).groups()
        if name == PROJECT["name"]:
            for extra in extras.split(","):
                found |= _declared(extra)
        else:
            found.add(name.lower())
    return found


@cache
def _declared(extra: str) -> set[str]:
    return _required(PROJECT["optional-dependencies"][extra])


@cache
def _imports(path: Path) -> list[tuple[str, bool]]:
    """Modules from elsewhere, and whether they are imported inside a function."""
    found: list[tuple[str, bool]] = []
    tree = ast.parse(path.read_text())
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        found.extend((name, id(node) in inside) for name in names if name.split(".")[0] not in OWN)
    return found


CORE = _required(PROJECT["dependencies"])
PACKAGE = ROOT / "src" / "fovea"
MODULES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}


@pytest.mark.parametrize("name", MODULES)
def test_imports_are_declared(name):
    package = name.split("/")[0]
    allowed = CORE | USERS_OWN.get(name, set())
    for extra in MORE.get(name, []):
        allowed |= _declared(extra)
    # Both extras bring what a package needs that both of them use.
    extras = [_declared(extra) for extra in EXTRAS.get(package, [])]
    allowed |= set.intersection(*extras) if extras else set()
    # The command loads what a verb needs when that is called, and tells which extra is missing.
    verbs = set().union(*map(_declared, ("train", "eval", "serve", "camera", "ros"))) if package == "cli" else set()
    for module, inside in _imports(MODULES[name]):
        assert _distribution(module) in allowed | (verbs if inside else set()), module


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "examples"])
def test_imports_of_developers_are_declared(folder):
    paths = sorted((ROOT / folder).rglob("*.py"))
    own = {path.stem for path in paths} | {"tests", "benchmarks"}
    allowed = CORE | _declared("dev") | set.union(*USERS_OWN.values())
    for path in paths:
        for module, _ in _imports(path):
            assert module.split(".")[0] in own or _distribution(module) in allowed, (path.name, module)


def test_nothing_is_declared_in_vain():
    imported = {_distribution(module) for path in MODULES.values() for module, _ in _imports(path)}
    for_users = PROJECT["optional-dependencies"].keys() - {"demo", "docs", "dev"}
    declared = CORE.union(*map(_declared, for_users))
    assert declared - imported == set(INDIRECT)
