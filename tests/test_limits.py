"""What encode takes, what decode is allowed to do, and the one-line errors about anything else."""

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import fovea
from fovea import Codec
from fovea.bitstream import DEFAULT_MAX_PIXELS, MAX_PIXELS, Container, Header, write
from fovea.errors import ImageError, LimitError
from fovea.picture import encode_alpha

GOLDEN = Path(__file__).parent / "golden" / "golden.fovea"
CODEC = Codec(GOLDEN, threads=1)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("photo.jpg", r"not str: open the path with PIL\.Image\.open"),
        (Path("photo.jpg"), r"Path: open the path with PIL\.Image\.open"),
        (io.BytesIO(b"x"), r"not BytesIO: open the file with PIL\.Image\.open"),
        (b"x", r"not bytes: open an image file in memory with PIL\.Image\.open\(io\.BytesIO"),
        (None, r"not None, which cv2\.imread gives for a file that it cannot read"),
        ([[0, 1]], "not list: many images go to encode_batch"),
        (5, "not int"),
        (object(), "not object"),
    ],
)
def test_what_is_no_image(image, says):
    for encode in (fovea.encode, CODEC.encode, lambda given: CODEC.encode_to_size(given, 10_000)):
        with pytest.raises(ImageError, match=f"expected a Pillow image or an array, {says}|{says}") as caught:
            encode(image)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((3, 20, 30), np.float32), r"channels last; numpy\.moveaxis\(array, 0, -1\)"),
        (np.zeros((2, 20, 30, 3), np.uint8), "one image at a time"),
        (np.zeros((4, 4), object), "type object: expected uint8"),
        (np.zeros((4, 4), complex), "type complex128: expected uint8"),
        (np.zeros((4, 4), "U1"), "expected uint8"),
        (np.zeros((4, 4), "datetime64[s]"), "expected uint8"),
        (np.array(5), r"array is int64 \[\]"),
    ],
)
def test_arrays_that_are_no_image(array, says):
    with pytest.raises(ImageError, match=says):
        CODEC.encode(array)


def test_tensors():
    torch = pytest.importorskip("torch")
    tensor = torch.rand(20, 30, 3)
    assert CODEC.encode(tensor) == CODEC.encode(tensor.numpy())
    with pytest.raises(ImageError, match=r"float32 \[3, 20, 30\]: .* channels last; numpy\.moveaxis"):
        CODEC.encode(tensor.permute(2, 0, 1))
    with pytest.raises(ImageError, match=r"this Tensor is no array: .*requires grad"):
        CODEC.encode(tensor.requires_grad_())


def test_a_map_that_is_none():
    guided = Codec(threads=1)
    with pytest.raises(ImageError, match="expected a Pillow image or an array, not str: open the path"):
        guided.encode(np.zeros((20, 20, 3), np.uint8), roi="map.png")


def claims(width, height, mode="RGB", alpha=None, model_id=None):
    """A small file that says to hold a large picture."""
    header = Header(model_id or CODEC.model.id, width, height, 50, mode, tile_size=4096)
    return write(Container(header, (b"",) * header.grid.tiles, alpha=alpha))


DECODERS = {
    "decode": CODEC.decode,
    "decode_image": CODEC.decode_image,
    "decode_picture": CODEC.decode_picture,
    "object_map": Codec(threads=1).object_map,
    "fovea.decode": fovea.decode,
}


@pytest.mark.parametrize("decoder", DECODERS)
def test_bombs_are_refused_before_any_work(decoder):
    bomb = claims(2**14, 2**14)
    assert len(bomb) < 500
    tracemalloc.start()
    with pytest.raises(LimitError, match=r"16384x16384 pixels .* more than 178956970 .* max_pixels \(--max-pixels\)"):
        DECODERS[decoder](bomb)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_the_limit_is_that_of_pillow():
    assert Image.MAX_IMAGE_PIXELS is not None
    assert DEFAULT_MAX_PIXELS == 2 * Image.MAX_IMAGE_PIXELS < MAX_PIXELS


def test_the_limit_can_be_lowered_and_raised():
    image = np.zeros((20, 30, 3), np.uint8)
    data = CODEC.encode(image)
    for decode in (CODEC.decode, CODEC.decode_image, CODEC.decode_picture):
        decode(data, max_pixels=600)
        with pytest.raises(LimitError, match="30x20 pixels are not decoded: more than 599"):
            decode(data, max_pixels=599)
    assert fovea.decode(fovea.encode(image), max_pixels=600).shape == image.shape


def test_a_region_counts_alone_but_with_alpha():
    image = np.zeros((20, 30, 3), np.uint8)
    part = (0, 0, 10, 10)
    assert CODEC.decode(CODEC.encode(image), part, max_pixels=100).shape == (10, 10, 3)
    with_alpha = CODEC.encode(np.dstack([image, image[..., :1]]))
    with pytest.raises(LimitError, match="30x20"):
        CODEC.decode(with_alpha, part, max_pixels=599)
    assert CODEC.decode(with_alpha, part, max_pixels=600).shape == (10, 10, 4)
    with pytest.raises(LimitError):
        CODEC.decode(claims(2**14, 2**14, "RGBA", encode_alpha(np.zeros((1, 1), np.uint8))), part)


MODES = [
    "1",
    "L",
    "LA",
    "La",
    "P",
    "PA",
    "RGB",
    "RGBA",
    "RGBX",
    "RGBa",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "F",
    "I;16",
]


@st.composite
def images(draw):
    size = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    mode = draw(st.sampled_from(MODES))
    if mode in ("I", "F", "I;16"):
        samples = np.frombuffer(draw(st.binary(min_size=8, max_size=8)), {"I": "i4", "F": "f4", "I;16": "u2"}[mode])
        image = Image.fromarray(np.resize(samples, size[::-1]))
    else:
        length = len(Image.new(mode, size).tobytes())
        noise = np.resize(np.frombuffer(draw(st.binary(min_size=1, max_size=64)), np.uint8), length)
        image = Image.frombytes(mode, size, noise.tobytes())
    for key in ("exif", "icc_profile", "xmp"):
        if draw(st.booleans()):
            image.info[key] = draw(st.binary(max_size=100))
    if mode in ("L", "P") and draw(st.booleans()):
        image.info["transparency"] = draw(st.integers(0, 255))
    return image


@given(images(), st.booleans(), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_any_image_comes_back_or_is_refused_in_one_line(image, keep_metadata, quality):
    try:
        data = CODEC.encode(image, quality, keep_metadata=keep_metadata)
    except ImageError as error:
        assert image.mode in ("I", "F")
        assert "\n" not in str(error)
        return
    back = CODEC.decode_image(data)
    assert back.size in (image.size, image.size[::-1])
    assert ("A" in back.getbands()) == image.has_transparency_data
    assert back.info.get("exif") == (image.info.get("exif") or None if keep_metadata else None)
