"""Pictures, a model, and the command; ``s3`` is an object store."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from fovea.cli import main

from ..object_store import s3

__all__ = ["s3"]


def draw(path: Path, seed: int = 0) -> None:
    """Write a picture of 48x32 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 60, (32, 48, 3))
    Image.fromarray((np.mgrid[:32, :48].sum(axis=0)[..., None] + noise).astype(np.uint8)).save(path)


@pytest.fixture
def fovea() -> Callable[..., Result]:
    """A function that runs the command in this process."""
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of five pictures and a text."""
    folder = tmp_path / "photos"
    for number in range(4):
        draw(folder / "street" / f"{number}.png", number)
    draw(folder / "a b ü.jpg")
    (folder / "notes.txt").write_text("no image")
    return folder


@pytest.fixture
def tiny() -> Path:
    """File of a model that takes no time."""
    return Path(__file__).parents[1] / "golden" / "golden.fovea"
