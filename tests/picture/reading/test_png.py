"""PNG files with every kind of samples, and with texts and profiles of every size."""

import io
import itertools
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from fovea.bitstream import MAX_METADATA_BYTES, Metadata
from fovea.errors import ImageError
from fovea.picture import Picture, open_picture

from .pngs import CHANNELS, chunk, png

CHANCE = np.random.default_rng(0)
KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (4, 8), (4, 16), (6, 8), (6, 16)]


def samples(color, depth):
    return CHANCE.integers(0, 2**depth, (21, 27, CHANNELS[color]))


def levels(values, depth):
    return np.rint(values * (255 / (2**depth - 1)))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("color", "depth"), KINDS)
def test_samples(color, depth, interlaced):
    values = samples(color, depth)
    read = open_picture(png(values, depth, color, interlaced)).to_array()
    meant = levels(values, depth).squeeze()
    assert read.shape == meant.shape
    assert np.abs(read - meant).max() <= (depth == 16)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("color", "depth"), KINDS[:7])
def test_a_transparent_color(color, depth, interlaced):
    values = samples(color, depth)
    key = values[3, 4].copy()
    values[5, 5] = key ^ 1  # another color in 16 bits, but the same one in 8 bits
    values[7, 7] = key
    data = png(values, depth, color, interlaced, [(b"tRNS", struct.pack(f">{len(key)}H", *key))])
    opaque = (values != key).any(axis=2)
    pictures = [open_picture(data), Picture.from_image(Image.open(io.BytesIO(data)))]
    for picture in pictures:
        assert picture.mode == ("LA" if color == 0 else "RGBA")
        assert np.array_equal(picture.alpha, np.where(opaque, 255, 0))
        assert np.abs(picture.pixels - levels(values, depth)).max() <= (depth == 16)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes(depth, interlaced):
    colors = CHANCE.integers(0, 256, (2**depth, 3), np.uint8)
    opacity = CHANCE.integers(0, 256, 2**depth, np.uint8)
    values = samples(3, depth)
    one_clear = np.where(np.arange(2**depth) == 1, 0, 255).astype(np.uint8)
    for alpha in (None, opacity, opacity[:1], one_clear):
        chunks = [(b"PLTE", colors.tobytes())] + ([] if alpha is None else [(b"tRNS", alpha.tobytes())])
        picture = open_picture(png(values, depth, 3, interlaced, chunks))
        assert np.array_equal(picture.pixels, colors[values[..., 0]])
        if alpha is not None:
            full = np.full(2**depth, 255)
            full[: len(alpha)] = alpha
            assert np.array_equal(picture.alpha, full[values[..., 0]])


def text(kind, key, value):
    """Return the name and the data of a chunk with a text, which has four kinds."""
    if kind == "tEXt":
        return b"tEXt", key + b"\0" + value
    if kind == "zTXt":
        return b"zTXt", key + b"\0\0" + zlib.compress(value)
    compressed = kind == "packed"
    return b"iTXt", key + bytes([0, compressed, 0]) + b"en\0key\0" + (zlib.compress(value) if compressed else value)


PIXELS = CHANCE.integers(0, 256, (5, 6, 3))
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "packed"])
def test_texts_of_any_length(kind, where):
    count = 50 if kind in ("zTXt", "packed") else 2  # more than 64 MB in all
    data = png(PIXELS, 8, 2, **{where: count * [text(kind, b"workflow", b"x" * 1_500_000)]})
    picture = open_picture(data)
    assert np.array_equal(picture.pixels, PIXELS)
    assert picture.metadata == Metadata()


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("kind", ["iTXt", "packed"])
@pytest.mark.parametrize("size", [0, 2_000_000])
def test_xmp(kind, where, size):
    xmp = XMP + b" " * size
    picture = open_picture(png(PIXELS, 8, 2, **{where: [text(kind, b"XML:com.adobe.xmp", xmp)]}))
    assert picture.metadata == Metadata(xmp=xmp)
    assert np.array_equal(picture.pixels, PIXELS)


def test_the_last_text_has_precedence():
    texts = [text("iTXt", b"XML:com.adobe.xmp", value) for value in (b"one", b"two", b"three")]
    assert open_picture(png(PIXELS, 8, 2, before=texts[:2], after=texts[2:])).metadata.xmp == b"three"


@pytest.mark.parametrize("size", [0, 3_000_000])
def test_profiles_of_any_size(size, linear_rgb):
    profile = linear_rgb + CHANCE.bytes(size)
    profile = struct.pack(">I", len(profile)) + profile[4:]
    data = png(np.full((2, 2, 3), 128), 8, 2, before=[(b"iCCP", b"name\0\0" + zlib.compress(profile))])
    assert open_picture(data).metadata.icc == profile
    assert open_picture(data, keep_metadata=False).pixels[0, 0] == pytest.approx([188] * 3, abs=1)


def test_exif_in_a_text_turns_the_picture():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    block = exif.tobytes()
    digits = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    for kind in ("tEXt", "zTXt"):
        data = png(PIXELS, 8, 2, before=[text(kind, b"Raw profile type exif", digits)])
        assert open_picture(data).metadata.exif == block
        assert np.array_equal(open_picture(data, keep_metadata=False).pixels, np.rot90(PIXELS, -1))


def test_metadata_too_large_for_a_fov_file():
    data = png(PIXELS, 8, 2, before=[text("packed", b"XML:com.adobe.xmp", bytes(MAX_METADATA_BYTES + 1))])
    with pytest.raises(ImageError, match=r"XMP metadata of .* too large: .*--no-metadata"):
        open_picture(data)
    assert np.array_equal(open_picture(data, keep_metadata=False).pixels, PIXELS)


def test_decompression_bombs_and_damaged_texts_are_refused():
    bomb = text("packed", b"XML:com.adobe.xmp", bytes(2**26 + 1))
    with pytest.raises(ImageError, match="xmp of this PNG is decompressed to more than"):
        open_picture(png(PIXELS, 8, 2, before=[bomb]))
    data = png(PIXELS, 8, 2, before=[text("iTXt", b"XML:com.adobe.xmp", XMP)])
    with pytest.raises(ImageError, match="xmp of this PNG is damaged"):
        open_picture(data.replace(b"xmpmeta xmlns", b"xmpmeta zmlns"))
    assert open_picture(png(PIXELS, 8, 2, before=[(b"iCCP", b"name\0\0no zlib")])).metadata.icc == b""


def test_the_limits_of_pillow_do_not_change(monkeypatch):
    def tampered(*_):
        raise AssertionError("Pillow is not asked to read texts")

    for name in ("chunk_tEXt", "chunk_zTXt", "chunk_iTXt", "chunk_iCCP"):
        monkeypatch.setattr(PngImagePlugin.PngStream, name, tampered)
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    texts = [text(kind, b"Comment", b"x") for kind in ("tEXt", "zTXt", "iTXt", "packed")]
    for before, after in itertools.product((texts, []), repeat=2):
        assert np.array_equal(open_picture(png(PIXELS, 8, 2, before=before, after=after)).pixels, PIXELS)
    assert limits == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)


def test_an_animation_with_texts_between_its_frames():
    frames = [Image.fromarray(np.full((5, 6, 3), level, np.uint8)) for level in (10, 200)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    data = file.getvalue()
    comment = chunk(*text("zTXt", b"Comment", b"x" * 2_000_000))
    second = data.index(b"fcTL", data.index(b"fcTL") + 4) - 4
    assert (open_picture(data[:second] + comment + data[second:]).pixels == 10).all()
