"""The task loss with a tiny recognizer, alone and in the trainer."""

from itertools import islice

import numpy as np
import onnx
import pytest
import torch
import yaml
from onnx import TensorProto, helper, numpy_helper

from fovea.errors import FoveaError, RecognizerError
from fovea.training import (
    Checkpoint,
    Hardware,
    PatchConfig,
    PatchStream,
    coco_images,
    export_model,
    load_checkpoint,
    read_config,
    train,
)
from fovea.training.codec_module import distortion_of
from fovea.training.losses.config import TaskConfig
from fovea.training.losses.dead_leaves import dead_leaves
from fovea.training.losses.distortions import mse
from fovea.training.losses.task import TaskDistortion

CPU = Hardware("cpu")

SIZE = 32


@pytest.fixture
def make_recognizer(tmp_path):
    """Writes a detector of random weights for images of SIZE, 0..1, RGB; its boxes are [1, 64, 6]."""

    def make(name="tiny", factor=1.0, order=(0, 1, 2), unit=1.0):
        random = np.random.default_rng(0)

        def conv(inputs, output, channels, stride):
            weight = random.normal(0, 0.5, (8, channels, 3, 3)).astype(np.float32)
            if channels == 3:
                weight = weight[:, list(order)] * np.float32(4 / unit)
            weights.append(numpy_helper.from_array(weight, f"{output} weight"))
            return helper.make_node(
                "Conv", [inputs, f"{output} weight"], [output], strides=[stride, stride], pads=[1, 1, 1, 1]
            )

        weights = [
            numpy_helper.from_array(np.int64([1, 8, 64]), "shape"),
            numpy_helper.from_array(np.float32(factor), "factor"),
        ]
        nodes = [
            conv("images", "a", 3, 2),
            helper.make_node("Relu", ["a"], ["b"]),
            conv("b", "c", 8, 2),
            helper.make_node("Relu", ["c"], ["d"]),
            conv("d", "e", 8, 1),
            helper.make_node("Reshape", ["e", "shape"], ["f"]),
            helper.make_node("Transpose", ["f"], ["g"], perm=[0, 2, 1]),
            helper.make_node("Mul", ["g", "factor"], ["boxes"]),
        ]
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
            [helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 64, 8])],
            weights,
        )
        path = tmp_path / f"{name}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
        return path

    return make


def _images(size=64):
    original = torch.from_numpy(np.stack([dead_leaves(size, seed) for seed in (100, 101, 102)]))
    original = original.permute(0, 3, 1, 2).float()
    noise = torch.randn(original.shape, generator=torch.Generator().manual_seed(0))
    return original + 6 * noise, original, torch.ones(3, 1, size, size)


def test_equal_pictures_cost_nothing_and_others_something(make_recognizer):
    distortion = TaskDistortion(make_recognizer())
    decoded, original, mask = _images()
    assert distortion(original, original, mask).tolist() == [0, 0, 0]
    costs = distortion(decoded, original, mask)
    assert costs.shape == (3,) and (costs > 0).all()
    assert (distortion(original + 2 * (decoded - original), original, mask) > 2 * costs).all()


def test_samples_do_not_see_each_other(make_recognizer):
    distortion = TaskDistortion(make_recognizer())
    together = distortion(*_images())
    alone = [distortion(*(part[number : number + 1] for part in _images())) for number in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))


@pytest.mark.parametrize("output_share", [0.0, 0.5, 1.0])
def test_mild_distortions_cost_about_their_mse(make_recognizer, output_share):
    distortion = TaskDistortion(make_recognizer(), output_share=output_share, mse_share=0)
    decoded, original, mask = _images(size=SIZE)
    ratio = distortion(decoded, original, mask) / mse(decoded, original, mask)
    assert (ratio > 0.3).all() and (ratio < 3).all()


def test_units_of_the_outputs_do_not_matter(make_recognizer):
    small, large = (TaskDistortion(make_recognizer(f"x{factor}", factor), output_share=1) for factor in (10.0, 1000.0))
    torch.testing.assert_close(small(*_images()), large(*_images()), rtol=1e-3, atol=0)


def test_recognizers_are_fed_in_their_order_and_range(make_recognizer):
    usual = TaskDistortion(make_recognizer())
    other = TaskDistortion(make_recognizer("other", order=(2, 1, 0), unit=255), color="bgr", range="0..255")
    torch.testing.assert_close(usual(*_images()), other(*_images()), rtol=1e-4, atol=0)


def test_shares(make_recognizer):
    path, images = make_recognizer(), _images()
    torch.testing.assert_close(TaskDistortion(path, mse_share=1)(*images), mse(*images))
    inner, outer, both = (TaskDistortion(path, output_share=share)(*images) for share in (0, 1, 0.5))
    torch.testing.assert_close(both, (inner + outer) / 2)
    assert not torch.allclose(inner, outer, rtol=0.01)
    # "b" is where a stage ends, and so the default.
    torch.testing.assert_close(TaskDistortion(path, features=["b"])(*images), both)
    assert not torch.allclose(TaskDistortion(path, features=["b", "d"])(*images), both, rtol=0.01)
    torch.testing.assert_close(TaskDistortion(path, features=[])(*images), outer)


def test_errors_outside_objects_weigh_what_they_are_said_to(make_recognizer):
    path = make_recognizer()
    decoded, original, everywhere = _images()
    nowhere = torch.zeros_like(everywhere)
    distortion = TaskDistortion(path, output_share=0)
    whole = distortion(decoded, original, everywhere)
    torch.testing.assert_close(distortion(decoded, original, everywhere / 4), whole / 4)
    assert (distortion(decoded, original, nowhere) == 0).all()
    # An object counts where it is: a distortion of the left half is hardly seen from the right.
    left = torch.where(torch.arange(original.shape[3]) < 32, decoded, original)
    on_left = torch.where(torch.arange(original.shape[3]) < 32, everywhere, nowhere)
    assert (distortion(left, original, on_left) > 2 * distortion(left, original, 1 - on_left)).all()


def test_zoom_lets_a_recognizer_look_from_elsewhere_in_training_alone(make_recognizer):
    path, (decoded, original, mask) = make_recognizer(), _images()
    trained = decoded.clone().requires_grad_()
    plain = TaskDistortion(path, output_share=0, mse_share=0)
    zooming = TaskDistortion(path, output_share=0, mse_share=0, zoom=(1, 4))
    torch.testing.assert_close(zooming(decoded, original, mask), plain(decoded, original, mask))
    assert len({float(zooming(trained, original, mask)[0].detach()) for _ in range(16)}) > 1
    # Twice as near is seen at twice the size, but for the unit, which is known from where nothing is scaled.
    near = TaskDistortion(path, output_share=0, mse_share=0, zoom=(2, 2))(trained, original, mask)
    large = TaskDistortion(path, output_share=0, mse_share=0, size=2 * SIZE)(decoded, original, mask)
    assert not torch.allclose(near, plain(decoded, original, mask), rtol=0.01)
    torch.testing.assert_close(near / near[0], large / large[0])


def test_several_recognizers_take_turns_in_training_and_are_averaged_elsewhere(config_file, make_recognizer):
    paths = make_recognizer("first"), make_recognizer("second", order=(2, 1, 0))
    decoded, original, mask = _images()
    first, second = (TaskDistortion(path)(decoded, original, mask) for path in paths)
    alternating = distortion_of(_with_task(config_file, list(map(str, paths))).loss)
    torch.testing.assert_close(alternating(decoded, original, mask), (first + second) / 2)
    trained = decoded.clone().requires_grad_()
    turns = [alternating(trained, original, mask).detach() for _ in range(16)]
    chosen = [min((0, 1), key=lambda member: (turn - (first, second)[member]).abs().sum().item()) for turn in turns]
    assert set(chosen) == {0, 1}
    for turn, member in zip(turns, chosen, strict=True):
        torch.testing.assert_close(turn, (first, second)[member])


def test_one_of_several_recognizers_may_have_settings_of_its_own(config_file, make_recognizer):
    plain, other = make_recognizer("plain"), make_recognizer("other", order=(2, 1, 0))
    own = {"recognizer": str(other), "color": "bgr", "output_share": 0.25}
    config = _with_task(config_file, [str(plain), own])
    first, second = TaskDistortion(plain), TaskDistortion(other, color="bgr", output_share=0.25)
    images = _images()
    torch.testing.assert_close(distortion_of(config.loss)(*images), (first(*images) + second(*images)) / 2)
    with pytest.raises(FoveaError, match=r"loss\.task\.recognizer\.1: unknown key 'colour'"):
        _with_task(config_file, [str(plain), {"recognizer": str(other), "colour": "bgr"}])


def test_gradient_is_finite_under_autocast(make_recognizer):
    distortion = TaskDistortion(make_recognizer())
    decoded, original, mask = _images()
    exact = distortion(decoded, original, mask)
    decoded.requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        cost = distortion(decoded, original, mask)
    cost.sum().backward()
    assert cost.dtype == torch.float32 and torch.allclose(cost, exact, rtol=0.1)
    assert decoded.grad.isfinite().all() and (decoded.grad != 0).float().mean() > 0.9
    flat = torch.full_like(original, 255.0, requires_grad=True)
    distortion(flat, original.new_zeros(original.shape), mask).sum().backward()
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ["layer5"]}, r"tiny\.onnx: .*layer5"),
        ({"features": [], "output_share": 0}, r"tiny\.onnx: nothing to compare"),
        ({"size": 48}, r"tiny\.onnx: .*Reshape"),
        ({"features": ["images"]}, r"tiny\.onnx: .*images"),
    ],
)
def test_mistakes_are_named(make_recognizer, options, message):
    with pytest.raises(RecognizerError, match=message):
        TaskDistortion(make_recognizer(), **options)


def test_network_that_does_not_look_is_refused(make_recognizer):
    with pytest.raises(RecognizerError, match=r"blind\.onnx: tensor b: cannot be compared"):
        TaskDistortion(make_recognizer("blind", unit=float("inf")))


def _with_task(config_file, recognizer, **changes):
    config = yaml.safe_load(config_file.read_text())
    named = recognizer if isinstance(recognizer, list) else str(recognizer)
    config |= {"loss": {"name": "task", "recognizer": named}} | changes
    config_file.write_text(yaml.safe_dump(config))
    return read_config(config_file)


def _train(config, folder, **options):
    return train(config, folder, hardware=CPU, progress=False, **options)


def test_configuration_names_the_distortion(config_file, make_recognizer):
    recognizer = make_recognizer()
    loss = _with_task(config_file, recognizer).loss
    assert isinstance(loss, TaskConfig) and loss.mse_share == 0.1
    torch.testing.assert_close(distortion_of(loss)(*_images()), TaskDistortion(recognizer)(*_images()))


@torch.no_grad()
def _distance(weights, config, distortion):
    """Mean distance of some patches after coding at a high quality."""
    stream = PatchStream(coco_images(config.data.annotations, config.data.images), PatchConfig(size=64), seed=7)
    patches = list(islice(stream, 8))
    original, mask = (torch.stack(parts).float() for parts in zip(*patches, strict=True))
    coded = load_checkpoint(weights).network.eval()(original, torch.full((8,), 90), mask > 0)
    return distortion(coded.image, original, mask).mean().item()


def test_training_lowers_the_distance_and_exports_without_the_recognizer(
    config_file, make_recognizer, without_graphs, tmp_path
):
    recognizer = make_recognizer()
    distortion = TaskDistortion(recognizer, mse_share=0)
    untrained = _with_task(
        config_file, recognizer, patches=4, ema_decay=0.0, learning_rate=1e-9, adam_learning_rate=1e-9
    )
    before = _distance(_train(untrained, tmp_path / "untrained"), untrained, distortion)
    rates = {"learning_rate": 3e-3, "adam_learning_rate": 3e-3}
    trained = untrained.model_copy(update={"patches": 160, "validate_every": 160, **rates})
    weights = _train(trained, tmp_path / "trained")
    assert _distance(weights, trained, distortion) < 0.9 * before

    state = Checkpoint.read(weights).weights
    assert all(name.startswith("network.") for name in state)
    recognizer.unlink()
    assert export_model(weights, calibration=2).card["config"]["loss"]["name"] == "task"


def test_resume(config_file, make_recognizer, tmp_path):
    config = _with_task(config_file, make_recognizer())
    _train(config, tmp_path / "run")
    _train(config.model_copy(update={"patches": 20}), tmp_path / "run", resume=True)
    assert Checkpoint.read(tmp_path / "run" / "last.ckpt").step == 5


def test_missing_recognizer_is_named(config_file, tmp_path):
    with pytest.raises(RecognizerError, match=r"absent\.onnx"):
        _train(_with_task(config_file, tmp_path / "absent.onnx"), tmp_path / "run")
