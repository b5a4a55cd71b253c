import io
import multiprocessing

import numpy as np
import pytest
from PIL import Image

import fovea
from fovea.errors import ArgumentError, BitstreamError, DatasetError, ImageError

torch = pytest.importorskip("torch", reason="needs PyTorch")

from torch.utils.data import DataLoader  # noqa: E402

from fovea.integrations.torch import FovDataset, decode_batch  # noqa: E402


def _tensor(pixels):
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())


def halved(image):
    """A transform that other processes find by its name."""
    return image.float() / 2


def test_a_folder_gives_tensors_in_the_order_of_its_paths(folder, decoded):
    data = FovDataset(folder)
    assert [path.name for path in data.paths] == ["a.fov", "b.fov", "d.FOV"]
    assert len(data) == 3
    for item, pixels in zip((data[number] for number in range(3)), decoded, strict=True):
        assert item.dtype == torch.uint8 and torch.equal(item, _tensor(pixels))


def test_a_list_may_name_other_formats(folder, tmp_path, pictures):
    Image.fromarray(pictures[1]).save(tmp_path / "b.png")
    data = FovDataset([str(folder / "a.fov"), tmp_path / "b.png"])
    assert torch.equal(data[1], _tensor(pictures[1])) and data[0].shape == (3, 40, 56)


def test_a_transform_makes_the_item(folder, decoded):
    assert torch.equal(FovDataset(folder, halved)[0], _tensor(decoded[0]).float() / 2)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_decode(folder, decoded, start):
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {start}")
    data = FovDataset(folder, halved)
    data[0]  # a forked worker inherits a codec that is open
    loader = DataLoader(data, batch_size=3, num_workers=1, multiprocessing_context=start)
    (batch,) = loader
    assert torch.equal(batch, torch.stack([_tensor(pixels) for pixels in decoded]).float() / 2)


def test_a_worker_uses_one_core(folder):
    loader = DataLoader(_Threads(folder), num_workers=1, batch_size=None)
    assert set(loader) == {1}


class _Threads(FovDataset):
    def __getitem__(self, index):
        from fovea.integrations.torch import _codec_here

        return _codec_here().engine.threads


def test_a_codec_of_ones_own_goes_to_workers(folder, decoded):
    data = FovDataset(folder, codec=fovea.Codec(threads=1))
    (batch,) = DataLoader(data, batch_size=3, num_workers=1)
    assert torch.equal(batch[2], _tensor(decoded[2]))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_file_is_named(tmp_path, coded, workers):
    (tmp_path / "bad.fov").write_bytes(coded[0][:-3])
    with pytest.raises(BitstreamError, match=r"bad\.fov"):
        list(DataLoader(FovDataset(tmp_path), num_workers=workers))


def test_sources_without_files_are_refused(tmp_path):
    for source, message in ((tmp_path, "no .fov file"), (tmp_path / "none", "is no folder"), ([], "list of files")):
        with pytest.raises(DatasetError, match=message):
            FovDataset(source)


def test_a_batch_of_one_size(folder, coded, decoded):
    batch = decode_batch([coded[0], folder / "b.fov", io.BytesIO(coded[2])])
    assert batch.dtype == torch.uint8 and batch.is_contiguous()
    assert torch.equal(batch, torch.stack([_tensor(pixels) for pixels in decoded]))


@pytest.fixture
def gray():
    return fovea.encode(np.full((20, 70), 90, np.uint8))


def test_pictures_of_different_sizes_need_a_way(coded, gray):
    with pytest.raises(ImageError, match="56x40, 70x20"):
        decode_batch([coded[0], gray])


def test_padding_keeps_pixels_and_adds_zeros(coded, decoded, gray):
    batch = decode_batch([coded[0], gray], pad=True)
    assert batch.shape == (2, 3, 40, 70)
    assert torch.equal(batch[0, :, :, :56], _tensor(decoded[0]))
    assert not batch[0, :, :, 56:].any() and not batch[1, :, 20:].any()
    assert torch.equal(batch[1, 0], batch[1, 2]) and batch[1, :, :20].float().mean().sub(90).abs() < 4


def test_resizing(coded, decoded, gray):
    batch = decode_batch([coded[0], gray], size=(20, 28))
    assert batch.shape == (2, 3, 20, 28)
    means = decoded[0].reshape(20, 2, 28, 2, 3).mean((1, 3)).transpose(2, 0, 1)
    assert (batch[0].double() - torch.from_numpy(means)).abs().max() < 4


def test_a_bad_file_of_a_batch_is_named(coded, folder):
    with pytest.raises(BitstreamError, match="file 1 of the batch"):
        decode_batch([coded[0], coded[1][:-3]])
    with pytest.raises(ImageError, match=r"none\.fov"):
        decode_batch([coded[0], folder / "none.fov"])


@pytest.mark.parametrize("options", [{"size": (0, 4)}, {"size": (4,)}, {"size": (4, 4), "pad": True}])
def test_wrong_options_are_refused(coded, options):
    with pytest.raises(ArgumentError, match="size"):
        decode_batch([coded[0]], **options)


def test_an_empty_batch_is_refused():
    with pytest.raises(ArgumentError, match="at least one"):
        decode_batch([])
