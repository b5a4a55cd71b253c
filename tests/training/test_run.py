"""Training, resuming and exporting, end to end."""

import copy
import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from fovea.errors import FoveaError
from fovea.networks import step_modules
from fovea.training import (
    Checkpoint,
    CodecTraining,
    Hardware,
    MuonAdam,
    export_model,
    load_checkpoint,
    read_config,
    train,
)

from ..exported_graphs import assert_graphs_compute_the_steps

CPU = Hardware("cpu")


@pytest.fixture
def only_the_analysis(monkeypatch):
    """An export has the graph of the analysis alone, where networks with a map differ from others."""
    monkeypatch.setattr(
        "fovea.networks.deploy.step_modules", lambda network: {"analysis": step_modules(network)["analysis"]}
    )


def _train(config, folder, hardware=CPU, **options):
    return train(config, folder, hardware=hardware, progress=False, **options)


def test_train_resume_and_export(config_file, without_graphs, tmp_path):
    config = read_config(config_file)
    run = tmp_path / "run"
    weights = _train(config, run)
    checkpoint = run / "last.ckpt"
    first = Checkpoint.read(checkpoint)
    assert first.step == 3
    assert weights.stat().st_size < checkpoint.stat().st_size / 3
    with pytest.raises(FoveaError, match="--resume"):
        _train(config, run)

    with pytest.raises(FoveaError, match=r"last\.ckpt: was trained with another mask_weight, seed: .*start a new run"):
        _train(config.model_copy(update={"seed": 9, "mask_weight": 0.3, "patches": 20}), run, resume=True)

    kept = torch.load(checkpoint, weights_only=True)
    assert any(
        (kept["current_model_state"][name] != averaged).any() for name, averaged in kept["state_dict"].items()
    ), "a longer run continues with the weights that were trained last, and not with their average"
    longer = config.model_copy(update={"patches": 20})
    _train(longer, run, resume=True)
    saved = Checkpoint.read(checkpoint)
    assert saved.step == 5
    assert torch.load(checkpoint, weights_only=True)["optimizer_states"][0]["parts"][0]["state"], (
        "the momentum of Muon is kept"
    )

    logs = [row for path in run.glob("csv*/metrics.csv") for row in csv.DictReader(path.open())]
    losses = [float(row["validation/loss"]) for row in logs if row.get("validation/loss")]
    assert losses and np.isfinite(losses).all()
    assert any(run.glob("tensorboard*/events*"))

    card = export_model(weights, calibration=3).card
    assert saved.hours > first.hours > 0
    assert card["runs"] == [{"name": config.name, "patches": 20, "patch_size": 64, "hours": round(saved.hours, 2)}]
    assert card["patches_in_all"] == 1 and card["config"]["loss"]["background_weight"] == 0.1


def test_a_run_that_broke_off_goes_on_from_its_last_checkpoint(config_file, tmp_path, monkeypatch):
    config = read_config(config_file).model_copy(update={"validate_every": 12, "checkpoint_every": 4})
    step = CodecTraining.training_step

    def breaks_off(self, patch, batch_idx):
        if self.global_step == 2:
            raise RuntimeError("no power")
        return step(self, patch, batch_idx)

    monkeypatch.setattr(CodecTraining, "training_step", breaks_off)
    with pytest.raises(RuntimeError, match="no power"):
        _train(config, tmp_path / "run")
    monkeypatch.undo()
    assert Checkpoint.read(tmp_path / "run/last.ckpt").step == 2
    _train(config, tmp_path / "run", resume=True)
    assert Checkpoint.read(tmp_path / "run/last.ckpt").step == 3


def test_networks_with_two_controls_and_four_steps_are_trained_and_exported(
    config_file, plain, without_graphs, tmp_path
):
    config = read_config(config_file)
    following = config.model_copy(
        update={
            "architecture": replace(config.architecture, background=True, mean_steps=4),
            "loss": config.loss.model_copy(update={"background_weight": "variable"}),
            "mask_weight": 0.1,
        }
    )
    weights = _train(following, tmp_path / "following")
    rows = [row for path in (tmp_path / "following").glob("csv*/metrics.csv") for row in csv.DictReader(path.open())]
    losses = {name: float(row[name]) for row in rows for name in row if name.endswith("/loss") and row[name]}
    assert {"validation/q50b0/loss", "validation/q50b100/loss"} < losses.keys() and np.isfinite(
        [*losses.values()]
    ).all()

    with pytest.raises(FoveaError, match=r"weights\.ckpt: has no control of the background"):
        export_model(plain, backgrounds={0: 0})
    model = export_model(weights, calibration=3, backgrounds={0: 20, 100: 100})
    assert model.steps == 4 and model.region == "given" and model.hyper_index.shape == (101, 101, 8)
    assert model.backgrounds[0] == 20 and model.backgrounds[50] == 60 and model.backgrounds[100] == 100


def test_networks_with_a_background_control_start_from_those_without(config_file, plain, tmp_path):
    config = read_config(config_file)
    following = config.model_copy(
        update={
            "start": plain,
            "architecture": replace(config.architecture, background=True),
            "loss": config.loss.model_copy(update={"background_weight": "variable"}),
        }
    )
    assert Checkpoint.read(_train(following, tmp_path / "following")).step == 3


def test_images_may_stay_on_the_device(config_file, tmp_path):
    config = read_config(config_file)
    on_device = config.model_copy(update={"data": config.data.model_copy(update={"on_device": True})})
    weights = _train(on_device, tmp_path / "run")
    assert Checkpoint.read(weights).step == 3


def test_start_takes_over_the_weights_of_another_run(config_file, plain, tmp_path):
    config = read_config(config_file)
    second = config.model_copy(update={"start": plain, "patches": 4, "learning_rate": 1e-9, "adam_learning_rate": 1e-9})
    weights = _train(second, tmp_path / "second")
    before, after = (load_checkpoint(path.with_name("last.ckpt")).state_dict() for path in (plain, weights))
    assert all(torch.allclose(before[name], after[name], rtol=1e-2, atol=1e-3) for name in before)
    _train(second.model_copy(update={"patches": 8}), tmp_path / "second", resume=True)
    assert Checkpoint.read(weights).earlier == (Checkpoint.read(plain).summary,), "also after it was resumed"


def test_roi_way_starts_from_a_network_without_map(config_file, plain, only_the_analysis, tmp_path):
    config = read_config(config_file)
    guided = config.model_copy(
        update={"start": plain, "architecture": replace(config.architecture, roi=True), "mask_weight": 0.1}
    )
    weights = _train(guided, tmp_path / "guided")
    model = export_model(weights, "guided", calibration=3)
    assert model.region == "given"
    assert_graphs_compute_the_steps(model, weights)
    # A later run without the head leaves it out.
    again = guided.model_copy(update={"start": weights, "mask_weight": 0.0})
    card = export_model(_train(again, tmp_path / "again"), calibration=0).card
    runs = [Checkpoint.read(path).summary for path in (plain, weights, tmp_path / "again" / "weights.ckpt")]
    assert card["runs"] == runs and card["patches_in_all"] == round(sum(run["patches"] for run in runs) / 16)


def test_objectness_and_detail_start_from_a_network_without(config_file, plain, only_the_analysis, tmp_path):
    config = read_config(config_file)
    architecture = replace(config.architecture, objectness=8, latent=config.architecture.latent + 8, detail=8)
    further = config.model_copy(update={"start": plain, "architecture": architecture, "mask_weight": 0.1})
    weights = _train(further, tmp_path / "further")
    model = export_model(weights, "further", calibration=3)
    assert (model.region, model.latent) == ("found", config.architecture.latent + 8)
    assert_graphs_compute_the_steps(model, weights)


def test_start_of_another_architecture_is_refused(config_file, plain, tmp_path):
    config = read_config(config_file)
    wider = config.model_copy(update={"start": plain, "architecture": replace(config.architecture, wide=24)})
    with pytest.raises(FoveaError, match="does not fit"):
        _train(wider, tmp_path / "second")
    narrower = replace(config.architecture, latent=config.architecture.latent // 2, detail=4)
    with pytest.raises(FoveaError, match="does not fit"):
        _train(config.model_copy(update={"start": plain, "architecture": narrower}), tmp_path / "third")


def test_start_from_something_else_is_refused(config_file, tmp_path):
    (tmp_path / "other.ckpt").write_bytes(b"no checkpoint")
    config = read_config(config_file).model_copy(update={"start": tmp_path / "other.ckpt"})
    with pytest.raises(FoveaError, match=r"other\.ckpt: is no checkpoint"):
        _train(config, tmp_path / "run")


def test_batch_must_divide_over_devices(config_file, tmp_path):
    with pytest.raises(FoveaError, match="does not divide"):
        _train(read_config(config_file), tmp_path / "run", hardware=Hardware("cpu", devices=3))


def test_optimizer_moves_all_parameters_and_restores_its_state(finding_network):
    network = copy.deepcopy(torch.nn.ModuleList([finding_network.analysis.wide, finding_network.scales]))
    optimizer = MuonAdam(network, 1e-2, 1e-3)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter) + 0.1 * torch.randn_like(parameter)
    optimizer.step()
    assert all(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    again = MuonAdam(network, 1e-2, 1e-3)
    again.load_state_dict(optimizer.state_dict())
    assert len(again.param_groups) == 2
    assert [len(part.state) for part in again.parts] == [len(part.state) for part in optimizer.parts]
    again.param_groups[0]["lr"] = 0.5
    assert again.parts[0].param_groups[0]["lr"] == 0.5
