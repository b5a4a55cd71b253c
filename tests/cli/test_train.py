"""The verbs ``fovea train``, ``fovea train-segmenter``, ``fovea export`` and ``fovea complexity``."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("lightning")

from fovea import training
from fovea.networks import NetworkConfig
from fovea.store import load_model, save_model
from fovea.training import Hardware, lineage

from ..exported_graphs import assert_graphs_compute_the_steps

CONFIG = """
name: tiny
architecture: base
data: {images: images, annotations: coco.json, validation_images: 2, patch: {size: 64}}
loss: {name: object_mse}
patches: 4
batch_size: 2
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def trained(monkeypatch) -> list[tuple[object, Path, dict[str, object]]]:
    """The list of calls of the trainer, which is replaced by a function that does nothing."""
    calls = []

    def train(config, folder, **settings):
        calls.append((config, folder, settings))
        return folder / "weights.ckpt"

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(lineage, "train", train)
    return calls


def test_defaults(fovea, config, trained):
    result = fovea("train", config)
    assert (result.exit_code, result.stdout) == (0, f"{Path('runs/tiny/weights.ckpt')}\n")
    [(settings, folder, options)] = trained
    assert (settings.name, folder) == ("tiny", Path("runs/tiny"))
    assert options == {"resume": False, "hardware": Hardware()}


def test_options(fovea, config, trained, tmp_path):
    options = ("--accelerator", "gpu", "--devices", 4, "--nodes", 2, "--precision", "32-true")
    assert fovea("train", config, "--out", tmp_path / "run", "--resume", *options).exit_code == 0
    [(_, folder, passed)] = trained
    assert folder == tmp_path / "run"
    assert passed == {"resume": True, "hardware": Hardware("gpu", "32-true", devices=4, nodes=2)}


def test_from_nothing(fovea, config, trained, tmp_path):
    (tmp_path / "first.yaml").write_text(CONFIG.replace("tiny", "first"))
    config.write_text(CONFIG + "start: checkpoints/first.ckpt\n")
    result = fovea("train", config, "--from-nothing", "--out", tmp_path / "runs/it", "--accelerator", "cpu")
    assert result.exit_code == 0, result.stderr
    assert [(settings.name, folder) for settings, folder, _ in trained] == [
        ("first", tmp_path / "runs/first"),
        ("tiny", tmp_path / "runs/it"),
    ]
    assert trained[1][0].start == tmp_path / "runs/first/weights.ckpt"
    result = fovea("train", config, "--from-nothing", "--devices", 2)
    assert result.exit_code == 2 and "one device" in result.stderr


@pytest.mark.parametrize(("text", "reason"), [("name: x", "data: Field required"), ("[", "cannot be read as YAML")])
def test_bad_config(fovea, config, trained, text, reason):
    config.write_text(text)
    result = fovea("train", config)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {config}")
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1
    assert not trained


@pytest.mark.parametrize("arguments", [(), ("--devices", 0), ("--nodes", "x")])
def test_wrong_usage(fovea, config, trained, arguments):
    assert fovea("train", *([config] if arguments else []), *arguments).exit_code == 2
    assert not trained


def test_segmenter_is_trained_and_its_file_named(fovea, tmp_path, monkeypatch):
    calls = []

    def train(config, folder, **settings):
        calls.append((config.batch_size, folder, settings))
        return folder / "segmenter.onnx"

    monkeypatch.setattr(training, "train", train)
    path = tmp_path / "tiny.yaml"
    path.write_text("name: tiny\ndata: {images: images, annotations: labels.json}\npatches: 4\n")
    result = fovea("train-segmenter", path, "--resume", "--accelerator", "cpu")
    assert (result.exit_code, result.stdout) == (0, f"{Path('runs/tiny/segmenter.onnx')}\n")
    assert calls == [(96, Path("runs/tiny"), {"resume": True, "hardware": Hardware("cpu")})]
    path.write_text("name: tiny\ndata: {images: images, annotations: labels.json}\npatches: 4\noutputs: [stride8, x]\n")
    assert "outputs: unknown output 'x': choose from stride4" in fovea("train-segmenter", path).stderr
    path.write_text("name: tiny\n")
    result = fovea("train-segmenter", path)
    assert result.exit_code == 1 and result.stderr.startswith(f"fovea: {path}: data: Field required")


def test_export_needs_a_checkpoint(fovea, tmp_path):
    result = fovea("export", tmp_path / "no.ckpt", "-o", tmp_path / "x.fovea")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"fovea: {tmp_path / 'no.ckpt'}: cannot be read: ")
    assert result.stderr.count("\n") == 1


def test_export_writes_model_files(fovea, tmp_path):
    assert fovea("export", tmp_path / "no.ckpt", "-o", tmp_path / "x.onnx").exit_code == 2


def test_complexity(fovea):
    def total(architecture: str) -> list[float]:
        lines = fovea("complexity", architecture).stdout.splitlines()
        assert [line.split()[0] for line in lines[1:-1]] == [
            "analysis", "hyper-analysis", "scales", "means", "context", "synthesis",
        ]  # fmt: skip
        return [float(number) for number in lines[-1].split()[1:]]

    assert all(0 < count <= 12 for count in total("base"))
    assert all(12 < count <= 80 for count in total("large"))
    result = fovea("complexity", "huge")
    assert result.exit_code == 2
    assert "base, base-roi, base-objectness, light-encoder, large" in result.stderr


@pytest.mark.parametrize("card", [{}, {"config": None}, {"config": {"architecture": {"wide": "wide"}}}])
def test_complexity_of_a_model_that_does_not_tell_its_architecture(fovea, tmp_path, card):
    model = tmp_path / "bare.fovea"
    save_model(replace(load_model("fovea-s"), card=card), model)
    result = fovea("complexity", model)
    assert result.exit_code == 1
    assert "bare.fovea: the card of this model does not tell its architecture" in result.stderr


def test_from_images_to_a_model_that_codes(fovea, tmp_path, monkeypatch, quick_exports):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    Path("images").mkdir()
    images, annotations = [], []
    for number in range(6):
        name = f"{number}.png"
        Image.fromarray(random.integers(0, 256, (80, 80, 3), np.uint8)).save(Path("images", name))
        images.append({"id": number, "file_name": name, "width": 80, "height": 80})
        outline = [[10, 10, 50, 10, 50, 40, 10, 40]]
        about = {"id": number + 1, "image_id": number, "category_id": 1, "iscrowd": 0}
        annotations.append(about | {"bbox": [10, 10, 40, 30], "area": 1200, "segmentation": outline})
    coco = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "thing"}]}
    Path("coco.json").write_text(json.dumps(coco))
    tiny = NetworkConfig(
        wide=8,
        wide_blocks=1,
        deep=8,
        deep_blocks=1,
        latent=16,
        hyper=4,
        prior=8,
        detail=8,
        mean_steps=4,
        background=True,
    )
    text = CONFIG.replace("architecture: base", f"architecture: {json.dumps(asdict(tiny))}")
    Path("tiny.yaml").write_text(text.replace("object_mse}", "object_mse, background_weight: variable}"))

    result = fovea("train", "tiny.yaml", "--accelerator", "cpu")
    assert result.exit_code == 0, result.stderr
    checkpoint = Path("runs/tiny/weights.ckpt")
    assert result.stdout == f"{checkpoint}\n"
    assert fovea("train", "tiny.yaml").stderr.endswith("resume it with --resume, or choose another --out\n")

    result = fovea("export", checkpoint, "--name", "smallest", "--backgrounds", "0:20,100:100")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "smallest.fovea"
    model = load_model(Path("smallest.fovea"))
    assert (model.name, model.region, model.steps) == ("smallest", "given", 4)
    assert_graphs_compute_the_steps(model, checkpoint)

    monkeypatch.setenv("FOVEA_MODELS", str(tmp_path))
    assert fovea("encode", "images/0.png", "0.fov", "-m", "smallest", "-q", 40).exit_code == 0
    told = json.loads(fovea("info", "0.fov", "--json").stdout)
    assert (told["model"], told["model_id"], told["background"]) == ("smallest", model.id.hex(), 52)
    assert fovea("decode", "0.fov", "0.png").exit_code == 0
    assert Image.open("0.png").size == (80, 80)
