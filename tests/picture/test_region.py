"""Maps of regions of interest."""

import numpy as np
import pytest
from PIL import Image

from fovea.errors import ImageError
from fovea.picture import region_map

WEIGHTS = np.array([[0, 51, 255]], np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(WEIGHTS),
        Image.fromarray(WEIGHTS * np.uint16(257)),
        Image.fromarray((WEIGHTS * np.uint16(257)).astype(">u2")),
        Image.fromarray(WEIGHTS * np.int32(257)),
        Image.fromarray(WEIGHTS / np.float32(255)),
    ],
    ids=lambda image: image.mode,
)
def test_images_of_every_depth(image):
    assert np.array_equal(region_map(image, 3, 1), WEIGHTS)


@pytest.mark.parametrize("samples", [np.array([[1.5]], np.float32), np.array([[-1]], np.int32)])
def test_samples_out_of_range_are_refused(samples):
    with pytest.raises(ImageError, match="outside 0"):
        region_map(Image.fromarray(samples), 1, 1)
