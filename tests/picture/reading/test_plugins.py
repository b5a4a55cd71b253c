"""Formats that other packages teach Pillow."""

import types
from importlib.machinery import ModuleSpec

import pytest
from PIL import Image, ImageFile

from fovea.errors import ImageError
from fovea.picture import image_suffixes, open_picture


class Negative(ImageFile.ImageFile):
    """A format of gray pixels, black as 255: b"NEGATIVE", width and height in a byte each, the pixels."""

    format = "NEGATIVE"

    def _open(self):
        self._mode, self._size = "L", tuple(self.fp.read(10)[8:])
        self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), 10, ("L;I", 0, 1))]


@pytest.fixture
def registry(monkeypatch):
    """Pillow's formats, which are as they were after the test."""
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
    ("data", "says"),
    [
        (HEIC, "HEIC needs a plugin of Pillow: pip install pillow-heif"),
        (JPEG_XL, "JPEG XL needs a plugin of Pillow: pip install pillow-jxl-plugin"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30), "JPEG XL needs"),
    ],
)
def test_the_plugin_that_is_missing_is_named(data, says, monkeypatch, registry):
    monkeypatch.setattr("fovea.picture.reading.plugins.find_spec", lambda _name: None)
    with pytest.raises(ImageError, match=f"the input: {says}"):
        open_picture(data)
    assert not {".heic", ".jxl"} & set(image_suffixes())


@pytest.mark.parametrize(("module", "data"), [("pillow_heif", HEIC), ("pillow_jxl", JPEG_XL)])
def test_a_plugin_that_is_installed_is_used(module, data, monkeypatch, registry):
    """A stand-in: its files begin like those of the format, and have the size and pixels of NEGATIVE behind that."""

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
        if module == "pillow_jxl":  # which registers when it is imported
            register_opener()
        return types.SimpleNamespace(register_heif_opener=register_opener)

    monkeypatch.setattr("fovea.picture.reading.plugins.find_spec", find_spec)
    monkeypatch.setattr("fovea.picture.reading.plugins.import_module", import_module)
    file = data[:-2] + b"\2\1" + b"\xff\0"
    assert f".{module}" in image_suffixes()
    Image.OPEN.pop("STANDIN"), Image.ID.remove("STANDIN")
    assert open_picture(file).to_array().tolist() == [[0, 255]]


def test_orientation_of_jpeg_xl(registry, monkeypatch):
    """The plugin's decoder turns the pixels; what EXIF says then counts only for a JPEG that was packed."""
    exif = Image.Exif()
    exif[274] = 6

    for packed in (False, True):

        class Turned(Negative):
            format = "JXL"
            jpeg = packed

            def _open(self):
                super()._open()
                self.info["exif"] = exif.tobytes()

        Image.register_open("JXL", Turned, lambda prefix: prefix.startswith(b"NEGATIVE"))
        picture = open_picture(b"NEGATIVE\2\1\xff\0", keep_metadata=False)
        assert picture.to_array().shape == ((2, 1) if packed else (1, 2))
