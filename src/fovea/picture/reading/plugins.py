"""Formats that other packages add to Pillow: HEIC and JPEG XL."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fovea.errors import ImageError


@dataclass(frozen=True)
class Plugin:
    """A package that adds a format to Pillow.

    Attributes:
        name: name of the format.
        package: name of the package that pip installs.
        module: name of the module that Python imports.
        register_function: name of the function of the module that registers the format; empty if the import does so.
        accepts: function that returns whether the first 16 bytes of a file belong to the format.
    """

    name: str
    package: str
    module: str
    register_function: str
    accepts: Callable[[bytes], bool]

    @property
    def installed(self) -> bool:
        """Whether the package is installed."""
        return find_spec(self.module) is not None

    def register(self) -> None:
        """Add the format to Pillow.

        Raises:
            ImageError: the package is not installed.
        """
        if not self.installed:
            raise ImageError(f"{self.name} needs a plugin of Pillow: pip install {self.package}")
        module: Any = import_module(self.module)
        if self.register_function:
            getattr(module, self.register_function)()


_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_PLUGINS = (
    Plugin(
        "HEIC",
        "pillow-heif",
        "pillow_heif",
        "register_heif_opener",
        lambda start: start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS,
    ),
    Plugin(
        "JPEG XL",
        "pillow-jxl-plugin",
        "pillow_jxl",
        "",
        lambda start: start.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")),
    ),
)


def plugin_for(start: bytes) -> Plugin | None:
    """Return the plugin for a file with these first 16 bytes, or None."""
    return next((plugin for plugin in _PLUGINS if plugin.accepts(start)), None)


def register_installed() -> None:
    """Add the formats of all installed plugins to Pillow."""
    for plugin in _PLUGINS:
        if plugin.installed:
            plugin.register()
