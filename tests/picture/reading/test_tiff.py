"""TIFF files are read correctly or refused."""

import io
import itertools
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin, TiffTags

from fovea.bitstream import Metadata
from fovea.errors import ImageError
from fovea.picture import Picture, open_picture

from .tiffs import COMPRESSIONS, tiff

CHANCE = np.random.default_rng(0)
HEIGHT, WIDTH = 20, 24
WAYS = [
    {"order": order, "compression": compression, "fill": fill, **layout}
    for order, compression, fill, layout in itertools.product(
        "<>", COMPRESSIONS, (1, 2), [{}, {"rows": 7}, {"tile": 16}]
    )
    if not layout or (fill == 1 and compression in (1, 8))
]


def samples(bits, *shape):
    kind = np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32
    return CHANCE.integers(0, 2**bits, (HEIGHT, WIDTH, *shape), kind)


def levels(values, bits):
    return np.rint(values * (255 / (2**bits - 1)))


def agree(data, meant, tolerance=1):
    """Return whether a file is read; False if it is refused. An assertion fails if it is read incorrectly."""
    try:
        read = open_picture(data).to_array().astype(int)
    except ImageError as error:
        assert "\n" not in str(error)
        return False
    assert read.shape == meant.shape
    assert np.abs(read - meant).max() <= tolerance
    return True


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8, 10, 12, 14, 16, 32])
@pytest.mark.parametrize("photometric", [0, 1])
def test_gray(bits, photometric):
    values = samples(min(bits, 16)).astype(np.uint32 if bits == 32 else np.uint16 if bits > 8 else np.uint8)
    meant = levels(values, min(bits, 16))
    meant = 255 - meant if photometric == 0 else meant
    read = [agree(tiff(values, photometric, bits, **way), meant) for way in WAYS]
    if bits in (1, 2, 4, 8):
        assert sum(read) > 0.8 * len(WAYS)
    if (bits, photometric) in ((16, 0), (16, 1), (12, 1), (32, 1)):
        assert any(read)


@pytest.mark.parametrize("bits", [8, 16])
def test_predictors(bits):
    for photometric, order in itertools.product((0, 1), "<>"):
        values = samples(bits)
        meant = levels(values, bits) if photometric else 255 - levels(values, bits)
        for compression in (5, 8):
            agree(tiff(values, photometric, order=order, compression=compression, predictor=2), meant)
    color = samples(bits, 3)
    assert agree(tiff(color, 2, compression=8, predictor=2), levels(color, bits))


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floating_point(kind, photometric):
    values = CHANCE.random((HEIGHT, WIDTH)).astype(kind)
    meant = np.rint(255 * values.astype(float))
    meant = 255 - meant if photometric == 0 else meant
    read = [agree(tiff(values, photometric, kind=3, **way), meant) for way in WAYS]
    read.append(agree(tiff(values, photometric, kind=3, compression=8, predictor=3), meant))
    assert any(read) == (kind is np.float32)
    assert not agree(tiff(values * 2, photometric, kind=3), meant)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_signed(kind):
    largest = min(np.iinfo(kind).max, 65535)
    positive = CHANCE.integers(0, largest, (HEIGHT, WIDTH), kind)
    for way in WAYS:
        agree(tiff(positive, 1, kind=2, **way), np.rint(positive / 257))
        assert not agree(tiff(positive - kind(largest // 2), 1, kind=2, **way), positive)


@pytest.mark.parametrize("bits", [4, 8, 16])
@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize("extra", [(), (0,), (1,), (2,), (0, 0), (2, 0)])
def test_color(bits, planar, extra):
    values = samples(bits, 3 + len(extra))
    meant = levels(values, bits)
    if extra[:1] == (1,):  # colors are multiplied by alpha, and dividing them by alpha is exact up to the rounding
        values[..., 3] = CHANCE.choice([2 ** (bits - 1), 2**bits - 1], (HEIGHT, WIDTH))
        values[..., :3] = np.minimum(values[..., :3], values[..., 3:])
        meant = levels(values, bits)
        meant[..., :3] = np.rint(meant[..., :3] * 255 / meant[..., 3:])
    meant = meant[..., : 4 if extra[:1] in ((1,), (2,)) else 3]
    tolerance = 3 if extra[:1] == (1,) else 1
    data = [tiff(values, 2, bits, planar=planar, extra=extra, **way) for way in WAYS]
    read = [agree(each, meant, tolerance) for each in data]
    if bits == 8 and extra in ((), (2,)):
        assert sum(read) >= len(WAYS) / 4


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planar", [1, 2])
@pytest.mark.parametrize("extra", [(), (0,), (2,), (0, 0)])
def test_gray_with_more_channels(bits, planar, extra):
    values = samples(bits, 1 + len(extra))
    gray = levels(values, bits)
    for photometric, way in itertools.product((0, 1), WAYS):
        color = gray[..., 0] if photometric else 255 - gray[..., 0]
        meant = np.dstack([color, gray[..., 1]]) if extra == (2,) else color
        agree(tiff(values, photometric, planar=planar, extra=extra, **way), meant)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planar", [1, 2])
def test_inks(bits, planar):
    values = samples(bits, 4)
    paper = 255 - levels(values, bits)
    meant = paper[..., :3] * paper[..., 3:] / 255
    read = [agree(tiff(values, 5, planar=planar, **way), meant, 3) for way in WAYS]
    assert any(read)
    assert not agree(tiff(values, 5, planar=planar, tags={332: [2]}), meant)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_palettes(bits):
    colors = CHANCE.integers(0, 256, (3, 2**bits))
    values = samples(bits)
    for scale in (257, 1):  # colors of 16 bits, as the format defines, and of 8 bits, as some programs write
        tags = {320: (colors * scale).ravel().tolist()}
        read = [agree(tiff(values, 3, bits, tags=tags, **way), colors.T[values], 0) for way in WAYS]
        assert any(read) == (bits < 16)


def test_lab():
    colors = Image.fromarray(samples(8, 3) // 4 + np.uint8(96))
    profiles = (ImageCms.createProfile(name) for name in ("sRGB", "LAB"))
    stored = np.asarray(ImageCms.profileToProfile(colors, *profiles, outputMode="LAB"))
    for planar, compression in itertools.product((1, 2), COMPRESSIONS):
        read = agree(tiff(stored, 8, planar=planar, compression=compression), np.asarray(colors), 12)
        assert read == (planar == 1)


def test_luma_and_chroma():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    colors = Image.fromarray(np.dstack([x * 10, y * 12, 255 - x * 10]).astype(np.uint8))
    stored = np.asarray(colors.convert("YCbCr"))
    read = []
    for planar, compression, rows in itertools.product((1, 2), COMPRESSIONS, (None, 5)):
        data = tiff(stored, 6, planar=planar, compression=compression, rows=rows, tags={530: [1, 1]})
        read.append(agree(data, np.asarray(colors), 4))
    assert any(read)
    blocks = stored[: HEIGHT // 2].reshape(HEIGHT, -1, 3)  # as many bytes as if 2x2 pixels had the same color
    assert not agree(tiff(blocks, 6, rows=5, tags={530: [2, 2]}), np.asarray(colors))


def test_missing_parts_are_refused():
    values = samples(8, 3)
    for way in ({"rows": 5}, {"tile": 16}):
        for compression in COMPRESSIONS:
            data = tiff(values, 2, compression=compression, **way)
            offsets, counts = (324, 325) if "tile" in way else (273, 279)
            for tag in (offsets, counts):
                entry = tag.to_bytes(2, "little") + b"\4\0"
                data = data.replace(entry + b"\4\0\0\0", entry + b"\2\0\0\0")
            assert not agree(data, values)
    for cut in (1, 20, 200):
        assert not agree(tiff(values, 2, rows=5)[:-cut], values)


def test_a_tile_counts_as_an_image_of_its_size():
    values = samples(8, 3)
    for compression in COMPRESSIONS:
        data = tiff(values, 2, compression=compression, tile=256)
        if compression == 1:  # Pillow reads it without a decoder
            assert np.array_equal(open_picture(data, max_pixels=WIDTH * HEIGHT).pixels, values)
        else:
            with pytest.raises(ImageError, match="a tile of 256x256 pixels is not decoded: more than 65535 "):
                open_picture(data, max_pixels=256 * 256 - 1)
        assert np.array_equal(open_picture(data, max_pixels=256 * 256).pixels, values)
        covering = tiff(values, 2, compression=compression, tile=32)
        assert np.array_equal(open_picture(covering, max_pixels=WIDTH * HEIGHT).pixels, values)
    high = tiff(values, 2, compression=8, rows=65535)
    assert np.array_equal(open_picture(high, max_pixels=WIDTH * HEIGHT).pixels, values)


def entry(tag, kind):
    return struct.pack("<HHI", tag, kind, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (entry(317, 3), entry(322, 3)),  # a second width of the tiles
        (entry(322, 3), entry(322, 17)),  # a number of 64 bits with a sign, which Pillow leaves out
    ],
)
def test_tiles_of_no_definite_size_are_refused(old, new):
    data = tiff(samples(8), 1, compression=8, tile=16)
    assert data.count(old) == 1
    with pytest.raises(ImageError, match="tiles have no definite size"):
        open_picture(data.replace(old, new))


def test_big_tiff():
    values = samples(8)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "TIFF", big_tiff=True, compression="tiff_adobe_deflate")
    assert agree(file.getvalue(), values, 0)


def test_a_preview_is_refused():
    with pytest.raises(ImageError, match="first page is a preview or a mask"):
        open_picture(tiff(samples(8, 3), 2, tags={254: [1]}))
    assert agree(tiff(samples(8), 1, tags={254: [2]}), np.zeros((HEIGHT, WIDTH)), 255), (
        "2 stands for one page of several"
    )


XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/">?</x:xmpmeta>'


@pytest.mark.filterwarnings("ignore:Metadata Warning")
@pytest.mark.parametrize("keep_metadata", [True, False])
@pytest.mark.parametrize("tag", [700, 34675], ids=["XMP", "ICC"])
@pytest.mark.parametrize(
    ("kind", "value"),
    [(TiffTags.ASCII, XMP), (TiffTags.SHORT, (1, 2, 3, 4)), (TiffTags.LONG, (1,)), (TiffTags.DOUBLE, (0.5,))],
)
def test_metadata_of_a_wrong_type_refuse_no_picture(kind, value, tag, keep_metadata):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[tag] = kind
    tags[tag] = value
    file = io.BytesIO()
    Image.new("RGB", (3, 2), (10, 20, 30)).save(file, "TIFF", tiffinfo=tags)
    picture = open_picture(file.getvalue().replace(b"?</x", b"\xe9</x"), keep_metadata)
    assert picture.pixels[0, 0].tolist() == [10, 20, 30]
    if kind == TiffTags.ASCII and keep_metadata:
        assert picture.metadata.xmp + picture.metadata.icc == XMP.encode().replace(b"?", b"\xe9")
    else:
        assert picture.metadata == Metadata()


def test_an_overview_that_the_caller_chooses_is_read():
    file = io.BytesIO()
    overview = Image.new("L", (4, 3), 200)
    overview.encoderinfo = {"tiffinfo": {254: 1}}
    Image.new("L", (8, 6), 100).save(file, "TIFF", save_all=True, append_images=[overview])
    image = Image.open(file)
    image.seek(1)
    assert image.tag_v2[254] == 1
    assert np.array_equal(Picture.from_image(image).to_array(), np.full((3, 4), 200))
    assert open_picture(file).to_array().shape == (6, 8)


def test_images_that_pillow_opened_are_read_in_the_same_way():
    values = samples(16)
    data = tiff(values, 0)
    for loaded in (False, True):
        image = Image.open(io.BytesIO(data))
        if loaded:
            image.load()
        before = image.copy()
        assert np.abs(Picture.from_image(image).to_array() - (255 - levels(values, 16))).max() <= 1
        assert np.array_equal(np.asarray(image), np.asarray(before)), "the image does not change"
    with pytest.raises(ImageError, match="separate planes"):
        Picture.from_image(Image.open(io.BytesIO(tiff(samples(16, 3), 2, planar=2))))


def test_the_limit_of_pillow_does_not_apply(monkeypatch, recwarn):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_100_000)
    values = np.zeros((1500, 1500), np.uint8)
    for compression in (1, 8):
        assert agree(tiff(values, 1, compression=compression), values, 0)
    assert not recwarn.list
