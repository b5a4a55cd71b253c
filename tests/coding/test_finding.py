"""The finder looks at the whole picture, shrunk, and its map is laid over the latent of any coded size."""

import numpy as np
import pytest

from fovea.coding import finding
from fovea.coding.finding import Finder, Found, ScaleMap, shrunk_pictures


class Brightness:
    """An engine whose network takes the brightest channel of each cell as its logit, and remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def load(self, graph: bytes, exact: bool = False):
        def run(image):
            self.seen.append(image.shape)
            _, height, width, _ = image.shape
            cells = image.reshape(1, height // 8, 8, width // 8, 8, 3).max(axis=(2, 4, 5))
            return (cells[:, None].astype(np.float32),)

        return run


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((1, 1), [(1, 32, 32, 3)]),
        ((480, 640), [(1, 480, 640, 3)]),
        ((641, 300), [(1, 672, 320, 3), (1, 640, 320, 3)]),
        ((1080, 1920), [(1, 736, 1280, 3), (1, 384, 640, 3)]),
        ((2160, 3840), [(1, 736, 1280, 3), (1, 384, 640, 3)]),
    ],
)
def test_large_pictures_are_looked_at_twice_and_small_ones_are_never_enlarged(size, seen):
    engine = Brightness()
    Finder(engine, b"").find(np.zeros((*size, 3), np.uint8))
    assert engine.seen == seen


@pytest.mark.parametrize("size", [(480, 640), (500, 700), (1080, 1920), (1440, 2560), (2160, 3840), (3000, 1000)])
@pytest.mark.parametrize("scale", [1, 0.75, 0.5, 0.375])
def test_an_object_is_where_it_is_at_every_coded_size(size, scale):
    height, width = size
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left, bottom, right = height // 4, width // 2, height // 2, 3 * width // 4
    pixels[top:bottom, left:right] = 255
    coded = round(height * scale), round(width * scale)
    logits = Finder(Brightness(), b"").find(pixels).at(*coded)
    assert logits.shape == (-(-coded[0] // 16), -(-coded[1] // 16))
    rows, columns = (np.flatnonzero(logits.max(axis=axis) > 128) for axis in (1, 0))
    # Edges may be off by the cell of the smaller scale and by the position of the latent that holds them.
    tolerance = 16 / scale + 8 * max(size) / 640
    edges = [16 * edge / scale for edge in (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)]
    assert np.abs(np.subtract(edges, (top, left, bottom, right))).max() <= tolerance


def test_small_objects_survive_the_coarser_grid_of_the_latent():
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[200:208, 320:328] = 255
    found = Finder(Brightness(), b"").find(pixels)
    for height, width in ((480, 640), (240, 320), (180, 240)):
        assert found.at(height, width).max() == 255


def test_scales_count_alike():
    scales = [ScaleMap(np.full((4, 4), value, np.float32), 4, 4) for value in (-3, 2)]
    assert (Found(scales).at(64, 64) == -0.5).all()


def test_strips_of_large_pictures_leave_no_trace(monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (1000, 2600, 3), np.uint8)
    whole = shrunk_pictures(pixels)
    monkeypatch.setattr(finding, "_STRIP", 7)
    for part, other in zip(shrunk_pictures(pixels), whole, strict=True):
        assert np.array_equal(part, other)
