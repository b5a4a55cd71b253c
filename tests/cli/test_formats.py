"""The images that ``fovea decode`` writes can be read again, with metadata of any size."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from fovea.bitstream import MAX_METADATA_BYTES, Metadata
from fovea.errors import ImageError
from fovea.picture import FORMATS, Picture, open_picture, save_picture

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
SUFFIXES = sorted(FORMATS.keys() - {"jpeg", "tiff"})
KEEPS = ["jpg", "png", "webp"]
SIZES = [100, 65_000, 65_536, 1_100_000, MAX_METADATA_BYTES]


def exif_of(size, orientation=6):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.MakerNote] = b""
    exif[ExifTags.Base.MakerNote] = bytes(size - len(exif.tobytes()))
    return exif.tobytes()


def xmp_of(size, orientation=None):
    stated = f' tiff:Orientation="{orientation}"' if orientation else ""
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'{stated}>".encode().ljust(size)


def profile_of(size):
    """Return a profile of the given size: sRGB with red and green exchanged, and random bytes."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"swap").replace(b"gXYZ", b"rXYZ").replace(b"swap", b"gXYZ")
    profile += np.random.default_rng(size).bytes(size - len(profile))
    return size.to_bytes(4, "big") + profile[4:]


def written(picture, suffix):
    file = io.BytesIO()
    note = save_picture(picture, file, FORMATS[suffix])
    return open_picture(file), note


def shown_pixels(picture):
    return picture.shown().pixels.astype(int)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("size", SIZES)
def test_exif(suffix, size):
    picture = Picture(PIXELS, metadata=Metadata(exif=exif_of(size)))
    read, note = written(picture, suffix)
    assert shown_pixels(read).shape == (9, 6, 3), "the picture is turned, or its orientation is stored"
    if suffix in ("png", "webp") or (suffix == "jpg" and size < 65_528):
        assert read.metadata.exif.removeprefix(b"Exif\0\0") == picture.metadata.exif.removeprefix(b"Exif\0\0")
        assert note == ""
    elif suffix == "jpg":
        assert len(read.metadata.exif) < 100
        assert note == "EXIF is too large for a JPEG and left out: choose png or webp to keep all metadata"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("size", SIZES)
def test_xmp(suffix, size):
    picture = Picture(PIXELS, metadata=Metadata(xmp=xmp_of(size, orientation=8)))
    read, note = written(picture, suffix)
    assert shown_pixels(read).shape == (9, 6, 3)
    if suffix in ("png", "webp") or (suffix == "jpg" and size < 65_504):
        assert read.metadata == picture.metadata
        assert note == ""
    elif suffix == "jpg":
        assert read.metadata.xmp == b""
        assert note.startswith("XMP is too large for a JPEG and left out")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("size", SIZES[1:])
def test_profiles(suffix, size):
    picture = Picture(PIXELS, metadata=Metadata(exif_of(100), profile_of(size)))
    read, note = written(picture, suffix)
    assert np.abs(shown_pixels(picture) - np.rot90(PIXELS, -1)).mean() > 20, "the profile changes the colors"
    difference = np.abs(shown_pixels(read) - shown_pixels(picture))
    assert difference.mean() < (20 if suffix == "jpg" else 0.01)
    if suffix in KEEPS and not note:
        assert read.metadata.icc == picture.metadata.icc
    assert bool(note) == (suffix == "jpg" and size == MAX_METADATA_BYTES)


def test_all_metadata_too_large_at_the_same_time():
    largest = MAX_METADATA_BYTES
    metadata = Metadata(exif_of(largest), profile_of(largest), xmp_of(largest))
    for suffix in ("png", "webp"):
        read, note = written(Picture(PIXELS, metadata=metadata), suffix)
        assert (read.metadata.icc, read.metadata.xmp, note) == (metadata.icc, metadata.xmp, "")
    read, note = written(Picture(PIXELS, metadata=metadata), "jpg")
    assert note.startswith("EXIF and ICC and XMP are too large")
    assert read.pixels.shape == (9, 6, 3)


def test_broken_metadata_are_kept():
    metadata = Metadata(b"no exif", b"no profile", b"no \xff xmp")
    for suffix in KEEPS:
        read, _ = written(Picture(PIXELS, metadata=metadata), suffix)
        assert read.metadata.exif.removeprefix(b"Exif\0\0") == b"no exif"
        assert (read.metadata.icc, read.metadata.xmp) == (b"no profile", b"no \xff xmp")


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_the_colors_of_transparent_pixels_are_kept(suffix):
    alpha = np.zeros(PIXELS.shape[:2], np.uint8)
    read, _ = written(Picture(PIXELS, "RGBA", alpha), suffix)
    assert np.array_equal(read.pixels, PIXELS)
    assert np.array_equal(read.alpha, alpha)


@pytest.mark.parametrize(("suffix", "largest"), [("webp", 16_383), ("jpg", 65_500)])
def test_too_large_for_the_format(suffix, largest, capfd):
    file = io.BytesIO()
    save_picture(Picture(np.zeros((1, largest, 3), np.uint8)), file, FORMATS[suffix])
    assert Image.open(file).size == (largest, 1)
    with pytest.raises(ImageError, match=f"a side has at most {largest} pixels: choose png or tiff"):
        save_picture(Picture(np.zeros((1, largest + 1, 3), np.uint8)), io.BytesIO(), FORMATS[suffix])
    assert capfd.readouterr().err == "", "the library of JPEG prints nothing"


def test_the_command_reports_what_is_left_out(fovea, tmp_path):
    source = tmp_path / "a.png"
    Image.fromarray(PIXELS).save(source, exif=exif_of(70_000))
    assert fovea("encode", source, tmp_path / "a.fov").exit_code == 0
    result = fovea("decode", tmp_path / "a.fov", tmp_path / "a.jpg", "--quiet")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"fovea: {tmp_path / 'a.fov'}: EXIF is too large for a JPEG and left out")
    assert Image.open(tmp_path / "a.jpg").getexif()[ExifTags.Base.Orientation] == 6


def test_metadata_can_be_left_out(fovea, coded, tmp_path):
    for suffix in ("png", "jpg", "webp"):
        path = tmp_path / f"x.{suffix}"
        assert fovea("decode", coded, path, "--no-metadata", "--quiet").output == ""
        with Image.open(path) as image:
            assert image.size == (64, 96), "the picture is turned upright"
            assert not {"exif", "icc_profile", "xmp"} & image.info.keys()


@pytest.mark.parametrize("arguments", [(), ("--map",)])
def test_the_limit_on_pixels(fovea, coded, tmp_path, arguments):
    allowed = fovea("decode", coded, tmp_path / "x.png", "--max-pixels", 96 * 64, *arguments)
    assert allowed.exit_code == 0
    refused = fovea("decode", coded, tmp_path / "y.png", "--max-pixels", 96 * 64 - 1, *arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert (
        "96x64 pixels are not decoded: more than 6143 have to be allowed by max_pixels (--max-pixels)" in refused.stderr
    )
    part = fovea("decode", coded, tmp_path / "z.png", "--max-pixels", 100, "--region", "0,0,10,10")
    assert part.exit_code == 0


def test_the_limit_on_pixels_to_encode(fovea, photo, tmp_path):
    assert fovea("encode", photo, tmp_path / "x.fov", "--max-pixels", 96 * 64).exit_code == 0
    refused = fovea("encode", photo, tmp_path / "y.fov", "--max-pixels", 96 * 64 - 1)
    assert refused.exit_code == 1
    assert "(--max-pixels)" in refused.stderr
