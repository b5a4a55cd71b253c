"""A codec that learns where objects are from annotations and teachers together."""

from dataclasses import replace

import pytest

from fovea.errors import FoveaError
from fovea.training import Checkpoint, Hardware, TrainingConfig, export_model, read_config, train
from fovea.training.config_file import validated
from fovea.training.data.codec_patches import CodecPatches, read_sample
from fovea.training.data.sources import split_images


@pytest.fixture
def taught(config_file, finder_config) -> dict:
    """Fields of a training of a codec with a background control, on labeled and unlabeled pictures."""
    config = read_config(config_file)
    architecture = replace(config.architecture, background=True)
    teaching = finder_config.model_dump(include={"teachers", "shapes", "labels"})
    data = finder_config.data.model_dump(include={"sources", "validation_images"})
    return config.model_dump(exclude={"architecture", "loss", "data"}) | {
        "architecture": architecture,
        "loss": {"name": "object_mse", "background_weight": "variable"},
        "mask_weight": 0.1,
        "data": data | {"patch": {"size": 64}},
        "objects": teaching,
    }


def test_patches_are_where_annotations_or_teachers_see_objects(taught):
    patches = CodecPatches(TrainingConfig.model_validate(taught), seed=0, devices=1)
    masks = [patch.mask for patch in patches.first(24)]
    assert all(mask.min() >= 0 and mask.max() <= 1 for mask in masks)
    assert any(((mask > 0) & (mask < 1)).any() for mask in masks), "annotations that no teacher sees are uncertain"
    # Without teachers, everything on a picture without labels counts.
    alone = CodecPatches(TrainingConfig.model_validate(taught | {"objects": None}), seed=0, devices=1)
    assert any(patch.mask.min() == 1 for patch in alone.first(24))
    assert not any(mask.min() == 1 for mask in masks)


def test_training_ends_in_a_model_and_its_card_names_the_teachers(taught, teacher, without_graphs, tmp_path):
    config = TrainingConfig.model_validate(taught)
    assert config.needs_recognizer
    weights = train(config, tmp_path / "run", hardware=Hardware("cpu"), progress=False)
    assert Checkpoint.read(weights).step == 3
    card = export_model(weights, calibration=3).card
    assert card["config"]["objects"]["teachers"][0]["recognizer"] == str(teacher)


def test_a_sample_is_all_that_is_labeled_for_an_export(taught, tmp_path):
    labels = tmp_path / "labels"
    config = TrainingConfig.model_validate(taught | {"objects": taught["objects"] | {"labels": labels}})
    images, _ = read_sample(config, 3, seed=1)
    detected = [path for path in labels.rglob("*.npy") if not path.parent.name.startswith("shapes-")]
    assert 1 <= len(images) == len(detected) <= 3 and sum(image.weight for image in images) == 3
    train, _ = split_images(config.data)
    assert len(train) > 3
    assert [image.path for image in read_sample(config, 3, seed=1)[0]] == [image.path for image in images]


def test_images_of_a_sample_are_drawn_by_their_weights(taught):
    alone = TrainingConfig.model_validate(taught | {"objects": None})
    train, _ = split_images(alone.data)
    images, _ = read_sample(alone, 400 * len(train), seed=0)
    drawn = {image.path: image.weight for image in images}
    total = sum(image.weight for image in train)
    for image in train:
        assert drawn[image.path] / (400 * len(train)) == pytest.approx(image.weight / total, rel=0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"images": ".", "patch": {"edge_weight": 1}}}, "data.patch.edge_weight: is for objects of annot"),
        ({"objects": {"teachers": []}}, "objects.teachers: "),
        ({"architecture": "base-objectness", "loss": {"name": "objectness", "recognizer": "a.onnx"}}, "leave them out"),
    ],
)
def test_mistakes_are_named(taught, changes, message):
    with pytest.raises(FoveaError) as error:
        validated(taught | changes, TrainingConfig)
    assert message in str(error.value)
