"""Images that the tests of this folder share, and a way to run the scripts."""

import csv
import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

Rows = list[dict[str, str]]


@pytest.fixture(autouse=True)
def _in_one_process(in_this_process: Callable[[], AbstractContextManager[None]], quick_exports: None) -> Iterator[None]:
    """No training of these tests starts processes."""
    with in_this_process():
        yield


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Imports a script as it is imported when it runs: from its own folder."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.fixture
def run(script: Callable[[str], ModuleType], tmp_path: Path) -> Callable[..., Path]:
    """Runs a script with its results in a folder, which is returned."""

    def call(name: str, *arguments: object) -> Path:
        out = tmp_path / "results"
        command = [*map(str, arguments), "--out", str(out)]
        result = CliRunner().invoke(script(name).main, command, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return out

    return call


def read(path: Path) -> Rows:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["cpu"] and row["commit"] and int(row["cores"]) >= 1 for row in rows)
    return rows


def draw(seed: int, height: int = 64, width: int = 96) -> np.ndarray:
    """Slopes and noise."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([2 * x, 3 * y, x + y + 40 * seed], axis=-1)
    noise = np.random.default_rng(seed).normal(0, 6, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Folder of two small PNG images."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(2):
        Image.fromarray(draw(seed)).save(folder / f"{seed}.png")
    return folder


@pytest.fixture
def masked(pictures: Path) -> Path:
    """COCO json of these images: one object in the first, none in the second."""
    images = [{"id": n, "file_name": f"{n}.png", "width": 96, "height": 64} for n in range(2)]
    polygon = [10, 10, 50, 10, 50, 40, 10, 40]
    annotation = {"id": 1, "image_id": 0, "category_id": 1, "bbox": [10, 10, 40, 30], "segmentation": [polygon]}
    path = pictures / "masks.json"
    found = {"images": images, "annotations": [annotation], "categories": [{"id": 1, "name": "person"}]}
    path.write_text(json.dumps(found))
    return path
