"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of shared data sets and recognition models; tests that need it are skipped elsewhere."""
    folder = Path(os.environ.get("FOVEA_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the shared data sets in {folder} (set FOVEA_SHARED)")
    return folder
