"""Images to encode, and the command."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from fovea.cli import main

Fovea = Callable[..., Result]


@pytest.fixture
def fovea() -> Fovea:
    """A function that runs the command in this process."""

    def run(*arguments: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)

    return run


def pixels(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Return a smooth picture with some texture."""
    down, right = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).integers(-12, 13, (height, width, 3))
    plain = np.stack([2 * right, 2 * down, right + down], axis=2) % 256
    return np.clip(plain + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A JPEG file of 96x64 pixels with EXIF (orientation 6), ICC profile and XMP."""
    from PIL import ImageCms

    exif = Image.Exif()
    exif[274] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "photo.jpg"
    Image.fromarray(pixels()).save(path, exif=exif, icc_profile=profile, xmp=b"<xmp/>")
    return path


@pytest.fixture
def coded(fovea: Fovea, photo: Path) -> Path:
    """The photo as a .fov file."""
    path = photo.with_suffix(".fov")
    assert fovea("encode", photo, path).exit_code == 0
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of images at several depths, with hidden images and a file that is not an image."""
    root = tmp_path / "photos"
    for name in ("a.png", "b c/d.jpg", "b c/e/наука.webp", ".hidden.png", ".git/f.png"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels()).save(path)
    (root / "notes.txt").write_text("no image")
    return root
