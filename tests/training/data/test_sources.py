"""Several folders in one training: what is drawn how often and at which scale, and what is held out."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import yaml
from PIL import Image

from fovea.errors import FoveaError
from fovea.training import (
    DataConfig,
    Hardware,
    PatchConfig,
    PatchStream,
    coco_images,
    expand_path,
    read_config,
    split_images,
    train,
)
from fovea.training.data.crops import CropSampler
from fovea.training.data.sources import is_held_out


@pytest.fixture
def folder(tmp_path):
    """120 gray pictures without labels, in a folder of a folder."""
    (tmp_path / "more/street").mkdir(parents=True)
    for number in range(120):
        Image.new("RGB", (96, 80), (number, number, number)).save(tmp_path / f"more/street/{number:03}.png")
    return tmp_path / "more"


def test_one_of_fifty_is_held_out_whatever_else_is_there(folder):
    train, held_out = split_images(DataConfig(sources=({"images": folder},)))
    names = {image.path.name for image in held_out}
    assert len(train) + len(held_out) == 120 and 0 < len(held_out) < 10
    assert names == {f"{number:03}.png" for number in range(120) if is_held_out(f"{number:03}.png")}
    for image in train[:50]:
        image.path.unlink()
    assert {image.path.name for image in split_images(DataConfig(sources=({"images": folder},)))[1]} == names


def test_files_whose_names_begin_as_the_source_says_are_held_out(folder):
    train, held_out = split_images(DataConfig(sources=({"images": folder, "held_out": ["00", "11"]},)))
    named = {f"{number:03}.png" for number in (*range(10), *range(110, 120))}
    assert named <= {image.path.name for image in held_out}
    assert not named & {image.path.name for image in train} and len(train) + len(held_out) == 120


def test_share_held_out_of_many_names():
    share = np.mean([is_held_out(f"{number:012}.jpg") for number in range(20_000)])
    assert share == pytest.approx(0.02, abs=0.004)


def test_none_held_out_is_an_error(coco):
    with pytest.raises(FoveaError, match="too few to keep one of 50"):
        split_images(DataConfig(sources=({"images": coco, "annotations": coco / "train.json"},)))


@pytest.mark.parametrize("count", [1, 32, 59, 119])
def test_images_are_held_out_evenly_from_one_folder(folder, count):
    _, held_out = split_images(DataConfig(images=folder, validation_images=count))
    numbers = [int(image.path.stem) for image in held_out]
    assert len(numbers) == count
    gaps = np.diff([*numbers, 120])
    assert gaps.max() - gaps.min() <= 1


def test_weights_tell_how_often_pictures_are_drawn(coco, folder):
    sources = ({"images": coco, "annotations": coco / "train.json", "weight": 20}, {"images": folder})
    images, _ = split_images(DataConfig(sources=sources))
    labeled = [image.annotations is not None for image in images]
    assert sum(labeled) == 6
    sampler, random = CropSampler(images, PatchConfig(size=64)), np.random.default_rng(0)
    drawn = np.mean([labeled[sampler.image(random)] for _ in range(2000)])
    assert drawn == pytest.approx(120 / (120 + len(images) - 6), abs=0.03)


def test_a_source_may_have_a_scale_of_its_own(coco, folder):
    sources = ({"images": coco, "annotations": coco / "train.json"}, {"images": folder, "scale_jitter": (2, 2)})
    images, _ = split_images(DataConfig(sources=sources))
    sampler, random = (
        CropSampler(images, PatchConfig(size=64, scale_jitter=(1, 1), object_probability=0)),
        np.random.default_rng(0),
    )
    assert {sampler.crop(number, 96, 80, random).side for number in range(6)} == {64}
    assert {sampler.crop(number, 96, 80, random).side for number in range(6, len(images))} == {32}


def test_every_pixel_counts_on_pictures_without_labels(coco, folder):
    (plain, mask) = next(
        iter(PatchStream(split_images(DataConfig(sources=({"images": folder},)))[0], PatchConfig(size=64)))
    )
    assert plain.shape == (3, 64, 64) and (mask == 1).all()
    nothing = [replace(image, annotations=()) for image in coco_images(coco / "train.json", coco)]
    assert not any(mask.any() for _, mask in islice(iter(PatchStream(nothing, PatchConfig(size=64))), 3))


@pytest.mark.parametrize(
    "data",
    [{}, {"images": "i", "sources": [{"images": "i"}]}, {"sources": [{"images": "i"}], "annotations": "a.json"}],
)
def test_images_are_given_in_one_way(data):
    with pytest.raises(ValueError, match="sources"):
        DataConfig.model_validate(data)


def test_variables_say_where_data_is(monkeypatch, tmp_path):
    monkeypatch.delenv("FOVEA_SHARED", raising=False)
    path = DataConfig(images="$FOVEA_SHARED/data").images
    assert path is not None and expand_path(path).as_posix() == "../shared/data"
    monkeypatch.setenv("FOVEA_SHARED", str(tmp_path))
    assert expand_path(path) == tmp_path / "data"
    monkeypatch.delenv("ELSEWHERE", raising=False)
    for wrong, message in (("${ELSEWHERE}/a", "ELSEWHERE is not set"), ("a$/b", "dollar")):
        with pytest.raises(FoveaError, match=message):
            expand_path(path / wrong)


def test_labeled_and_other_pictures_train_one_network(config_file, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PICTURES", str(tmp_path))
    fields = yaml.safe_load(config_file.read_text())
    fields["data"] = {
        "sources": [
            {"images": "$PICTURES", "annotations": "$PICTURES/train.json"},
            {"images": "$PICTURES/more/street", "weight": 0.5, "scale_jitter": [0.8, 1.0]},
        ],
        "patch": {"size": 64},
        "validation_images": 2,
    }
    config_file.write_text(yaml.safe_dump(fields))
    weights = train(read_config(config_file), tmp_path / "run", hardware=Hardware("cpu"), progress=False)
    assert weights.is_file()
