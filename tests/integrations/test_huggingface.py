import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import fovea
from fovea.errors import ArgumentError, ImageError

datasets = pytest.importorskip("datasets", reason="needs Hugging Face datasets")

from fovea.integrations.huggingface import FovImage  # noqa: E402

pytestmark = pytest.mark.usefixtures("no_progress_bars")


@pytest.fixture
def no_progress_bars(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


@pytest.fixture
def data(pictures):
    """A data set whose images are coded when it is made."""
    features = datasets.Features({"image": FovImage(quality=60), "number": datasets.Value("int32")})
    return datasets.Dataset.from_dict({"image": pictures, "number": [0, 1, 2]}, features=features)


def _pixels(data):
    return [np.asarray(row["image"]) for row in data]


def _same(left, right):
    return len(left) == len(right) and all(map(np.array_equal, left, right))


def test_arrays_are_coded_and_rows_are_images(data, coded, decoded):
    assert isinstance(data[0]["image"], Image.Image)
    assert _same(_pixels(data), decoded)
    stored = data.cast_column("image", FovImage(decode=False))
    assert stored[1]["image"] == {"bytes": coded[1], "path": None}


def test_contents_paths_and_images(folder, coded, decoded):
    rows = [coded[0], str(folder / "b.fov"), Image.fromarray(decoded[2])]
    for value, expected in zip(rows, decoded, strict=True):
        one = datasets.Dataset.from_dict({"image": [value]}, features=datasets.Features({"image": FovImage()}))
        difference = np.abs(np.asarray(one[0]["image"]).astype(int) - expected).max()
        assert difference == 0 or (isinstance(value, Image.Image) and difference < 40)


def test_a_column_of_bytes_becomes_images(coded, decoded):
    data = datasets.Dataset.from_dict({"image": coded}).cast_column("image", FovImage())
    assert _same(_pixels(data), decoded)


def test_map_in_other_processes(data, decoded):
    means = data.map(_mean, num_proc=2)
    assert means["mean"] == [float(pixels.mean()) for pixels in decoded]
    assert _same(_pixels(means), decoded), "a column that is looked at is not coded again"


def _mean(row):
    return {"mean": float(np.asarray(row["image"]).mean())}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda image: pickle.loads(pickle.dumps(image))])
def test_copies_of_a_row_keep_its_file(data, coded, copied):
    rows = datasets.Dataset.from_dict(
        {"image": [copied(data[0]["image"])]}, features=datasets.Features({"image": FovImage()})
    )
    stored = rows.cast_column("image", FovImage(decode=False))
    assert stored[0]["image"]["bytes"] == coded[0]


def test_changed_images_are_coded(data, decoded):
    def darken(row):
        row["image"].paste(0, (0, 0, 20, 40))  # in place, in the image that came out of the column
        return row

    left, right = np.split(np.asarray(data.map(darken)[0]["image"]).astype(int), [20], axis=1)
    assert left[:, :10].max() < 40 and np.abs(right[:, 10:] - decoded[0][:, 30:]).mean() < 8


def test_folders_and_parquet(data, decoded, tmp_path):
    data.save_to_disk(tmp_path / "saved")
    assert _same(_pixels(datasets.load_from_disk(tmp_path / "saved")), decoded)
    data.to_parquet(tmp_path / "data.parquet")
    loaded = datasets.Dataset.from_parquet(str(tmp_path / "data.parquet"), cache_dir=str(tmp_path / "cache"))
    assert loaded.features["image"] == FovImage(quality=60)
    assert _same(_pixels(loaded), decoded)


def test_a_fresh_process_reads_what_was_saved(data, decoded, tmp_path):
    data.save_to_disk(tmp_path / "saved")
    code = (
        "import sys, datasets, fovea.integrations.huggingface, numpy as np\n"
        "print(*(np.asarray(row['image']).sum() for row in datasets.load_from_disk(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "saved")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(pixels.sum()) for pixels in decoded]


def test_an_image_of_a_row_stays_an_ordinary_image(data, coded, tmp_path):
    image = data[0]["image"]
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "a.fov", quality=5)
    assert (tmp_path / "a.fov").stat().st_size < len(coded[0])
    assert np.array_equal(Image.open(tmp_path / "a.png"), image)
    again = datasets.Dataset.from_dict({"image": [image]}, features=data.select_columns("image").features)
    assert _files(again) == [coded[0]]


def test_modes_and_orientation(pictures):
    turned = Image.fromarray(pictures[0])
    turned.getexif()[274] = 6
    turned.info["exif"] = turned.getexif().tobytes()
    data = datasets.Dataset.from_dict(
        {"image": [fovea.encode(turned)]}, features=datasets.Features({"image": FovImage("L")})
    )
    assert data[0]["image"].size == (40, 56) and data[0]["image"].mode == "L"


def test_images_of_other_formats_are_coded(pictures, coded, tmp_path):
    """A whole column at once, what a function of ``map`` returns, and files that are embedded."""
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, image in zip(paths, pictures, strict=True):
        Image.fromarray(image).save(path)
    contents = datasets.Dataset.from_dict({"image": [path.read_bytes() for path in paths]})
    assert _files(contents.cast_column("image", FovImage(quality=60))) == coded
    features = datasets.Features({"image": FovImage(quality=60)})
    images = [Image.fromarray(image) for image in pictures]
    returned = contents.map(lambda row, number: {"image": images[number]}, with_indices=True, features=features)
    assert _files(returned) == coded
    named = datasets.Dataset.from_dict({"image": [str(path) for path in paths]}, features=features)
    assert np.array_equal(named[0]["image"], pictures[0])
    embedded = datasets.table.embed_table_storage(named.data.table)
    assert [row["bytes"] for row in embedded["image"].to_pylist()] == coded


def test_a_column_of_the_feature_image_is_coded(pictures, coded):
    images = datasets.Features({"image": datasets.Image()})
    data = datasets.Dataset.from_dict({"image": pictures}, features=images)
    becomes = data.cast_column("image", FovImage(quality=60))
    assert _files(becomes) == coded
    again = becomes.cast_column("image", datasets.Image())
    assert np.array_equal(again[0]["image"], becomes[0]["image"])


def test_rows_that_are_paths_are_coded_when_they_are_saved(pictures, coded, tmp_path):
    Image.fromarray(pictures[0]).save(tmp_path / "a.png")
    data = datasets.Dataset.from_dict({"image": [str(tmp_path / "a.png")]}).cast_column("image", datasets.Image())
    named = data.cast_column("image", FovImage(quality=60))
    assert _files(named) == [None]
    named.save_to_disk(tmp_path / "saved")
    assert _files(datasets.load_from_disk(tmp_path / "saved")) == coded[:1]


def test_rows_without_an_image(coded):
    data = datasets.Dataset.from_dict({"image": [coded[0], None]}).cast_column("image", FovImage())
    assert data[1]["image"] is None and _files(data.select([0])) == coded[:1]


def test_rows_without_an_image_among_images_that_are_coded(pictures, coded):
    rows = {"image": [None, pictures[0], None]}
    made = datasets.Dataset.from_dict(rows, features=datasets.Features({"image": FovImage(quality=60)}))
    images = datasets.Dataset.from_dict(rows, features=datasets.Features({"image": datasets.Image()}))
    for data in (made, images.cast_column("image", FovImage(quality=60))):
        assert data[0]["image"] is None and data[2]["image"] is None
        assert _files(data.select([1])) == coded[:1]


def _files(data):
    return [row["image"]["bytes"] for row in data.cast_column("image", FovImage(decode=False))]


def test_tensors(data, decoded):
    torch = pytest.importorskip("torch")
    assert torch.equal(data.with_format("torch")[0]["image"], torch.from_numpy(decoded[0].transpose(2, 0, 1).copy()))


def test_what_cannot_be_coded_is_named(pictures, coded):
    for value, options, error, message in (
        (pictures[0], {"quality": 101}, ArgumentError, "row 1: quality"),
        (b"no picture", {}, ImageError, "row 1"),
    ):
        with pytest.raises(error, match=message):
            datasets.Dataset.from_dict(
                {"image": [coded[0], value]}, features=datasets.Features({"image": FovImage(**options)})
            )
