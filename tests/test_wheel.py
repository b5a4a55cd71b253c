"""setup.py: which wheel is made with and without a compiler, and for which Pythons."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[1] / "setup.py"
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


@pytest.mark.parametrize("free_threaded", [None, 0, 1])
def test_one_wheel_serves_all_pythons_but_free_threaded_ones(monkeypatch, free_threaded):
    from setuptools.dist import Distribution

    core = pytest.importorskip("distutils.core")  # setuptools provides it
    known = sysconfig.get_config_var
    monkeypatch.setattr(
        sysconfig, "get_config_var", lambda name: free_threaded if name == "Py_GIL_DISABLED" else known(name)
    )
    built: Distribution = core.run_setup(str(SETUP), stop_after="init")
    limited = not free_threaded
    assert [extension.name for extension in built.ext_modules] == ["fovea.entropy._rans", "fovea.picture._resize"]
    for extension in built.ext_modules:
        assert extension.py_limited_api is limited
        assert extension.define_macros == ([("Py_LIMITED_API", "0x030B0000")] if limited else [])
    assert ("py_limited_api" in built.get_option_dict("bdist_wheel")) is limited


@pytest.fixture
def tree(tmp_path):
    """What an installation is made from, as far as setup.py has to do with it."""
    for name in ("src/fovea/entropy/_rans.c", "src/fovea/picture/_resize.c"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(SETUP.parent / name, tmp_path / name)
        (tmp_path / name).with_name("__init__.py").touch()
    shutil.copy(SETUP, tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "coder"\nversion = "1"\n')
    (tmp_path / "src/fovea/__init__.py").touch()
    return tmp_path


def wheel(tree: Path, **variables: str) -> str:
    """Builds a wheel; gives its tags."""
    command = [sys.executable, "setup.py", "bdist_wheel"]
    subprocess.run(command, cwd=tree, env=os.environ | variables, check=True, capture_output=True, timeout=100)
    (made,) = (tree / "dist").iterdir()
    return made.stem.removeprefix("coder-1-")


def test_a_wheel_without_a_compiler_is_for_every_machine(tree):
    assert wheel(tree, CC=shutil.which("false"), PATH=str(tree)) == "py3-none-any"


@pytest.mark.skipif(not shutil.which(sysconfig.get_config_var("CC").split()[0]), reason="needs a C compiler")
def test_a_wheel_with_the_coder_is_for_this_kind_of_machine(tree):
    python, interface, machine = wheel(tree).split("-", 2)
    own = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert (python, interface) == ((own, f"{own}t") if FREE_THREADED else ("cp311", "abi3"))
    assert machine == sysconfig.get_platform().replace("-", "_").replace(".", "_")
