"""From nothing to a training that goes on from others."""

import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from fovea.errors import FoveaError
from fovea.training import Checkpoint, Hardware, configurations, train_from_nothing

CPU = Hardware("cpu")


@pytest.fixture
def quick_segmenters(monkeypatch):
    """The files of segmenters hold their first layer alone: to export them takes longer than to train them."""

    def export(network, outputs):
        weight = numpy_helper.from_array(network.stride4[0][0].weight.detach().numpy(), "weight")
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("image", *outputs)]
        nodes = [helper.make_node("Conv", ["image", "weight"], [name], strides=[2, 2]) for name in outputs]
        graph = helper.make_graph(nodes, "segmenter", values[:1], values[1:], [weight])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()

    monkeypatch.setattr("fovea.training.segmenter.module.export_segmenter", export)


def _write(folder, fields, **changes):
    path = folder / f"{changes['name']}.yaml"
    path.write_text(yaml.safe_dump({**fields, **changes}))
    return path


def test_every_run_that_a_run_needs_is_trained_once(config_file, quick_segmenters, tmp_path):
    configs = tmp_path / "configs"
    configs.mkdir()
    fields = yaml.safe_load(config_file.read_text()) | {"patches": 4}
    data = fields["data"]
    _write(configs, fields, name="first", loss={"name": "mse"})
    _write(configs, fields, name="second", start="runs/first/weights.ckpt")
    loss = {"name": "task", "recognizer": "checkpoints/segmenter.onnx", "features": ["stride4"], "output_share": 0}
    last = _write(configs, fields, name="last", loss=loss, start="checkpoints/second.ckpt")
    _write(configs, {"data": data, "patches": 4, "batch_size": 2}, name="segmenter", outputs=["stride4", "stride8"])

    assert [config.name for config in configurations(last)] == ["last", "second", "first"]
    weights = train_from_nothing(last, tmp_path / "runs/last", hardware=CPU)
    assert weights == tmp_path / "runs/last/weights.ckpt"
    recorded = Checkpoint.read(weights).config
    assert recorded["start"] == str(tmp_path / "runs/second/weights.ckpt")
    assert recorded["loss"]["recognizer"][0]["recognizer"] == str(tmp_path / "runs/segmenter/segmenter.onnx")
    before = Checkpoint.read(tmp_path / "runs/second/weights.ckpt").config
    assert before["start"] == str(tmp_path / "runs/first/weights.ckpt")

    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").glob("*/weights.ckpt")}
    weights.unlink()
    weights.with_name("last.ckpt").unlink()
    train_from_nothing(last, tmp_path / "runs/last", hardware=CPU)
    assert {path: path.stat().st_mtime_ns for path in made if path != weights} == {
        path: time for path, time in made.items() if path != weights
    }


def test_every_network_that_a_loss_names_is_trained(config_file, quick_segmenters, tmp_path):
    fields = yaml.safe_load(config_file.read_text()) | {"patches": 4}
    for name, seed in (("segmenter", 0), ("others", 1)):
        _write(
            tmp_path, {"data": fields["data"], "patches": 4, "batch_size": 2}, name=name, seed=seed, outputs=["stride4"]
        )
    named = ["checkpoints/segmenter.onnx", {"recognizer": "checkpoints/others.onnx", "mse_share": 0.5}]
    loss = {"name": "task", "recognizer": named, "features": ["stride4"], "output_share": 0}
    weights = train_from_nothing(_write(tmp_path, fields, name="last", loss=loss), tmp_path / "runs/last", hardware=CPU)
    recorded = Checkpoint.read(weights).config
    made = [tmp_path / "runs" / name / "segmenter.onnx" for name in ("segmenter", "others")]
    first, second = recorded["loss"]["recognizer"]
    assert [first["recognizer"], second["recognizer"]] == list(map(str, made))
    assert (first["mse_share"], second["mse_share"]) == (None, 0.5)
    assert made[0].read_bytes() != made[1].read_bytes()


def test_files_without_a_configuration_are_used_as_they_are(config_file, tmp_path):
    start = train_from_nothing(config_file, tmp_path / "runs/first", hardware=CPU)
    fields = yaml.safe_load(config_file.read_text()) | {"patches": 4, "start": str(start)}
    path = _write(tmp_path, fields, name="second")
    weights = train_from_nothing(path, tmp_path / "runs/second", hardware=CPU)
    assert Checkpoint.read(weights).config["start"] == str(start)


def test_runs_that_start_from_each_other_are_refused_before_any_work(config_file, tmp_path):
    fields = yaml.safe_load(config_file.read_text())
    first = _write(tmp_path, fields, name="first", start="checkpoints/second.ckpt")
    _write(tmp_path, fields, name="second", start="runs/first/weights.ckpt")
    with pytest.raises(FoveaError, match=r"first\.yaml: the run starts from itself"):
        train_from_nothing(first, tmp_path / "runs/first", hardware=CPU)
    assert not (tmp_path / "runs").exists()


def test_a_run_with_another_configuration_is_refused(config_file, tmp_path):
    fields = yaml.safe_load(config_file.read_text()) | {"patches": 4}
    _write(tmp_path, fields, name="first")
    second = _write(tmp_path, fields, name="second", start="checkpoints/first.ckpt")
    train_from_nothing(second, tmp_path / "runs/second", hardware=CPU)
    _write(tmp_path, fields, name="first", seed=fields.get("seed", 0) + 1)
    with pytest.raises(FoveaError, match=r"first.weights\.ckpt: was trained with another seed"):
        train_from_nothing(second, tmp_path / "runs/second", hardware=CPU)
