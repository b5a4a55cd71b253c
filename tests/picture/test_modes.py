"""The pixels and the mode that an image of each Pillow mode becomes."""

import io

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import Picture


def one(mode, color, **info):
    """Return the picture of a 2x1 image of one color."""
    image = Image.new(mode, (2, 1), color)
    image.info.update(info)
    return Picture.from_image(image)


def first(picture):
    """Return the mode of a picture, and its first pixel with alpha."""
    alpha = () if picture.alpha is None else (int(picture.alpha[0, 0]),)
    return picture.mode, (*picture.pixels[0, 0].tolist(), *alpha)


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("1", 0, ("L", (0, 0, 0))),
        ("1", 1, ("L", (255, 255, 255))),
        ("L", 77, ("L", (77, 77, 77))),
        ("LA", (77, 33), ("LA", (77, 77, 77, 33))),
        ("RGB", (1, 2, 3), ("RGB", (1, 2, 3))),
        ("RGBX", (1, 2, 3, 9), ("RGB", (1, 2, 3))),
        ("RGBA", (1, 2, 3, 0), ("RGBA", (1, 2, 3, 0))),
        ("CMYK", (0, 255, 255, 0), ("RGB", (255, 0, 0))),
        ("CMYK", (0, 0, 0, 255), ("RGB", (0, 0, 0))),
        ("YCbCr", (100, 128, 128), ("RGB", (100, 100, 100))),
        ("HSV", (85, 255, 200), ("RGB", (0, 200, 0))),
        ("I;16", 0, ("L", (0, 0, 0))),
        ("I;16", 257 * 100 + 128, ("L", (100, 100, 100))),
        ("I;16", 257 * 100 + 129, ("L", (101, 101, 101))),
        ("I;16", 65535, ("L", (255, 255, 255))),
        ("I;16B", 257 * 100, ("L", (100, 100, 100))),
        ("I;16L", 257 * 100, ("L", (100, 100, 100))),
        ("I", 257 * 100, ("L", (100, 100, 100))),
        ("F", 0.5, ("L", (128, 128, 128))),
        ("F", 1.0, ("L", (255, 255, 255))),
    ],
)
def test_the_pixels_of_each_mode(mode, color, expected):
    assert first(one(mode, color)) == expected


def test_lab_becomes_srgb():
    picture = one("LAB", (255, 128, 128))
    assert picture.mode == "RGB"
    assert picture.pixels[0, 0] == pytest.approx([255, 255, 255], abs=1)


def test_premultiplied_alpha_is_divided_out():
    assert first(one("RGBa", (50, 100, 0, 128))) == ("RGBA", (99, 199, 0, 128))
    gray = Image.new("LA", (2, 1), (200, 128)).convert("La")
    assert first(Picture.from_image(gray)) == ("LA", (199, 199, 199, 128))


@pytest.mark.parametrize(
    ("mode", "color", "key", "expected"),
    [
        ("1", 1, 255, ("LA", (255, 255, 255, 0))),
        ("L", 77, 77, ("LA", (77, 77, 77, 0))),
        ("L", 77, 78, ("LA", (77, 77, 77, 255))),
        ("RGB", (1, 2, 3), (1, 2, 3), ("RGBA", (1, 2, 3, 0))),
        ("RGB", (1, 2, 3), (1, 2, 4), ("RGBA", (1, 2, 3, 255))),
        ("I;16", 25700, 25700, ("LA", (100, 100, 100, 0))),
        ("I;16", 25700, 25701, ("LA", (100, 100, 100, 255))),
    ],
)
def test_a_transparent_color_becomes_alpha(mode, color, key, expected):
    assert first(one(mode, color, transparency=key)) == expected


def palette_image():
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.putdata([0, 1, 2])
    return image


def test_a_palette_becomes_its_colors():
    picture = Picture.from_image(palette_image())
    assert picture.mode == "RGB"
    assert picture.pixels.tolist() == [[[10, 20, 30], [40, 50, 60], [70, 80, 90]]]


@pytest.mark.parametrize(("key", "alpha"), [(1, [255, 0, 255]), (bytes([0, 128]), [0, 128, 255])])
def test_a_palette_with_transparency_becomes_rgba(key, alpha):
    image = palette_image()
    image.info["transparency"] = key
    picture = Picture.from_image(image)
    assert picture.mode == "RGBA"
    assert picture.pixels.tolist() == [[[10, 20, 30], [40, 50, 60], [70, 80, 90]]]
    assert picture.alpha.tolist() == [alpha]


def test_a_palette_with_an_alpha_band_becomes_rgba():
    image = palette_image().convert("PA")
    image.putalpha(Image.frombytes("L", (3, 1), bytes([1, 2, 3])))
    assert image.mode == "PA"
    picture = Picture.from_image(image)
    assert picture.mode == "RGBA"
    assert picture.pixels[0, 2].tolist() == [70, 80, 90]
    assert picture.alpha.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("mode", "color", "message"),
    [("I", -1, "0..65535"), ("I", 65536, "0..65535"), ("F", 1.5, "0..1"), ("F", float("nan"), "0..1")],
)
def test_samples_out_of_range_are_refused(mode, color, message):
    with pytest.raises(ImageError, match=message):
        one(mode, color)


def test_files_of_sixteen_bits():
    samples = np.array([[0, 256, 65535]], np.uint16)
    for format_ in ("PNG", "TIFF", "PPM"):
        file = io.BytesIO()
        Image.fromarray(samples).save(file, format_)
        picture = Picture.from_image(Image.open(file))
        assert picture.mode == "L"
        assert picture.pixels[0, :, 0].tolist() == [0, 1, 255]


def test_an_image_of_several_strips():
    """The image is larger than one strip, and each of its rows is different."""
    noise = np.random.default_rng(0).integers(0, 256, (1500, 900, 4), np.uint8)
    picture = Picture.from_image(Image.fromarray(noise))
    assert np.array_equal(picture.pixels, noise[..., :3])
    assert np.array_equal(picture.alpha, noise[..., 3])


def test_the_image_does_not_change():
    image = palette_image()
    image.info["transparency"] = bytes([0, 128])
    before = image.mode, image.tobytes(), dict(image.info), image.convert("RGBA").tobytes()
    Picture.from_image(image, keep_metadata=False)
    assert (image.mode, image.tobytes(), image.info, image.convert("RGBA").tobytes()) == before


def test_the_current_frame_is_taken():
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "lime", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    image = Image.open(file)
    assert Picture.from_image(image).pixels[0, 0].tolist() == [255, 0, 0]
    image.seek(2)
    assert Picture.from_image(image).pixels[0, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (2**17 + 1, 1)])
def test_sizes_that_cannot_be_coded_are_refused(size):
    with pytest.raises(ImageError, match=f"{size[0]}x{size[1]}"):
        Picture.from_image(Image.new("L", size))
