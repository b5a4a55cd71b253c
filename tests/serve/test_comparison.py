"""The JPEG that is as exact as a coded picture."""

import io

import numpy as np
import pytest
from PIL import Image

from fovea.serve.comparison import compare, squared_error

from .conftest import png

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 64, 3), np.uint8)
INSIDE = np.zeros((40, 64), bool)
INSIDE[:20, :30] = True


def with_error(size, where=slice(None)):
    decoded = PIXELS.astype(int)
    decoded[where] += np.where(decoded[where] < 128, size, -size)
    return decoded.astype(np.uint8)


def jpeg_error(quality, subsampling, inside):
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
    return squared_error(PIXELS, np.asarray(Image.open(file)), inside), len(file.getvalue())


def test_the_jpeg_is_the_smallest_that_is_as_exact_inside_objects():
    figures = compare("m", PIXELS, bytes(100), with_error(20), INSIDE)
    assert figures.compared == "objects" and figures.objects == pytest.approx(INSIDE.mean())
    assert figures.bytes == 100 and figures.bpp == pytest.approx(800 / PIXELS[..., 0].size)
    assert figures.psnr_objects == pytest.approx(10 * np.log10(255**2 / 400), abs=1e-3)
    fitting = [
        size
        for quality in range(1, 101)
        for subsampling in ("4:2:0", "4:4:4")
        for error, size in [jpeg_error(quality, subsampling, INSIDE)]
        if error <= 400
    ]
    assert figures.jpeg.bytes == min(fitting)
    assert figures.jpeg.psnr_objects >= figures.psnr_objects


@pytest.mark.parametrize("objects", [None, np.zeros((40, 64), bool)])
def test_without_objects_the_whole_picture_counts(objects):
    figures = compare("m", PIXELS, bytes(100), with_error(30), objects)
    assert figures.compared == "picture" and figures.psnr_objects is None
    assert figures.jpeg.psnr >= figures.psnr and "whole picture" in figures.sentence


def test_no_jpeg_is_without_error():
    figures = compare("m", PIXELS, bytes(100), PIXELS, None)
    assert figures.jpeg is None and figures.psnr is None
    assert figures.sentence.startswith("No JPEG")


@pytest.mark.parametrize("size", [(65_501, 8), (8, 65_501)])
def test_a_picture_that_no_jpeg_can_have_is_compared_with_none(running, size):
    answer = running.post("/v1/compare", png(*size), scale="1/8", quality=0)
    assert answer.status_code == 200
    figures = answer.json()
    assert figures["jpeg"] is None and figures["bytes"] > 0 and figures["psnr"] > 0
    assert figures["sentence"] == "The picture is too large for a JPEG, whose sides have at most 65,500 pixels."


def test_the_service_compares_what_it_encodes(running, photo):
    figures = running.post("/v1/compare", photo, quality=60).json()
    assert figures["bytes"] == len(running.post("/v1/encode", photo, quality=60).content)
    assert figures["jpeg"]["bytes"] > 0 and "JPEG" in figures["sentence"]
