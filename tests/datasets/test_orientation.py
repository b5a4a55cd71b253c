import warnings

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from fovea.datasets import open_labeled, orient_mask
from fovea.datasets.orientation import shown_size
from fovea.errors import DatasetError
from fovea.picture import Picture

from ..icc_profiles import pale_cmyk

NOISE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def saved(path, orientation, size=(30, 20), **options):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(NOISE[: size[1], : size[0]]).save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_labels_that_tell_no_size_or_say_so_count_pixels_as_shown(orientation, suffix, tmp_path):
    path = saved(tmp_path / f"a.{suffix}", orientation)
    shown = ImageOps.exif_transpose(Image.open(path))
    assert shown_size(path) == shown.size
    for pixels in (open_labeled(path), open_labeled(path, shown.size, upright=True)):
        assert np.array_equal(pixels, np.asarray(shown))
        assert pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(5, 9))
def test_labels_of_the_shown_size_count_pixels_as_shown(orientation, tmp_path):
    path = saved(tmp_path / "a.png", orientation)
    assert np.array_equal(open_labeled(path, (20, 30)), np.asarray(ImageOps.exif_transpose(Image.open(path))))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_other_labels_of_the_stored_size_count_pixels_as_stored(orientation, tmp_path):
    path = saved(tmp_path / "a.png", orientation)
    assert np.array_equal(open_labeled(path, (30, 20)), NOISE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_square_is_turned_where_labels_say_so(orientation, tmp_path):
    path = saved(tmp_path / "a.png", orientation, (20, 20))
    shown = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    assert np.array_equal(open_labeled(path, (20, 20), upright=True), shown)
    assert np.array_equal(open_labeled(path, (20, 20)), NOISE[:, :20])


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_tiff_is_not_turned_twice(orientation, tmp_path):
    path = saved(tmp_path / "a.tif", orientation)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    assert shown_size(path) == shown.shape[1::-1]
    assert np.array_equal(open_labeled(path), shown)
    assert np.array_equal(open_labeled(path, shown_size(path), upright=True), shown)


@pytest.mark.parametrize("size", [(30, 20), (20, 20)])
@pytest.mark.parametrize("shown", [True, False])
def test_the_mask_of_a_tiff_is_not_turned(shown, size, tmp_path):
    path = saved(tmp_path / "a.tif", 6, size)
    mask = np.zeros(shown_size(path)[::-1], np.bool_)
    mask[:5, :5] = True
    assert np.array_equal(orient_mask(mask, path, shown_size(path), upright=True, shown=shown), mask)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_turns_nothing(tmp_path):
    Image.fromarray(NOISE).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\xff" + bytes(9))
    assert open_labeled(tmp_path / "a.jpg").shape == NOISE.shape
    assert shown_size(tmp_path / "a.jpg") == (30, 20)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "I", "P", "RGBA", "CMYK"])
def test_modes_become_what_the_codec_makes_of_them(mode, tmp_path):
    if mode in ("I;16", "I"):
        image = Image.fromarray(NOISE[..., 0] * np.uint16(200)).convert(mode)
    else:
        image = Image.fromarray(NOISE).convert(mode)
    path = tmp_path / ("a.tif" if mode in ("I", "CMYK") else "a.png")
    image.save(path, **({"icc_profile": pale_cmyk()} if mode == "CMYK" else {}))
    pixels = open_labeled(path)
    assert np.array_equal(pixels, Picture.from_image(Image.open(path)).pixels)
    assert len(np.unique(pixels)) > 1


def test_sixteen_bits_are_scaled(tmp_path):
    Image.fromarray(np.array([[0, 128 * 257, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert open_labeled(tmp_path / "a.png")[0].tolist() == [[0] * 3, [128] * 3, [255] * 3]


def test_errors_name_the_file_once(tmp_path):
    path = saved(tmp_path / "a.png", 1)
    with pytest.raises(DatasetError, match=r"a\.png: is 30 x 20, and the labels are made for 20 x 30"):
        open_labeled(path, (20, 30))
    deep = tmp_path / "deep.tif"
    Image.fromarray(np.array([[70000]], np.int32)).save(deep)
    (tmp_path / "broken.png").write_bytes(path.read_bytes()[:60])
    (tmp_path / "text.png").write_text("no image")
    for name, says in [("broken.png", "truncated|broken"), ("text.png", "no image"), ("deep.tif", "65535")]:
        with pytest.raises(DatasetError, match=says) as caught:
            open_labeled(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: does not open as an image: ")
        assert str(caught.value).count(name) == 1
    with pytest.raises(DatasetError, match=r"text\.png: does not open as an image"):
        shown_size(tmp_path / "text.png")


@pytest.mark.parametrize("read", [open_labeled, shown_size])
def test_a_bomb_is_refused_and_nothing_below_our_limit(read, tmp_path):
    (tmp_path / "bomb.pgm").write_bytes(b"P5 16384 16385 255\n")
    with pytest.raises(DatasetError, match="too large"):
        read(tmp_path / "bomb.pgm")
    Image.new("1", (10_000, 9_000)).save(tmp_path / "large.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(tmp_path / "large.png")
