"""Each script runs from end to end on small generated images."""

import os
import tarfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from PIL import Image

from fovea.cli.eval import eval_command
from fovea.store import load_model, save_model

from ..checkerboards import save_dataset
from ..evaluating import evaluating_here
from .conftest import read

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "golden.fovea"
"""A model that takes no time."""


def test_speed(run, script, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("onnx", "torch"):
        pytest.importorskip(package)
    monkeypatch.setattr(script("matmul"), "SIDE", 64)
    monkeypatch.setattr(script("speed"), "precisions", lambda: [("onnxruntime", "fp32")])
    monkeypatch.setattr(script("speed"), "multiply_accumulates", lambda _: {"analysis": 7000.0})
    options = ("--images", pictures, "--repeats", 1, "--rivals", "jpeg", "--large", 70, 120)
    out = run("speed", *options)
    speeds, stages = read(out / "speed.csv"), read(out / "stages.csv")
    assert {row["image_set"] for row in speeds} == {"pictures", "pictures mosaic 120x70"}
    assert all(float(row["encode_mps"]) > 0 and float(row["decode_mps"]) > 0 for row in speeds)
    assert [row["encode_vs_jpeg"] for row in speeds if row["codec"] == "jpeg"] == ["1.0", "1.0"]
    assert {row["stage"] for row in stages if row["direction"] == "encode"} >= {"analysis", "scales", "entropy", "rest"}
    assert {row["stage"] for row in stages if row["direction"] == "decode"} >= {"synthesis", "container"}
    assert {row["kmac_per_pixel"] for row in stages} == {"7.0", ""}
    assert all(float(row["of_matmul_percent"]) > 0 for row in stages if row["stage"] == "analysis")
    one = [row for row in stages if (row["engine"], row["direction"]) == ("onnxruntime", "decode")][:7]
    assert sum(float(row["share_percent"]) for row in one) == pytest.approx(100, abs=0.1)


def test_cost(run, pictures: Path, checkers: Path) -> None:
    for package in ("onnx", "torch", "pycocotools"):
        pytest.importorskip(package)
    codecs = f"fovea-s-mse,fovea-s-roi+roi:{checkers},jpeg"
    rows = read(run("cost", "--images", pictures, "--repeats", 1, "--codecs", codecs) / "cost.csv")
    assert [row["codec"] for row in rows] == ["fovea-s-mse", "fovea-s-roi+roi:checkers", "jpeg"]
    assert all(float(row["encode_mps"]) > 0 and float(row["decode_mps"]) > 0 for row in rows)
    plain, told, jpeg = ([float(row[f"{way}_kmac_per_pixel"] or 0) for way in ("encode", "decode")] for row in rows)
    assert 5 < plain[0] < told[0] and plain[1] == told[1] > 5 and jpeg == [0, 0]


def test_pack(run, script, masked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("FOVEA_SHARED", str(tmp_path))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "last.ckpt").write_bytes(bytes(700_000))
    config = {
        "name": "tiny",
        "data": {"sources": [{"images": "$FOVEA_SHARED/pictures", "annotations": "$FOVEA_SHARED/pictures/masks.json"}]},
        "start": "weights/last.ckpt",
        "architecture": "base",
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(script("pack").main, ["tiny.yaml", "--part", "1"])
    assert result.exit_code == 0, result.output
    packed = sorted(Path("pack").iterdir())
    assert all(path.stat().st_size <= 2**20 for path in packed)
    for path in packed:
        with tarfile.open(path) as archive:
            archive.extractall("there", filter="data")
    there = {path.relative_to("there").as_posix() for path in Path("there").rglob("*") if path.is_file()}
    assert there == {"weights/last.ckpt", *(f"shared/pictures/{name}" for name in ("0.png", "1.png", "masks.json"))}
    assert Path("there/weights/last.ckpt").stat().st_size == 700_000

    (tmp_path / "weights" / "last.ckpt").write_bytes(bytes(2**20))
    result = CliRunner().invoke(script("pack").main, ["tiny.yaml", "--part", "1"])
    assert result.exit_code == 1 and "last.ckpt: larger than a part" in result.output


def test_loaders(run, pictures: Path) -> None:
    pytest.importorskip("torch")
    options = ("--images", pictures, "--side", 64, "--passes", 1, "--repeats", 1, "--workers", "0,1")
    rows = read(run("loaders", *options) / "loaders.csv")
    assert [(row["codec"], row["workers"]) for row in rows] == [
        (codec, workers) for workers in ("0", "1") for codec in ("fovea-s", "jpeg", "webp:4")
    ]
    assert all(float(row["images_per_second"]) > 0 for row in rows)
    assert [row["vs_jpeg"] for row in rows if row["codec"] == "jpeg"] == ["1.0", "1.0"]


def test_loaders_refuse_a_crop_larger_than_a_picture(script, pictures: Path) -> None:
    pytest.importorskip("torch")
    result = CliRunner().invoke(script("loaders").main, ["--images", str(pictures), "--side", "65"])
    assert result.exit_code == 2 and "64 pixels" in result.output


def test_rate_distortion(run, pictures: Path) -> None:
    for package in ("bjontegaard", "matplotlib"):
        pytest.importorskip(package)
    out = run("rate_distortion", "--images", pictures, "--model", "fovea-s", "--rivals", "jpeg")
    rows = read(out / "rate_distortion.csv")
    ours = [row for row in rows if row["codec"] == "fovea-s"]
    assert [float(row["quality"]) for row in ours] == [*range(0, 101, 10)]
    assert all(float(row["ideal_bytes"]) > 0 for row in ours)
    assert {row["ideal_bytes"] for row in rows if row["codec"] == "jpeg"} == {""}
    (comparison,) = read(out / "bd_rate.csv")
    assert comparison["bd_rate_percent"] or comparison["note"]
    assert Image.open(out / "rate_distortion.png").format == "PNG"


def test_objects(run, masked: Path, tmp_path: Path) -> None:
    for package in ("pycocotools", "supervision"):
        pytest.importorskip(package)
    models = ("--plain", "fovea-s", "--object", "fovea-s")
    grid = tmp_path / "grid.jpg"
    out = run("objects", *models, "--data", masked, "--images", masked.parent, "--bpp", 1, "--grid", grid)
    image, mean = read(out / "objects.csv")
    assert (image["image"], mean["image"]) == ("0.png", "mean")
    assert float(image["object_percent"]) == pytest.approx(100 * 40 * 30 / (96 * 64), abs=0.2)
    assert float(image["inside_gain"]) == 0
    assert "0.png" in (out / "objects.md").read_text()
    assert Image.open(grid).width == 3 * 420

    out = run("objects", *models, "--data", masked, "--images", masked.parent, "--bpp", 1, "--told")
    told, _ = read(out / "objects_told.csv")
    assert told["outside_plain"] == image["outside_plain"]
    assert told["outside_object"] != image["outside_object"], "the map reaches the encoder"


def test_finding(run, finding_network, checkers: Path, tmp_path: Path) -> None:
    for package in ("lightning", "supervision"):
        pytest.importorskip(package)
    from fovea.training import Checkpoint, TrainingConfig

    images = save_dataset(tmp_path / "data", 2).with_suffix("")
    described = {"name": "tiny", "architecture": finding_network.config, "data": {"images": images}}
    described |= {"loss": {"name": "mse"}, "patches": 1}
    config = TrainingConfig.model_validate(described).model_dump(mode="json")

    def saved(name: str, bias: float) -> Path:
        """A checkpoint of the network with another bias of the objectness."""
        weights = {f"network.{key}": value.clone() for key, value in finding_network.state_dict().items()}
        weights["network.analysis.objectness.head.bias"] += bias
        path = tmp_path / f"{name}.ckpt"
        Checkpoint(config, 1, 0.0, weights).write(path)
        return path

    checkpoints = (saved("blind", -9), saved("alert", 9))
    options = ("-r", checkers, "--images", images, "--sides", "64,128")
    rows = read(run("finding", *checkpoints, *options) / "finding.csv")
    assert [(row["side"], row["checkpoint"]) for row in rows] == [
        (side, name) for side in ("64", "128") for name in ("blind", "alert")
    ]
    blind, alert = ([float(row[name]) for name in row if name.startswith("prob")] for row in rows[:2])
    assert max(blind) < 0.1 and min(alert) > 0.9
    assert all(float(row["bits_missed"]) > 1 for row in rows)


def test_finding_of_a_finder_on_what_its_configuration_holds_out(run, checkers: Path, tmp_path: Path) -> None:
    for package in ("lightning", "supervision", "torch"):
        pytest.importorskip(package)
    import torch

    from fovea.networks import Finder, FinderConfig
    from fovea.training import Checkpoint, FinderTrainingConfig

    images = save_dataset(tmp_path / "data", 4).with_suffix("")
    names = sorted(path.name for path in images.iterdir())
    config = FinderTrainingConfig(
        name="tiny",
        network=FinderConfig(near=8, middle=8, far=8, dilations=(1,)),
        teachers=({"recognizer": checkers},),
        shapes={"recognizer": checkers, "tensors": ["none"]},
        data={"sources": [{"images": images, "held_out": names[1:]}]},
        patches=1,
    ).model_dump(mode="json")
    path = tmp_path / "finder.yaml"
    path.write_text(yaml.safe_dump(config))
    torch.manual_seed(0)
    weights = {f"network.{key}": value for key, value in Finder(FinderConfig(8, 8, 8, (1,))).state_dict().items()}
    weights["network.head.bias"] += 9
    Checkpoint(config, 1, 0.0, weights).write(tmp_path / "alert.ckpt")
    options = ("-r", checkers, "--images", images, "--held-out-by", path, "--sides", "128,0", "--table", "held_out")
    rows = read(run("finding", tmp_path / "alert.ckpt", *options) / "held_out.csv")
    assert [(row["folder"], row["side"], row["images"]) for row in rows] == [
        (f"{images.parent.name}/{images.name}", side, str(len(names) - 1)) for side in ("128", "0")
    ]
    assert all(float(row["probability_elsewhere"]) > 0.9 for row in rows)


def test_memory(run) -> None:
    rows = read(run("memory", "--side", 80) / "memory.csv")
    assert [row["direction"] for row in rows] == ["encode", "decode"]
    assert all(10 < float(row["peak_mib"]) < 4096 for row in rows)
    assert all(int(row["file_bytes"]) > 0 for row in rows)


def test_startup(run, pictures: Path) -> None:
    rows = read(run("startup", "--images", pictures, "--small", 2, "--repeats", 1) / "startup.csv")
    seconds, memory = ({row["command"]: float(row[column]) for row in rows} for column in ("seconds", "peak_mib"))
    assert {"import fovea", "encode a photo", "decode 1080p", "decode small pictures"} < seconds.keys()
    assert min(seconds.values()) > 0
    assert 10 < memory["import fovea"] < memory["encode a photo"] < memory["encode 1080p"]


def test_oracle(run, script, masked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    supervision = pytest.importorskip("supervision")

    class Perfect:
        """A recognizer that detects the object that is there, with its mask."""

        name, classes = "perfect", ("person",)

        def predict(self, images):
            mask = np.zeros((1, 64, 96), np.bool_)
            mask[:, 10:40, 10:50] = True
            box = np.array([[10, 10, 50, 40]], np.float32)
            one = supervision.Detections(box, mask, np.array([0.9], np.float32), np.array([0]))
            return [one for _ in images]

    monkeypatch.setattr(script("oracle"), "load", lambda *_, **__: Perfect())
    options = ("--recognizers", "a.onnx", "--segmenter", "a.onnx", "--data", masked, "--images", masked.parent)
    original, *schemes = read(run("oracle", *options, "--count", 1) / "oracle.csv")
    assert original["bpp"] == "" and original["perfect_ap"] == "100.0"
    rates = {(row["large"], row["outside"], row["area"]): float(row["bpp"]) for row in schemes}
    everywhere, inside = rates["60", "60", "boxes"], rates["60", "0", "boxes"]
    assert rates["20", "20", "boxes"] < inside < everywhere


def test_codecs_measured_later_join_a_table(script, checkers: Path, tmp_path: Path) -> None:
    for package in ("matplotlib", "pycocotools", "bjontegaard"):
        pytest.importorskip(package)
    data = save_dataset(tmp_path / "data", 4)

    def measure(name: str, codecs: str) -> Path:
        shared = ["--data", str(data), "--recognizers", str(checkers), "--qualities", "10,40,90"]
        own = ["--codecs", codecs, "--anchor", "webp:4", "--out", str(tmp_path / name)]
        with evaluating_here():
            result = CliRunner().invoke(eval_command, shared + own, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return tmp_path / name

    before, later = measure("before", "webp:4,jpeg"), measure("later", "avif:6,webp:4")
    join = script("join")
    points, summary, pairs = (join.read(before / name) for name in ("points.csv", "summary.csv", "pairs.csv"))
    result = CliRunner().invoke(join.main, [str(later), str(before)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert [row["codec"] for row in join.read(before / "summary.csv")] == ["webp:4", "jpeg", "avif:6"]
    assert join.read(before / "summary.csv")[:2] == summary
    assert [row for row in join.read(before / "points.csv") if row["codec"] != "avif:6"] == points
    assert join.read(before / "pairs.csv") == pairs + join.read(later / "pairs.csv")

    # A codec that is measured again takes the place of its earlier lines.
    result = CliRunner().invoke(join.main, [str(later), str(before)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert join.read(before / "pairs.csv") == pairs + join.read(later / "pairs.csv")

    table = later / "points.csv"
    table.write_text(table.read_text().replace("webp:4,", "webp:4,another "))
    result = CliRunner().invoke(join.main, [str(later), str(before)])
    assert result.exit_code and "webp:4 has other figures than before" in result.output


def test_ablation(run, checkers: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for package in ("lightning", "pycocotools", "bjontegaard"):
        pytest.importorskip(package)
    # A model of the same sizes lends its graphs: to export them takes longer than all the rest.
    golden = load_model(GOLDEN)
    monkeypatch.setattr("fovea.training.export.export_graphs", lambda network: dict(golden.graphs))
    data = save_dataset(tmp_path / "data", 4)
    tiny = {"wide": 16, "wide_blocks": 1, "deep": 16, "deep_blocks": 1, "latent": 16, "hyper": 8, "prior": 16}
    trained_on = {
        "images": str(data.with_suffix("")),
        "annotations": str(data),
        "validation_images": 2,
        "patch": {"size": 64},
    }
    config = {
        "name": "tiny",
        "architecture": tiny,
        "data": trained_on,
        "loss": {"name": "object_mse", "background_weight": 0.02},
        "patches": 1000,
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(config))
    study = {
        "config": str(tmp_path / "tiny.yaml"),
        "common": {"batch_size": 2},
        "patches": 4,
        "variants": {
            "grey": {"loss.background_weight": 0.1},
            "plain": {"loss": {"name": "mse"}},
            "boxes": {"data.patch.mask_source": "box"},
        },
        "against": {"plain": "grey", "grey": "boxes"},
        "data": str(data),
        "images": str(data.with_suffix("")),
        "recognizers": [str(checkers)],
        "qualities": [10, 30, 50, 70],
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    models = tmp_path / "runs" / "study-4"
    models.mkdir(parents=True)
    for name, model in (("all", golden), ("grey", load_model("fovea-s"))):  # as if an earlier run had trained them
        save_model(model, models / f"{name}.fovea")
    options = ("--variants", "grey", "--variants", "plain", "--work", tmp_path / "runs")
    with evaluating_here():
        rows = read(run("ablation", tmp_path / "study.yaml", *options) / "ablation_study.csv")
    assert [(row["variant"], row["against"], row["equal"]) for row in rows] == [
        (variant, against, equal)
        for variant, against in (("grey", "all"), ("plain", "all"), ("plain", "grey"))
        for equal in ("PSNR inside objects", "checkers, boxes")
    ]
    assert {(row["changes"], row["patches"]) for row in rows[:2]} == {("loss.background_weight: 0.1", "4")}
    assert all(bool(row["bd_rate_percent"]) != (row["note"].startswith("no")) for row in rows)
    assert load_model(models / "all.fovea").id == golden.id
    card = load_model(models / "plain.fovea").card
    assert card["config"]["loss"]["name"] == "mse" and card["config"]["batch_size"] == 2


def test_variants_that_are_run_later_join_the_table_of_a_study(script, monkeypatch) -> None:
    pytest.importorskip("lightning")
    monkeypatch.chdir(ROOT)
    ablation = script("ablation")
    study = ablation.read_yaml(ROOT / "benchmarks/studies/parts.yaml", ablation.Study)

    def lines(date: str, *pairs: tuple[str, str]) -> list[dict[str, str]]:
        return [{"variant": variant, "against": against, "patches": "4", "date": date} for variant, against in pairs]

    before = lines("once", ("plain-mse", "all"), ("boxes", "all"), ("forgotten", "all"))
    now = lines("today", ("constant-rate", "all"), ("boxes", "all"), ("features-too", "all"))
    assert ablation.merged(study, [], now) == [now[2], now[1], now[0]]
    assert ablation.merged(study, before, now) == [before[0], now[2], now[1], now[0]]
    longer = [{**line, "patches": 8} for line in now]
    assert ablation.merged(study, before, longer) == [longer[2], longer[1], longer[0]]


TINY = {"wide": 16, "wide_blocks": 1, "deep": 16, "deep_blocks": 1, "latent": 16, "hyper": 8, "prior": 16}


@pytest.fixture
def tiny_training(tmp_path: Path) -> Path:
    """Configuration of a training that ends within seconds."""
    pytest.importorskip("lightning")
    data = save_dataset(tmp_path / "data", 4)
    config = {
        "name": "tiny",
        "architecture": TINY,
        "data": {
            "images": str(data.with_suffix("")),
            "annotations": str(data),
            "validation_images": 2,
            "patch": {"size": 64},
        },
        "loss": {"name": "mse"},
        "patches": 4,
        "batch_size": 2,
        "warmup_steps": 1,
    }
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def test_frontier(run, tiny_training: Path, tmp_path: Path) -> None:
    study = {
        "config": str(tiny_training),
        "patches": 4,
        "base": TINY,
        "networks": {"first": {}, "deeper": {"deep_blocks": 2}, "four": {"mean_steps": 4}},
    }
    (tmp_path / "sizes.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    command = ("frontier", tmp_path / "sizes.yaml", "--work", tmp_path / "runs")
    first, deeper = read(run(*command, "--networks", "deeper") / "sizes.csv")
    assert (first["network"], first["rate_percent"]) == ("first", "0.0") and deeper["fields"] == "deep_blocks=2"
    assert float(deeper["encode_kmac"]) > float(first["encode_kmac"])
    rows = read(run(*command) / "sizes.csv")
    assert [row["network"] for row in rows] == ["first", "deeper", "four"]
    assert rows[:2] == [first, deeper], "what is done is not done again"


def test_priors(run, tiny_training: Path, tmp_path: Path) -> None:
    from fovea.training import read_config, train

    checkpoint = train(read_config(tiny_training), tmp_path / "run", progress=False)
    study = {
        "checkpoint": str(checkpoint),
        "patches": 3,
        "held_out": 2,
        "steps": 2,
        "batch_size": 2,
        "priors": {"two": {}, "four": {"mean_steps": 4}},
    }
    (tmp_path / "kinds.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    two, four = read(run("priors", tmp_path / "kinds.yaml") / "kinds.csv")
    assert (two["prior"], two["mean_percent"], four["fields"]) == ("two", "0.0", "mean_steps=4")
    assert float(four["q50_percent"]) != 0 and 0 < float(four["z_share_q10"]) < 1


def test_refinement(run, script, finding_network, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    refinement = script("refinement")
    image = 255 * torch.rand(1, 3, 64, 128, generator=torch.Generator().manual_seed(1))
    begin = refinement.start(finding_network, image, 35)
    with torch.no_grad():
        decoded, bits = refinement.code(finding_network, begin, torch.zeros_like(begin.latent), torch.round)
        coded = finding_network(image, torch.tensor([35]))
    assert torch.allclose(decoded, coded.image, atol=1e-3)
    assert torch.allclose(bits, coded.latent_bits + coded.hyper_bits, rtol=1e-4)

    def cost(change):
        with torch.no_grad():
            decoded, bits = refinement.code(finding_network, begin, change, torch.round)
        weight = torch.nn.functional.interpolate(begin.step**-2, image.shape[2:])
        pixels = image[0, 0].numel()
        return bits + pixels * refinement.rate_lambda(begin.quality) * refinement.object_mse(decoded, image, weight)

    change = refinement.refined(finding_network, begin, refinement.object_mse, 40)
    assert cost(change) < cost(torch.zeros_like(change))

    monkeypatch.setattr(refinement, "images", lambda number: [(image, torch.ones_like(image[:, :1]))] * number)
    monkeypatch.setattr(refinement, "recognizers", lambda: {"one": refinement.object_mse})
    monkeypatch.setattr(refinement, "segmenter", lambda: refinement.object_mse)
    monkeypatch.setattr(refinement, "load_checkpoint", lambda path: SimpleNamespace(network=finding_network))
    rows = read(run("refinement", "--images", 2, "--steps", 1) / "refinement.csv")
    assert [row["search_for"] for row in rows] == ["pixels", "pixels", "pixels", "features"]
    assert all(row["object_mse_percent"] == row["one_percent"] for row in rows)


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks" / "networks").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_network_of_a_study_can_be_built(script, monkeypatch, path: Path) -> None:
    pytest.importorskip("lightning")
    monkeypatch.chdir(ROOT)
    if path.stem == "priors":
        priors = script("priors")
        study = priors.read_yaml(path, priors.Priors)
        assert study.checkpoint.is_file()
        return
    frontier = script("frontier")
    study = frontier.read_yaml(path, frontier.Frontier)
    for name, fields in study.networks.items():
        changes = {**study.common, "architecture": {**study.base, **fields}}
        assert frontier.changed(study.config, name, 8, changes).architecture.mean_steps in (2, 4)


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks" / "studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_variant_of_a_study_is_a_configuration(script, monkeypatch, path: Path) -> None:
    pytest.importorskip("lightning")
    monkeypatch.chdir(ROOT)
    ablation = script("ablation")
    study = ablation.read_yaml(path, ablation.Study)
    names = [ablation.BASE, *study.variants]
    configs = [study.configuration(name, 8) for name in names]
    assert len({config.model_copy(update={"name": ""}).model_dump_json() for config in configs}) == len(configs)
    assert {*study.against, *study.against.values()} <= set(names)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_stress(run, script) -> None:
    options = ("--seconds", 4, "--processes", 4, "--threads", 2, "--model", GOLDEN)
    (row,) = read(run("stress", *options) / "stress.csv")
    assert row["wrong"] == "0" and int(row["files"]) > 0
    assert int(row["asked_to_end"]) + int(row["killed"]) > 0


def test_stress_names_wrong_files(script, tmp_path: Path) -> None:
    stress = script("stress")
    (tmp_path / "out-1").mkdir()
    (tmp_path / "1.fov").write_bytes(b"as it must be")
    (tmp_path / "out-1" / "1-7.fov").write_bytes(b"as it must be")
    (tmp_path / "out-1" / "1-8.fov").write_bytes(b"as it")
    assert stress.check(tmp_path) == (2, ["1-8.fov is incomplete or wrong"])
