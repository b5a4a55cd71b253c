"""The scripts that make and time 1080p frames, and that measure precisions."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import draw, read

SIZE = (54, 96)


@pytest.fixture
def frames(script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Folder of the sets, made from generated images, with frames of 96×54 pixels in place of 1920×1080."""
    images = {"drone": [("a-1", SIZE), ("a-2", SIZE), ("b-1", SIZE), ("c-1", (60, 90))]}
    images["views"] = [(f"{number:02d}", (18 + number % 2, 32 + number)) for number in range(20)] + [("x", (17, 99))]
    images["views"] += [(f"portrait-{number}", (27 + number, 20)) for number in range(10)]
    images["rooms"] = [(f"{number}", (20, 32)) for number in range(9)]
    for name, files in images.items():
        (tmp_path / name).mkdir()
        for number, (stem, size) in enumerate(files):
            Image.fromarray(draw(number, *size)).save(tmp_path / name / f"{stem}.png")
    module = script("frames")
    monkeypatch.setattr(module, "FULL_HD", SIZE)
    monkeypatch.setattr(module, "DRONE_IMAGES", tmp_path / "drone")
    monkeypatch.setattr(module, "COCO_IMAGES", tmp_path / "views")
    monkeypatch.setattr(module, "ROOM_IMAGES", tmp_path / "rooms")
    module.main(["--out", str(tmp_path / "frames")], standalone_mode=False)
    return tmp_path / "frames"


def test_halves_share_no_video_and_no_photograph(frames: Path, tmp_path: Path) -> None:
    found = {half: sorted(path.name for path in (frames / "drone" / half).iterdir()) for half in ("choose", "judge")}
    assert found == {"choose": ["a-1.png", "a-2.png"], "judge": ["b-1.png"]}, "frames of another size are left out"
    first, second = (frames / "views" / half / name for half, name in (("choose", "000.png"), ("judge", "001.png")))
    for number, path in enumerate((first, second)):
        frame = np.asarray(Image.open(path))
        assert frame.shape == (*SIZE, 3)
        photograph = np.asarray(Image.open(tmp_path / "views" / f"{9 * number:02d}.png"))
        top, left = (photograph.shape[0] - 18) // 2, (photograph.shape[1] - 32) // 2
        assert np.array_equal(frame[:18, :32], photograph[top : top + 18, left : left + 32])


def test_portraits_and_rooms_are_in_the_second_half_only(frames: Path, tmp_path: Path) -> None:
    names = {half: {path.name for path in (frames / "views" / half).iterdir()} for half in ("choose", "judge")}
    assert names == {"choose": {"000.png"}, "judge": {"001.png", "portraits-000.png", "rooms-000.png"}}
    last = np.asarray(Image.open(frames / "views" / "judge" / "portraits-000.png"))[27:54, 76:95]
    assert np.array_equal(last, np.asarray(Image.open(tmp_path / "views" / "portrait-9.png"))[4:31, :19])


def test_frame_rate(run, script, frames: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("onnx", "pydantic", "torch"):
        pytest.importorskip(package)
    monkeypatch.setattr(script("matmul"), "SIDE", 64)
    rows = read(run("frame_rate", "--folder", frames, "--count", 2, "--repeats", 1) / "frame_rate.csv")
    whole = [row for row in rows if row["stage"] == "whole call"]
    assert {(row["frames"], row["direction"]) for row in whole} == {
        (name, direction) for name in ("views", "drone") for direction in ("encode", "decode")
    }
    for row in whole:
        stages = [float(one["ms"]) for one in rows if one is not row and _same(one, row)]
        assert float(row["per_second"]) > 0 and stages and max(stages) <= float(row["ms"])
    assert {row["coded_at"] for row in rows} == {"1"}, "frames of 96 pixels keep their size"


def _same(one: dict[str, str], other: dict[str, str]) -> bool:
    return all(one[key] == other[key] for key in ("frames", "engine", "precision", "direction"))


def test_precision(run, script, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    module = script("precision")
    monkeypatch.setattr(module, "KODAK", pictures)
    monkeypatch.setattr(module, "QUALITIES", (50,))
    rows = read(run("precision", "--images", 1, "--models", "fovea-s-mse") / "precision.csv")
    assert [(row["encoder"], row["decoder"]) for row in rows] == [("fp32", "bf16"), ("bf16", "fp32"), ("bf16", "bf16")]
    assert all(-5 < float(row["cost_percent"]) < 5 for row in rows)
