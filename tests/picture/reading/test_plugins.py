"""Formats that other packages add to Pillow."""

import types
from importlib.machinery import ModuleSpec

import pytest
from PIL import Image, ImageFile

from fovea.errors import ImageError
from fovea.picture import image_suffixes, open_picture, opened, orientation_of


class Negative(ImageFile.ImageFile):
    """A format of gray pixels in which 255 is black: b"NEGATIVE", one byte each for width and height, the pixels."""

    format = "NEGATIVE"

    def _open(self):
        self._mode, self._size = "L", tuple(self.fp.read(10)[8:])
        self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), 10, ("L;I", 0, 1))]


@pytest.fixture
def registry(monkeypatch):
    """The formats of Pillow, which the fixture restores after the test."""
    Image.init()
    for name in ("ID", "OPEN", "EXTENSION"):
        monkeypatch.setattr(Image, name, getattr(Image, name).copy())


def register(start=b"NEGATIVE", suffix=".negative"):
    Image.register_open("NEGATIVE", Negative, lambda prefix: prefix.startswith(start))
    Image.register_extension("NEGATIVE", suffix)


def test_formats_that_a_plugin_has_registered(registry):
    data = b"NEGATIVE\2\1\xff\0"
    with pytest.raises(ImageError, match="no image"):
        open_picture(data)
    register()
    assert open_picture(data).to_array().tolist() == [[0, 255]]
    assert ".negative" in image_suffixes()


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
JPEG_XL = b"\xff\x0a" + bytes(30)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (HEIC, "HEIC needs a plugin of Pillow: pip install pillow-heif"),
        (JPEG_XL, "JPEG XL needs a plugin of Pillow: pip install pillow-jxl-plugin"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30), "JPEG XL needs"),
    ],
)
def test_a_missing_plugin_is_named(data, message, monkeypatch, registry):
    monkeypatch.setattr("fovea.picture.reading.plugins.find_spec", lambda _name: None)
    with pytest.raises(ImageError, match=f"the input: {message}"):
        open_picture(data)
    assert not {".heic", ".jxl"} & set(image_suffixes())


@pytest.mark.parametrize(("module", "data"), [("pillow_heif", HEIC), ("pillow_jxl", JPEG_XL)])
def test_an_installed_plugin_is_used(module, data, monkeypatch, registry):
    """A stand-in for the plugin is used. Its files start like those of the format and go on like those of NEGATIVE."""

    class Standin(Negative):
        def _open(self):
            self.fp.read(len(data) - 10)
            super()._open()
            self.tile = [self.tile[0]._replace(offset=len(data))]

    def register_opener():
        Image.register_open("STANDIN", Standin, lambda prefix: data.startswith(prefix[:12]) and prefix[:12] != b"")
        Image.register_extension("STANDIN", f".{module}")

    def find_spec(name):
        return ModuleSpec(name, None) if name == module else None

    def import_module(name):
        assert name == module
        if module == "pillow_jxl":  # the import registers the format
            register_opener()
        return types.SimpleNamespace(register_heif_opener=register_opener)

    monkeypatch.setattr("fovea.picture.reading.plugins.find_spec", find_spec)
    monkeypatch.setattr("fovea.picture.reading.plugins.import_module", import_module)
    file = data[:-2] + b"\2\1" + b"\xff\0"
    assert f".{module}" in image_suffixes()
    Image.OPEN.pop("STANDIN"), Image.ID.remove("STANDIN")
    assert open_picture(file).to_array().tolist() == [[0, 255]]


def test_orientation_of_jpeg_xl(registry, monkeypatch):
    """The decoder of the plugin turns the pixels. The orientation in EXIF is valid only for a recompressed JPEG."""
    exif = Image.Exif()
    exif[274] = 6

    for recompressed in (False, True):

        class Turned(Negative):
            format = "JXL"
            jpeg = recompressed

            def _open(self):
                super()._open()
                self.info["exif"] = exif.tobytes()

        Image.register_open("JXL", Turned, lambda prefix: prefix.startswith(b"NEGATIVE"))
        with opened(b"NEGATIVE\2\1\xff\0") as image:
            assert orientation_of(image) == (6 if recompressed else 1)
        picture = open_picture(b"NEGATIVE\2\1\xff\0", keep_metadata=False)
        assert picture.to_array().shape == ((2, 1) if recompressed else (1, 2))
