"""Formats that other packages teach Pillow: HEIC and JPEG XL."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fovea.errors import ImageError


@dataclass(frozen=True)
class Plugin:
    """A package that teaches Pillow a format.

    Attributes:
        name: of the format.
        package: as it is installed.
        module: as it is imported.
        registers: what registers the format after the import, by its name in the module; empty if the import does.
        starts: whether a file starts like one of the format.
    """

    name: str
    package: str
    module: str
    registers: str
    starts: Callable[[bytes], bool]

    @property
    def installed(self) -> bool:
        """Whether the package is there."""
        return find_spec(self.module) is not None

    def register(self) -> None:
        """Let Pillow know the format.

        Raises:
            ImageError: The package is not installed.
        """
        if not self.installed:
            raise ImageError(f"{self.name} needs a plugin of Pillow: pip install {self.package}")
        module: Any = import_module(self.module)
        if self.registers:
            getattr(module, self.registers)()


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


def of_file(start: bytes) -> Plugin | None:
    """The plugin for a file that begins with these 16 bytes, if one can help."""
    return next((plugin for plugin in _PLUGINS if plugin.starts(start)), None)


def register_installed() -> None:
    """Let Pillow know all formats that it can know here."""
    for plugin in _PLUGINS:
        if plugin.installed:
            plugin.register()
