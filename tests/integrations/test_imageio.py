import numpy as np
import pytest
from PIL import Image

import fovea

iio = pytest.importorskip("imageio.v3", reason="needs imageio")

import fovea.integrations.imageio  # noqa: E402


def test_imread(folder, decoded):
    assert np.array_equal(iio.imread(folder / "a.fov"), decoded[0])
    assert iio.improps(folder / "a.fov").shape == (40, 56, 3)


def test_imwrite_takes_the_options_of_the_pillow_plugin(tmp_path, pictures, coded):
    iio.imwrite(tmp_path / "a.fov", pictures[0], quality=60)
    assert (tmp_path / "a.fov").read_bytes() == coded[0]
    assert iio.imwrite("<bytes>", pictures[0], extension=".fov", quality=60) == coded[0]


def test_the_extension_is_registered_once():
    from importlib import reload

    from imageio.config import extension_list, known_extensions

    reload(fovea.integrations.imageio)
    assert [entry.extension for entry in extension_list].count(".fov") == len(known_extensions[".fov"]) == 1
    assert known_extensions[".fov"][0].priority == ["pillow"]


def test_damaged_files_are_refused(tmp_path, coded):
    (tmp_path / "bad.fov").write_bytes(coded[0][:-3])
    with pytest.raises(OSError, match=r"bad\.fov"):
        iio.imread(tmp_path / "bad.fov")


def test_gray(tmp_path):
    Image.new("L", (20, 10), 100).save(tmp_path / "gray.fov")
    assert iio.imread(tmp_path / "gray.fov").shape == (10, 20)


def test_scikit_image_reads_through_imageio(folder, decoded):
    skimage = pytest.importorskip("skimage.io", reason="needs scikit-image")
    assert np.array_equal(skimage.imread(folder / "b.fov"), decoded[1])
