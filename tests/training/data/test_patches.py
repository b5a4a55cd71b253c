import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from fovea.datasets import Annotation
from fovea.errors import DatasetError
from fovea.training import PatchConfig
from fovea.training.data.crops import Crop, CropSampler, CropStream
from fovea.training.data.images import TrainingImage, coco_images, folder_images
from fovea.training.data.masks import WEIGHT_STEP, weight_painter
from fovea.training.data.patches import PatchStream
from fovea.training.data.resident import ResidentImages


def _stream(images, **patch):
    return PatchStream(images, PatchConfig(**{"size": 64, **patch}))


def _patches(stream, number):
    return list(islice(iter(stream), number))


def test_patches_have_the_size_asked_for_and_masks_that_fit(coco):
    images = coco_images(coco / "train.json", coco)
    for image, mask in _patches(_stream(images, scale_jitter=(1.0, 1.0)), 20):
        assert image.shape == (3, 64, 64) and mask.shape == (1, 64, 64)
        bright = image.float().mean(dim=0) > 150
        assert (bright == (mask[0] == 1)).float().mean() > 0.95


def test_patches_on_objects_show_them(coco):
    images = coco_images(coco / "train.json", coco)

    def shown(probability):
        stream = _stream(images, scale_jitter=(3.0, 3.0), object_probability=probability)
        return np.mean([bool(mask.any()) for _, mask in _patches(stream, 60)])

    assert shown(1.0) >= 0.95
    assert shown(0.0) < 0.8


def test_rare_classes_are_shown_more_often(coco):
    Image.new("RGB", (120, 90), "gray").save(coco / "0.png")
    first, *others = coco_images(coco / "train.json", coco)
    images = [replace(first, annotations=(replace(first.annotations[0], category_id=2),)), *others]

    def gray(threshold):
        patches = _patches(_stream(images, scale_jitter=(1.0, 1.0), repeat_threshold=threshold), 300)
        return np.mean([bool((image == 128).all()) for image, _ in patches])

    assert gray(0.0) == pytest.approx(1 / 6, abs=0.05)
    assert gray(1.0) == pytest.approx(6**0.5 / (5 + 6**0.5), abs=0.06)


def test_stream_is_a_function_of_its_seed(coco):
    images = coco_images(coco / "train.json", coco)
    first, again, other = (_patches(PatchStream(images, PatchConfig(size=64), seed=s), 5) for s in (1, 1, 2))
    assert all(a.image.equal(b.image) and a.mask.equal(b.mask) for a, b in zip(first, again, strict=True))
    assert not all(a.image.equal(b.image) for a, b in zip(first, other, strict=True))


def test_memory_for_images_is_bounded_and_makes_no_difference(coco):
    images = coco_images(coco / "train.json", coco)
    room = 2 * 5 * 120 * 90  # two of them
    none, some = (PatchStream(images, PatchConfig(size=64), cache=cache) for cache in (0, room))
    for one, other in zip(_patches(none, 20), _patches(some, 20), strict=True):
        assert one.image.equal(other.image) and one.mask.equal(other.mask)
    assert len(none._cache) == 0 and len(some._cache) == 2


def test_small_images_are_enlarged(coco):
    patch = next(iter(_stream(folder_images(coco), size=128)))
    assert patch.image.shape == (3, 128, 128)
    assert (patch.mask == 1).all()


def test_damaged_image_is_named(coco):
    (coco / "3.png").write_bytes(b"no image")
    images = [item for item in coco_images(coco / "train.json", coco) if item.path.name == "3.png"]
    with pytest.raises(DatasetError, match=r"3\.png"):
        next(iter(_stream(images)))


@pytest.mark.parametrize("size", [(80, 40), (40, 80)], ids=["as stored", "as shown"])
def test_turned_image_is_read_as_its_labels_count_pixels(size, tmp_path):
    stored = np.zeros((40, 80, 3), np.uint8)
    stored[:20, :40] = 255  # the upper left as stored is the upper right as shown
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(stored).save(tmp_path / "turned.png", exif=exif)
    left = 0 if size == (80, 40) else 20
    box = (left, 0, *((40, 20) if size == (80, 40) else (20, 40)))
    item = TrainingImage(tmp_path / "turned.png", (Annotation(1, 1, box, 800),), size)
    for image, mask in _patches(_stream([item]), 5):
        assert ((image.float().mean(dim=0) > 150) == (mask[0] == 1)).float().mean() > 0.95


@pytest.mark.parametrize("upright", [True, False])
def test_json_says_which_labels_count_pixels_as_shown(upright, tmp_path):
    stored = np.zeros((64, 64, 3), np.uint8)
    stored[:20, :30] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    Image.fromarray(stored).save(tmp_path / "turned.png", exif=exif)
    image = {"id": 1, "file_name": "turned.png", "width": 64, "height": 64}
    corner = [34, 44] if upright else [0, 0]
    labels = {
        "images": [image | {"upright": True} if upright else image],
        "annotations": [{"id": 1, "image_id": 1, "bbox": [*corner, 30, 20]}],
    }
    (tmp_path / "train.json").write_text(json.dumps(labels))
    stream = _stream(coco_images(tmp_path / "train.json", tmp_path), scale_jitter=(1.0, 1.0))
    for patch, mask in _patches(stream, 5):
        assert np.array_equal(patch.float().mean(dim=0) > 150, mask[0] == 1)


def test_deep_images_are_scaled_not_clipped(tmp_path):
    Image.fromarray(np.full((64, 64), 100 * 257, np.uint16)).save(tmp_path / "deep.png")
    patch = next(iter(_stream(folder_images(tmp_path))))
    assert (patch.image == 100).all()


def test_image_of_another_size_than_labeled_is_refused(coco):
    item = replace(coco_images(coco / "train.json", coco)[0], size=(60, 45))
    with pytest.raises(DatasetError, match=r"is 120 x 90, and the labels are made for 60 x 45"):
        next(iter(_stream([item])))


def test_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match="no images"):
        folder_images(tmp_path)


def test_images_on_the_device_give_the_patches_that_files_give(coco):
    images = coco_images(coco / "train.json", coco)
    Image.new("RGB", (70, 150), "gray").save(coco / "0.png")
    images[0] = replace(images[0], size=(70, 150))
    patch = PatchConfig(size=64, scale_jitter=(1.5, 2.0), small_object_exponent=0.3, repeat_threshold=0.5)
    resident = ResidentImages(images, 64, weight_painter(patch))
    crops = CropStream(CropSampler(images, patch), resident.sizes, seed=3)
    stream = PatchStream(images, patch, seed=3)
    images, maps = resident.cut(Crop(*(torch.tensor(field) for field in zip(*islice(crops, 20), strict=True))))
    assert images.dtype == maps.dtype == torch.uint8 and maps.shape == (20, 1, 64, 64)
    for image, weights, expected in zip(images, maps, _patches(stream, 20), strict=True):
        assert (image.float() - expected.image.float()).abs().mean() < 3
        assert (weights * WEIGHT_STEP == expected.mask).float().mean() > 0.99
