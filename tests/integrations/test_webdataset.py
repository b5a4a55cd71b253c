import multiprocessing
import pickle

import numpy as np
import pytest
from PIL import Image

import fovea
from fovea.errors import ArgumentError, ImageError

wds = pytest.importorskip("webdataset", reason="needs webdataset")

from fovea.integrations.webdataset import FovDecoder, FovEncoder  # noqa: E402


@pytest.fixture
def shard(tmp_path, pictures):
    path = str(tmp_path / "shard-%02d.tar")
    with wds.ShardWriter(path, encoder=FovEncoder(quality=60), verbose=0) as shards:
        for number, image in enumerate(pictures):
            shards.write({"__key__": f"{number}", "fov": image, "mask.png": image, "json": {"number": number}})
    return path % 0


def _samples(shard, *handlers):
    return list(wds.WebDataset(shard, shardshuffle=False).decode(*handlers))


def test_images_come_back(shard, decoded, pictures):
    samples = _samples(shard, FovDecoder(), "rgb8")
    for number, (sample, pixels) in enumerate(zip(samples, decoded, strict=True)):
        assert np.array_equal(sample["fov"], pixels) and sample["fov"].dtype == np.uint8
        assert np.array_equal(sample["mask.png"], pictures[number]), "other entries are treated as ever"
        assert sample["json"] == {"number": number}


def test_the_kinds_of_webdataset(shard, decoded):
    torch = pytest.importorskip("torch")
    assert torch.equal(
        _samples(shard, FovDecoder("torchrgb8"))[1]["fov"], torch.from_numpy(decoded[1].transpose(2, 0, 1).copy())
    )
    assert isinstance(_samples(shard, FovDecoder("pil"))[0]["fov"], Image.Image)
    with pytest.raises(ValueError, match="Unknown imagespec"):
        FovDecoder("bgr")


def test_bytes_and_entries_of_longer_names(tmp_path, coded, decoded):
    path = str(tmp_path / "shard.tar")
    with wds.TarWriter(path, encoder=FovEncoder()) as shards:
        shards.write({"__key__": "a", "left.fov": coded[0], "right.FOV": Image.fromarray(decoded[1])})
    (sample,) = _samples(path, FovDecoder())
    assert np.array_equal(sample["left.fov"], decoded[0]) and sample["right.fov"].shape == (40, 56, 3)


def test_the_quality_counts(pictures):
    sizes = [len(FovEncoder(quality)({"__key__": "a", "fov": pictures[0]})["fov"]) for quality in (5, 95)]
    assert sizes[0] < sizes[1]
    codec = fovea.Codec("fovea-s-mse", threads=1)
    assert FovEncoder(codec=codec)({"fov": pictures[0]})["fov"] == codec.encode(pictures[0])


def test_wrong_use_is_refused():
    with pytest.raises(ArgumentError, match="quality"):
        FovEncoder(quality=101)
    with pytest.raises(ImageError):
        FovEncoder()({"__key__": "a", "fov": [1, 2]})


def test_a_damaged_entry_is_an_error_of_webdataset(tmp_path, coded):
    path = str(tmp_path / "shard.tar")
    with wds.TarWriter(path) as shards:
        for key, data in (("bad", coded[0][:-3]), ("good", coded[1])):
            shards.write({"__key__": key, "fov": data})
    with pytest.raises(wds.autodecode.DecodingError) as caught:
        _samples(path, FovDecoder())
    assert isinstance(caught.value.__cause__, OSError)
    kept = wds.WebDataset(path, shardshuffle=False).decode(FovDecoder(), handler=wds.ignore_and_continue)
    assert [sample["__key__"] for sample in kept] == ["good"]


def test_another_process_gets_the_format_with_the_decoder(coded):
    """A spawned process imports what the pickled decoder needs, and no more."""
    assert b"fovea.integrations.webdataset" in pickle.dumps(FovDecoder())
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(FovDecoder(), (".fov", coded[0])).shape == (40, 56, 3)
