"""Small coded pictures for the libraries that read them."""

import numpy as np
import pytest

import fovea


def picture(number, height=40, width=56):
    """A smooth picture whose red tells its number."""
    ramp = np.linspace(0, 40, height * width).reshape(height, width)
    return np.dstack([ramp + 60 * number, ramp + 90, 200 - ramp]).astype(np.uint8)


@pytest.fixture(scope="session")
def pictures():
    """Three pictures, uint8 [40, 56, 3]."""
    return [picture(number) for number in range(3)]


@pytest.fixture(scope="session")
def coded(pictures):
    """The three pictures as the content of ``.fov`` files."""
    codec = fovea.Codec(threads=1)
    return [codec.encode(image, quality=60) for image in pictures]


@pytest.fixture(scope="session")
def decoded(coded):
    """What Fovea decodes from them."""
    return [fovea.decode(data) for data in coded]


@pytest.fixture(scope="session")
def folder(coded, tmp_path_factory):
    """A folder of the three files, one of them in a folder inside."""
    root = tmp_path_factory.mktemp("coded")
    (root / "c").mkdir()
    for name, data in zip(("a.fov", "b.fov", "c/d.FOV"), coded, strict=True):
        (root / name).write_bytes(data)
    (root / "notes.txt").write_text("no picture")
    return root
