import numpy as np
import pytest


@pytest.fixture
def photo() -> np.ndarray:
    """Smooth colors, an edge and some noise, uint8 [150, 210, 3]."""
    random = np.random.default_rng(4)
    y, x = np.mgrid[:150, :210]
    image = np.stack([x + y, 2 * x - y / 2, 255 - x], axis=2) % 256
    image[40:90, 60:140] = (200, 30, 90)
    return np.clip(image + random.normal(0, 8, image.shape), 0, 255).astype(np.uint8)
