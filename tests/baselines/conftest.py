"""Images and codecs that the tests of this folder share."""

from collections.abc import Callable

import numpy as np
import pytest

from fovea.baselines import Baseline, Pixels, baseline_names, get_baseline

# The fastest presets: these tests are about files, not about how small they are.
SPECS = {"vvc": "vvc:faster", "avif": "avif:8"}


@pytest.fixture(params=baseline_names())
def codec(request: pytest.FixtureRequest) -> Baseline:
    """Each codec in turn; skipped with the reason where it cannot run."""
    made = get_baseline(SPECS.get(request.param, request.param))
    if reason := made.available():
        pytest.skip(reason)
    return made


@pytest.fixture(scope="session")
def draw() -> Callable[[int, int], Pixels]:
    """A colored slope with a textured disc: smooth parts, an edge and detail, as a photograph has."""

    def paint(height: int, width: int) -> Pixels:
        y, x = np.mgrid[:height, :width].astype(float)
        red, green = 255 * x / max(width - 1, 1), 255 * y / max(height - 1, 1)
        image = np.stack([red, green, 255 - (red + green) / 2], axis=-1)
        disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(height, width) / 3) ** 2
        image[disc] = 128 + np.random.default_rng(7).normal(0, 40, (int(disc.sum()), 1))
        return image.clip(0, 255).astype(np.uint8)

    return paint


@pytest.fixture(scope="session")
def picture(draw: Callable[[int, int], Pixels]) -> Pixels:
    return draw(96, 128)
