"""What all conventional codecs have in common."""

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol, final

import numpy as np
from numpy.typing import NDArray

from fovea.errors import BaselineError

Picture = NDArray[np.uint8]
"""An image: uint8 [H, W, 3], RGB."""


class Codec(Protocol):
    """Whatever turns an image into a file and back, at a quality."""

    @property
    def name(self) -> str:
        """Name in tables and curves."""

    def encode(self, image: Picture, quality: float) -> bytes:
        """Codes an image; a larger quality is never worse, and costs bits."""

    def decode(self, data: bytes) -> Picture:
        """Gives the image back."""


class Baseline(ABC):
    """A codec to compare with: image to the bytes of a real file, and back.

    A subclass maps ``quality`` to the parameter its library knows; its docstring says how. Libraries are
    imported when a codec runs, so a missing one harms nobody else; any failure of theirs becomes a
    ``BaselineError``.

    Args:
        effort: preset or speed of the encoder, one of ``efforts``; empty for ``default_effort``.
        threads: threads one image may use. The default of one serves best where many images run in parallel.
            More threads change no bit of a file, except with ``avif``, by a fraction of a percent.

    Raises:
        BaselineError: the codec has no such effort.
    """

    family: ClassVar[str]
    """First part of the name: ``jpeg``, ``hevc``."""
    efforts: ClassVar[tuple[str, ...]] = ()
    """All presets or speeds; empty where the codec has none."""
    default_effort: ClassVar[str] = ""

    quality_range: tuple[float, float]
    """Lowest and highest quality; larger is better for every codec."""
    default_qualities: tuple[float, ...]
    """Qualities for a curve, to 1.2 bits per pixel on photographs from 0.05 or the least the codec can do."""

    def __init__(self, effort: str = "", *, threads: int = 1) -> None:
        effort = effort or self.default_effort
        if effort and effort not in self.efforts:
            known = ", ".join(self.efforts) or "none"
            raise BaselineError(f"{self.family} has no effort {effort!r}; it has: {known}")
        self.effort = effort
        self.threads = threads

    @property
    def name(self) -> str:
        """Full spec, effort included: ``jpeg``, ``hevc:medium``."""
        return f"{self.family}:{self.effort}" if self.effort else self.family

    @final
    def version(self) -> str:
        """Library and version that code the images.

        Raises:
            BaselineError: the library is missing, or was built without this codec.
        """
        return self._version()

    @final
    def available(self) -> str | None:
        """None where the codec can run, else the reason why it cannot."""
        try:
            self.version()
        except BaselineError as reason:
            return str(reason)
        return None

    @final
    def encode(self, image: Picture, quality: float) -> bytes:
        """Codes an image.

        Args:
            image: uint8 [H, W, 3], RGB.
            quality: within ``quality_range``; rounded where the codec takes whole numbers only.

        Returns:
            The complete file.

        Raises:
            BaselineError: wrong image or quality, a missing library, or one that fails.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise BaselineError(f"{self.name} needs uint8 [H, W, 3], got {image.dtype} {list(image.shape)}")
        low, high = self.quality_range
        if not low <= quality <= high:
            raise BaselineError(f"{self.name} has qualities {low:g} to {high:g}, got {quality:g}")
        height, width = image.shape[:2]
        try:
            return self._encode(np.ascontiguousarray(image), quality)
        except BaselineError:
            raise
        except Exception as cause:  # libraries raise whatever they like
            task = f"encode {width}x{height} pixels at quality {quality:g}"
            raise BaselineError(f"{self.name} failed to {task}: {_say(cause)}") from cause

    @final
    def decode(self, data: bytes) -> Picture:
        """Decodes what ``encode`` made.

        Args:
            data: the complete file.

        Returns:
            uint8 [H, W, 3], RGB.

        Raises:
            BaselineError: damaged data, a missing library, or one that fails.
        """
        try:
            return np.ascontiguousarray(self._decode(data))
        except BaselineError:
            raise
        except Exception as cause:  # libraries raise whatever they like
            raise BaselineError(f"{self.name} failed to decode {len(data)} bytes: {_say(cause)}") from cause

    @abstractmethod
    def _version(self) -> str: ...

    @abstractmethod
    def _encode(self, image: Picture, quality: float) -> bytes: ...

    @abstractmethod
    def _decode(self, data: bytes) -> Picture: ...


def _say(cause: Exception) -> str:
    return f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
