"""Programs of users that run as separate processes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = Path(__file__).parents[1] / "golden" / "golden.fovea"


@pytest.fixture
def program(tmp_path):
    """A function that runs a program in a folder with a small model, ``tiny.fovea``, and returns the printed text."""
    shutil.copy(MODEL, tmp_path / "tiny.fovea")

    def run(code: str, **variables: str) -> str:
        (tmp_path / "program.py").write_text(code)
        environment = os.environ | {"PYTHONUNBUFFERED": "1"} | variables
        done = subprocess.run(
            [sys.executable, "program.py"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
