"""The facade: what goes in comes back, and what is broken says so."""

import contextlib
import copy
import io
import pickle
import threading
import time

import numpy as np
import pytest
from PIL import Image

from fovea import Codec, FoveaError, store
from fovea.bitstream import Container, Header, Metadata, read, write
from fovea.errors import ArgumentError, ImageError, LimitError, ModelError, UnsupportedVersionError
from fovea.picture import Picture, encode_alpha
from fovea.store import save_model


@pytest.fixture(scope="module")
def model_folder(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    save_model(tiny_model, folder / "tiny.fovea")
    return folder


@pytest.fixture
def codec(model_folder, monkeypatch):
    monkeypatch.setenv(store.FOLDERS, str(model_folder))
    return Codec("tiny", threads=2)


@pytest.fixture(scope="module")
def image():
    y, x = np.mgrid[:70, :90]
    return np.stack([x * 2, y * 3, x + y], axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def small_file(model_folder, image):
    return Codec(model_folder / "tiny.fovea", threads=1).encode(image[:20, :30], 40)


@pytest.mark.parametrize(
    ("shape", "decoded"), [((9, 7), (9, 7)), ((9, 7, 1), (9, 7)), ((9, 7, 3), (9, 7, 3)), ((9, 7, 4), (9, 7, 4))]
)
def test_arrays_come_back_in_the_shape_of_their_channels(codec, shape, decoded):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    back = codec.decode(codec.encode(array, 50))
    assert back.shape == decoded and back.dtype == np.uint8
    if shape[-1] == 4:
        assert np.array_equal(back[..., 3], array[..., 3]), "alpha is lossless"


def test_pillow_images_keep_mode_and_metadata(codec, image):
    pillow = Image.fromarray(image).convert("L")
    exif = Image.Exif()
    exif[0x010E] = "a square"
    buffer = io.BytesIO()
    pillow.save(buffer, "PNG", exif=exif)
    opened = Image.open(buffer)
    back = codec.decode_image(codec.encode(opened, 30))
    assert back.mode == "L" and back.size == opened.size
    assert back.getexif()[0x010E] == "a square"
    assert not codec.decode_image(codec.encode(opened, 30, keep_metadata=False)).getexif()


def test_gray_is_gray_again(codec):
    gray = np.full((16, 16), 99, np.uint8)
    assert codec.decode(codec.encode(gray)).ndim == 2


def test_region_equals_the_crop_of_the_whole_with_alpha(codec, image):
    rgba = np.dstack([image, image[..., 0]])
    data = codec.encode(rgba, 50, tile_size=64)
    whole = codec.decode(data)
    for left, top, width, height in [(0, 0, 90, 70), (60, 30, 20, 40), (89, 69, 1, 1)]:
        part = codec.decode(data, region=(left, top, width, height))
        assert np.array_equal(part, whole[top : top + height, left : left + width])
    with pytest.raises(ArgumentError, match="does not lie inside"):
        codec.decode(data, region=(80, 0, 20, 10))


def test_open_files_are_read_like_bytes(codec, image):
    data = codec.encode(image)
    assert np.array_equal(codec.decode(io.BytesIO(data)), codec.decode(data))


def test_same_input_gives_the_same_file_from_any_thread(codec, image):
    expected = codec.encode(image, 60)
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(codec.encode(image, 60))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_batches_keep_their_order_and_do_not_run_ahead(codec, image):
    taken = 0

    def images():
        nonlocal taken
        for number in range(12):
            taken += 1
            yield image[: 10 + number]

    stream = codec.encode_batch(images(), 20)
    first = next(stream)
    assert taken <= 4, "memory must not grow with the number of images"
    files = [first, *stream]
    assert [picture.shape[0] for picture in codec.decode_batch(files)] == list(range(10, 22))


def test_a_codec_is_pickled_as_its_settings(codec, image):
    again = pickle.loads(pickle.dumps(codec))
    assert (again.name, again.engine.name, again.engine.precision) == ("tiny", "onnxruntime", "fp32")
    assert again.engine.threads == codec.engine.threads
    assert len(pickle.dumps(codec)) < 200
    assert again.encode(image, 40) == codec.encode(image, 40)
    assert copy.deepcopy(codec).encode(image, 40) == codec.encode(image, 40)


def test_a_codec_of_a_file_is_unpickled_in_any_folder(model_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(model_folder)
    pickled = pickle.dumps(Codec("tiny.fovea", threads=1))
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(pickled).name == "tiny"


def test_target_size_is_met_and_used(codec, image):
    sizes = [len(codec.encode(image, quality)) for quality in (0, 100)]
    target = sum(sizes) // 2
    data = codec.encode_to_size(image, target)
    assert len(data) <= target
    quality = read(data).header.quality
    assert quality == 100 or len(codec.encode(image, quality + 1)) > target


def test_a_target_size_below_every_file_is_refused(codec, image):
    smallest = min(len(codec.encode(image, quality)) for quality in range(101))
    for size, reason in ((smallest - 1, "the smallest that was tried has"), (20, "without any pixels it has")):
        with pytest.raises(ImageError, match=f"no file has at most {size} bytes, as asked for: {reason} "):
            codec.encode_to_size(image, size)


@pytest.fixture
def untried(codec, monkeypatch):
    """A codec that encodes no tile."""

    def encode(*_):
        raise AssertionError("no quality is tried")

    monkeypatch.setattr(codec._encoder.get(), "encode", encode)
    return codec


def test_a_target_size_without_space_for_tiles_is_refused_at_once(untried):
    alpha = np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8)
    picture = Picture(np.zeros((30, 40, 3), np.uint8), "RGBA", alpha, Metadata(exif=bytes(300), xmp=b"<xmp/>"))
    reason = r"it has \d{4}, for the header and 306 bytes of metadata and \d{4} bytes of alpha; convert the image to"
    advice = r" one without alpha, or leave out the metadata \(.* --no-metadata\), or allow more bytes"
    with pytest.raises(ImageError, match=reason + advice):
        untried.encode_to_size(picture, 1000)
    with pytest.raises(ImageError, match=r"it has [0-9]+, for the header; allow more bytes"):
        untried.encode_to_size(picture.to_rgb(), 20)


@pytest.mark.parametrize("size", [None, "10", -5, float("nan"), float("inf")])
def test_a_target_size_out_of_range_is_refused(untried, image, size):
    with pytest.raises(ArgumentError, match=f"size {size!r} is out of range: choose a number of bytes"):
        untried.encode_to_size(image, size)


def test_alpha_is_coded_once_for_all_sizes_that_are_tried(codec, monkeypatch):
    coded = []
    monkeypatch.setattr("fovea.codec.encode_alpha", lambda alpha: coded.append(alpha) or encode_alpha(alpha))
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 4), np.uint8)
    assert np.array_equal(codec.decode(codec.encode_to_size(image, 2500))[..., 3], image[..., 3])
    assert len(coded) == 1


@pytest.mark.parametrize("quality", [-1, 101, float("nan"), "keep", None])
def test_quality_out_of_range_is_refused(codec, image, quality):
    with pytest.raises(ArgumentError, match="out of range"):
        codec.encode(image, quality)


@pytest.mark.parametrize("tile_size", [0, 63, 1000, 8192, "large"])
def test_tile_size_out_of_range_is_refused(codec, image, tile_size):
    with pytest.raises(ArgumentError, match="choose a multiple of 64 up to 4096"):
        codec.encode(image, tile_size=tile_size)


@pytest.mark.parametrize("region", [(), (0, 0, 5), (0, 0, 5, 5, 5), (0.0, 0.0, 5.0, 5.0), "0,0,5,5", 5])
def test_a_region_is_four_integers(codec, small_file, region):
    with pytest.raises(ArgumentError, match="four integers"):
        codec.decode(small_file, region)


def test_a_region_may_be_an_array(codec, small_file):
    expected = codec.decode(small_file, (1, 2, 3, 4))
    assert np.array_equal(codec.decode(small_file, np.array([1, 2, 3, 4])), expected)


def test_files_of_other_models_are_decoded_with_theirs(codec, tiny_model, image, model_folder):
    from dataclasses import replace

    save_model(replace(tiny_model, name="other", halo=tiny_model.halo + 1), model_folder / "other.fovea")
    try:
        data = Codec("other").encode(image)
        assert read(data).header.model_id != codec.model.id
        assert codec.decode(data).shape == image.shape
    finally:
        (model_folder / "other.fovea").unlink()
    with pytest.raises(ModelError, match="not installed"):
        Codec("tiny").decode(data)


# Bad input: one clear error, quickly, never a wrong picture.


def _refused(codec: Codec, data: bytes) -> None:
    start = time.perf_counter()
    with pytest.raises(FoveaError) as error:
        codec.decode(data)
    assert time.perf_counter() - start < 2
    assert "\n" not in str(error.value) and len(str(error.value)) > 10


def test_every_truncation_is_refused(codec, small_file):
    for length in range(len(small_file)):
        _refused(codec, small_file[:length])


def test_every_bit_flip_is_refused(codec, small_file):
    for position in range(len(small_file) * 8):
        damaged = bytearray(small_file)
        damaged[position // 8] ^= 1 << position % 8
        _refused(codec, bytes(damaged))


def test_ten_thousand_random_edits_are_refused_or_harmless(codec, small_file):
    random = np.random.default_rng(0)
    expected = codec.decode(small_file)
    for _ in range(10_000):
        edited = bytearray(small_file)
        for _ in range(int(random.integers(1, 4))):
            kind, position = int(random.integers(3)), int(random.integers(len(edited)))
            if kind == 0:
                edited[position] = int(random.integers(256))
            elif kind == 1:
                del edited[position]
            else:
                edited.insert(position, int(random.integers(256)))
        if bytes(edited) != small_file:
            _refused(codec, bytes(edited))
    assert np.array_equal(codec.decode(small_file), expected)


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x89PNG\r\n\x1a\n" + bytes(50), b"GIF89a", bytes(1000)])
def test_other_files_are_refused(codec, content):
    _refused(codec, content)


def test_damaged_tiles_with_right_checksums_give_an_error_or_pixels(codec, small_file):
    """Whoever forges the checksums too still gets no crash, no hang and no surprise."""
    container = read(small_file)
    random = np.random.default_rng(1)
    for _ in range(300):
        tile = bytearray(container.tiles[0])
        tile[int(random.integers(len(tile)))] ^= int(random.integers(1, 256))
        forged = write(Container(container.header, (bytes(tile),)))
        with contextlib.suppress(FoveaError):
            assert codec.decode(forged).shape == (20, 30, 3)


def test_forged_headers_are_refused(codec, small_file):
    header = read(small_file).header
    with pytest.raises(ModelError, match="not installed"):
        codec.decode(write(Container(Header(b"8 bytes!", 30, 20, 40), read(small_file).tiles)))
    with pytest.raises(UnsupportedVersionError, match="update"):
        codec.decode(small_file[:4] + b"\xff" + small_file[5:])
    with pytest.raises(LimitError):
        codec.decode_picture(small_file, max_pixels=header.width * header.height - 1)


def test_image_that_claims_to_be_larger_is_refused(codec, small_file):
    container = read(small_file)
    _refused(codec, write(Container(Header(codec.model.id, 1000, 1000, 40), container.tiles)))


@pytest.mark.parametrize(
    "image",
    [np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5, 5), np.uint8), np.zeros(7, np.uint8), np.zeros((4, 4), complex)],
)
def test_arrays_that_are_no_images_are_refused(codec, image):
    with pytest.raises(ImageError):
        codec.encode(image)


def test_pictures_pass_through(codec, image):
    picture = Picture.from_array(image)
    assert codec.encode(picture, 10) == codec.encode(image, 10)
