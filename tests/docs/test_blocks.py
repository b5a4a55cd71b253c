"""The blocks that are marked to be run do run."""

import ast
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from .pages import PAGES, blocks

MARKED = {block for page in PAGES for block in blocks(page) if block.runs}  # the same block may be on two pages
PYTHON = sorted(block.text for block in MARKED if block.language == "python")
SHELL = sorted(block.text for block in MARKED if block.language == "sh")


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ramp = np.add.outer(np.arange(240), np.arange(320)).astype(np.uint8)
    Image.fromarray(np.dstack([ramp, ramp[::-1], ramp])).save("photo.jpg")
    return tmp_path


def test_there_are_blocks_of_both_kinds():
    assert PYTHON and SHELL
    assert len(PYTHON) + len(SHELL) == len(MARKED)


def _imports(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("text", PYTHON)
def test_python_runs(photo, text):
    for package in {name.split(".")[0] for name in _imports(text)}:
        pytest.importorskip(package, reason=f"needs {package}")
    exec(compile(text, "the block", "exec"), {"__name__": "block"})


@pytest.mark.skipif(not shutil.which("sh"), reason="needs a shell")
@pytest.mark.parametrize("text", SHELL)
def test_shell_runs(photo, text):
    command = photo / "bin" / "fovea"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m fovea "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", "-e", "-c", text], env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
