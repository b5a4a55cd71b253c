"""JPEG files without their end marker are read if they are complete, and refused if pixels are missing."""

import io

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import Picture, open_picture

DOWN, RIGHT = np.mgrid[:40, :56]
NOISE = np.random.default_rng(0).integers(-10, 11, (40, 56, 3))
COLORS = np.clip(np.dstack([RIGHT * 4, DOWN * 5, RIGHT + DOWN]) + NOISE, 0, 255).astype(np.uint8)
KINDS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "fine": {"quality": 100, "subsampling": 0},
    "restarts": {"restart_marker_blocks": 3},
    "optimized": {"optimize": True},
    "gray": {"mode": "L"},
    "inks": {"mode": "CMYK", "progressive": True},
    "tiny": {"size": (1, 1)},
}


def jpeg(mode="RGB", size=(56, 40), **options):
    file = io.BytesIO()
    Image.fromarray(COLORS).crop((0, 0, *size)).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_its_end_marker_is_read(kind):
    data = jpeg(**KINDS[kind])
    whole = open_picture(data)
    for cut in (1, 2):
        assert np.array_equal(open_picture(data[:-cut]).pixels, whole.pixels)
    image = Image.open(io.BytesIO(data[:-2]))
    assert np.array_equal(Picture.from_image(image).pixels, whole.pixels), (
        "an image that Pillow opened is read in the same way"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_some_pixels_is_refused(kind):
    data = jpeg(**KINDS[kind])
    whole = open_picture(data)
    start = data.index(b"\xff\xda")
    for size in [*range(start, len(data) - 2, 7), *range(len(data) - 12, len(data) - 2)]:
        try:
            read = open_picture(data[:size])
        except ImageError:
            continue
        assert np.array_equal(read.pixels, whole.pixels)
    with pytest.raises(ImageError):
        open_picture(data[: (start + len(data)) // 2])


@pytest.mark.parametrize("kind", ["progressive", "inks"])
def test_a_file_without_some_scans_is_refused(kind):
    data = jpeg(**KINDS[kind])
    ends = [start for start in range(len(data) - 2) if data[start : start + 2] in (b"\xff\xc4", b"\xff\xda")]
    assert len(ends) > 6
    for end in ends[1:]:
        with pytest.raises(ImageError):
            open_picture(data[:end])


def test_metadata_of_a_file_without_its_end_marker():
    exif = Image.Exif()
    exif[0x010E] = "a picture"
    data = jpeg(exif=exif, icc_profile=b"profile", xmp=b"<xmp/>")
    assert open_picture(data[:-2]).metadata == open_picture(data).metadata


def test_bytes_after_the_end_marker_are_ignored():
    data = jpeg()
    assert np.array_equal(open_picture(data + b"trailer" * 100).pixels, open_picture(data).pixels)
