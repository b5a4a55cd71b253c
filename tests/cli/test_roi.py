"""The option ``--roi`` of ``fovea encode``."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from fovea import Codec
from fovea.cli.regions import region_finder
from fovea.picture import Picture, as_stored, open_picture

from ..icc_profiles import linear_rgb

needs_labels = pytest.mark.skipif(find_spec("pycocotools") is None, reason="labels need the extra eval")


@pytest.fixture
def region():
    """A map of the left half of the photo."""
    mask = np.zeros((64, 96), np.uint8)
    mask[:, :48] = 255
    return mask


@pytest.fixture
def expected(photo, guided, region):
    return Codec(guided).encode(Image.open(photo), roi=region)


def test_map_of_one_image(fovea, photo, guided, region, expected, tmp_path):
    Image.fromarray(region).save(tmp_path / "map.png")
    result = fovea("encode", photo, tmp_path / "x.fov", "-m", guided, "--roi", tmp_path / "map.png")
    assert result.exit_code == 0
    assert (tmp_path / "x.fov").read_bytes() == expected != Codec(guided).encode(Image.open(photo))


def test_without_a_map_everything_is_of_interest(photo, guided):
    codec, image = Codec(guided), Image.open(photo)
    assert codec.encode(image) == codec.encode(image, roi=np.ones((image.height, image.width), np.bool_))


def test_folder_of_maps(fovea, photo, guided, region, expected, tmp_path):
    for name in ("in/a/one.jpg", "in/two.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(photo.read_bytes())
    (tmp_path / "maps" / "a").mkdir(parents=True)
    Image.fromarray(region).save(tmp_path / "maps" / "a" / "one.png")
    result = fovea("encode", tmp_path / "in", tmp_path / "out", "-m", guided, "--roi", tmp_path / "maps")
    assert result.exit_code == 1
    assert (tmp_path / "out/a/one.fov").read_bytes() == expected
    assert f"{tmp_path / 'in/two.jpg'}: {tmp_path / 'maps'}: there is no map named two" in result.stderr


def test_only_images_are_maps(fovea, photo, guided, region, expected, tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    Image.fromarray(region).save(maps / "photo.png")
    (maps / "photo.txt").write_text("made by hand")
    command = ("encode", photo, tmp_path / "x.fov", "-m", guided, "--roi", maps)
    assert fovea(*command).exit_code == 0
    assert (tmp_path / "x.fov").read_bytes() == expected
    Image.fromarray(region).save(maps / "photo.tif")
    result = fovea(*command)
    message = f"fovea: {maps / 'photo.png'} and {maps / 'photo.tif'} are maps of the same name: remove one\n"
    assert (result.exit_code, result.stderr) == (1, message)


def test_maps_that_cannot_be_read_are_named(fovea, photo, guided, tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "photo.png").symlink_to("gone.png")
    result = fovea("encode", photo, tmp_path / "x.fov", "-m", guided, "--roi", tmp_path / "maps")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"fovea: {tmp_path / 'maps' / 'photo.png'}: No such file or directory",
        f"fovea: {photo}: {tmp_path / 'maps'}: there is no map named photo in this folder",
    ]


@needs_labels
def test_labels(fovea, photo, guided, expected, tmp_path):
    labels = tmp_path / "labels.json"
    images = [{"id": 1, "file_name": "photo.jpg", "width": 96, "height": 64}]
    objects = [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 48, 64]}]
    labels.write_text(
        json.dumps({"images": images, "annotations": objects, "categories": [{"id": 1, "name": "person"}]})
    )
    assert fovea("encode", photo, tmp_path / "x.fov", "-m", guided, "--roi", labels).exit_code == 0
    assert (tmp_path / "x.fov").read_bytes() == expected
    (tmp_path / "other.jpg").write_bytes(photo.read_bytes())
    result = fovea("encode", tmp_path / "other.jpg", tmp_path / "y.fov", "-m", guided, "--roi", labels)
    assert result.exit_code == 1 and "no labels of this image" in result.stderr


@needs_labels
@pytest.mark.parametrize("options", [[], ["--no-metadata"]], ids=["as stored", "as shown"])
@pytest.mark.parametrize("size", [(96, 64), (64, 96)], ids=["labels as stored", "labels as shown"])
def test_labels_are_turned_like_the_image(fovea, photo, guided, size, options, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # the left side as stored is the top side as shown
    with Image.open(photo) as image:
        image.save(tmp_path / "turned.png", exif=exif)
    left = [0, 0, 48, 64] if size == (96, 64) else [0, 0, 64, 48]
    (tmp_path / "labels.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "turned.png", "width": size[0], "height": size[1]}],
                "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": left}],
                "categories": [{"id": 1, "name": "person"}],
            }
        )
    )
    stored = np.zeros((64, 96), np.uint8)
    stored[:, :48] = 255
    Image.fromarray(stored).save(tmp_path / "map.png", exif=exif)
    for name, roi in (("labels", "labels.json"), ("map", "map.png")):
        result = fovea(
            "encode", tmp_path / "turned.png", tmp_path / f"{name}.fov", "-m", guided, "--roi", tmp_path / roi, *options
        )
        assert result.exit_code == 0, result.stderr
    assert (tmp_path / "labels.fov").read_bytes() == (tmp_path / "map.fov").read_bytes()


@needs_labels
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_recognizer_gets_the_picture_as_it_is_shown(fovea, guided, orientation, tmp_path, monkeypatch):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    pixels = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png", exif=exif, icc_profile=linear_rgb())
    shown = open_picture(tmp_path / "photo.png").shown().pixels
    map_as_shown = np.zeros(shown.shape[:2], np.bool_)
    map_as_shown[:20, :30] = True

    def find(seen):
        assert np.array_equal(seen, shown)
        return map_as_shown

    monkeypatch.setattr("fovea.recognition.load", lambda *_, **__: None)
    monkeypatch.setattr("fovea.baselines.roi_from_recognizer", lambda _: find)
    (tmp_path / "seer.onnx").write_bytes(b"")
    roi = ("-m", guided, "--roi", tmp_path / "seer.onnx")
    assert fovea("encode", tmp_path / "photo.png", tmp_path / "x.fov", *roi).exit_code == 0
    stored = as_stored(map_as_shown, orientation)
    assert (tmp_path / "x.fov").read_bytes() == Codec(guided).encode(Image.open(tmp_path / "photo.png"), roi=stored)
    assert fovea("encode", tmp_path / "photo.png", tmp_path / "y.fov", *roi, "--no-metadata").exit_code == 0
    assert (tmp_path / "y.fov").read_bytes() == Codec(guided).encode(shown, roi=map_as_shown)


def test_a_map_of_another_size_is_refused(fovea, photo, guided, region, tmp_path):
    Image.fromarray(region[:, :50]).save(tmp_path / "map.png")
    result = fovea("encode", photo, tmp_path / "x.fov", "-m", guided, "--roi", tmp_path / "map.png")
    assert result.exit_code == 1
    assert result.stderr == f"fovea: {photo}: the map of the region of interest is 50 x 64, but the image is 96 x 64\n"
    assert not (tmp_path / "x.fov").exists()


def test_a_map_for_a_model_that_takes_none_is_refused(fovea, photo, region, tmp_path):
    Image.fromarray(region).save(tmp_path / "map.png")
    result = fovea("encode", photo, tmp_path / "x.fov", "-m", "fovea-s-mse", "--roi", tmp_path / "map.png")
    assert result.exit_code == 1 and "fovea-s-mse takes no map" in result.stderr


def test_a_map_replaces_the_objects_that_the_encoder_finds(fovea, photo, region, tmp_path):
    Image.fromarray(region).save(tmp_path / "map.png")
    assert fovea("encode", photo, tmp_path / "x.fov", "--roi", tmp_path / "map.png").exit_code == 0
    data, image = (tmp_path / "x.fov").read_bytes(), Image.open(photo)
    assert data == Codec().encode(image, roi=region) != Codec().encode(image)


def test_a_missing_map_is_named(fovea, photo, guided, tmp_path):
    path = tmp_path / "map.png"
    result = fovea("encode", photo, tmp_path / "x.fov", "-m", guided, "--roi", path)
    assert result.exit_code == 1
    assert result.stderr == f"fovea: {photo}: {path}: No such file or directory\n"


def _read_map(path, keep_metadata=True):
    """Return the map that the encoder gets."""
    find = region_finder(path, Path("photo.jpg"), threads=1, keep_metadata=keep_metadata, max_pixels=2**28)
    return np.asarray(find(Path("photo.jpg"), Picture.from_image(Image.new("RGB", (1, 1)))).convert("L"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA"])
def test_map_of_any_mode(region, tmp_path, mode):
    Image.fromarray(region).convert(mode).save(tmp_path / "map.png")
    assert np.array_equal(_read_map(tmp_path / "map.png"), region)


def test_map_of_sixteen_bits(tmp_path):
    Image.fromarray(np.array([[0, 257, 128 * 257, 65535]], np.uint16)).save(tmp_path / "map.png")
    assert _read_map(tmp_path / "map.png").tolist() == [[0, 1, 128, 255]]


def test_a_map_above_the_limit_of_pillow(tmp_path, monkeypatch):
    Image.new("L", (1500, 1500), 255).save(tmp_path / "map.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2**20)  # above the size of a strip, because Pillow also checks crops
    assert _read_map(tmp_path / "map.png").min() == 255


@pytest.mark.parametrize("keep_metadata", [True, False])
def test_a_map_is_turned_like_its_image(region, tmp_path, keep_metadata):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(region).save(tmp_path / "map.png", exif=exif)
    assert np.array_equal(
        _read_map(tmp_path / "map.png", keep_metadata), region if keep_metadata else np.rot90(region, -1)
    )


def test_the_limit_on_pixels_holds_for_maps(fovea, photo, guided, tmp_path):
    Image.new("L", (97, 64)).save(tmp_path / "map.png")
    roi = ("-m", guided, "--roi", tmp_path / "map.png")
    result = fovea("encode", photo, tmp_path / "x.fov", *roi, "--max-pixels", 96 * 64)
    assert result.exit_code == 1
    assert f"{tmp_path / 'map.png'}: an image of 97x64 pixels is not decoded" in result.stderr


def test_a_folder_named_like_the_pipe(fovea, photo, guided, region, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-").mkdir()
    Image.fromarray(region).save("map.png")
    result = fovea("encode", "-", "-", "-m", guided, "--roi", "map.png", stdin=photo.read_bytes())
    assert result.exit_code == 0
    assert result.stdout_bytes == expected


@pytest.mark.parametrize(("source", "roi"), [("folder", "map.png"), ("-", "labels.json"), ("-", "folder")])
def test_wrong_usage(fovea, guided, tmp_path, source, roi):
    (tmp_path / "folder").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "folder" / "a.png")
    given = source if source == "-" else tmp_path / source
    result = fovea("encode", given, tmp_path / "out", "-m", guided, "--roi", tmp_path / roi, stdin=b"")
    assert result.exit_code == 2
