"""What all codecs to compare with have in common."""

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol, final

import numpy as np
from numpy.typing import NDArray

from fovea.errors import BaselineError

Pixels = NDArray[np.uint8]
"""The pixels of an image: uint8 [H, W, 3], RGB."""


class Codec(Protocol):
    """Anything that encodes an image to the bytes of a file, at a quality, and decodes it."""

    @property
    def name(self) -> str:
        """The name in tables and plots."""

    def encode(self, image: Pixels, quality: float) -> bytes:
        """Encode an image, uint8 [H, W, 3]. A larger quality gives a smaller error for more bits."""

    def decode(self, data: bytes) -> Pixels:
        """Decode a file to uint8 [H, W, 3]."""


class Baseline(ABC):
    """A codec to compare with. It encodes an image to the bytes of a real file.

    A subclass maps ``quality`` to a parameter of its library; its docstring says how. A library is imported when its
    codec runs, so that a missing one does not affect the other codecs. Every failure of a library becomes a
    ``BaselineError``.

    Args:
        effort: preset or speed of the encoder, one of ``efforts``; "" for ``default_effort``.
        threads: number of threads that one image may use. One is best where many images are coded in parallel. More
            threads do not change the files, except those of ``avif``, by a fraction of a percent.

    Raises:
        BaselineError: the codec has no such effort.
    """

    family: ClassVar[str]
    """First part of the name, such as ``jpeg`` or ``hevc``."""
    efforts: ClassVar[tuple[str, ...]] = ()
    """All presets or speeds of the encoder; empty where it has none."""
    default_effort: ClassVar[str] = ""

    quality_range: tuple[float, float]
    """Lowest and highest quality. For every codec a larger quality means a smaller error."""
    qualities: tuple[float, ...] = ()
    """All qualities of a codec that has only some in its range; empty for a codec that has all."""
    default_qualities: tuple[float, ...]
    """Qualities for a curve from 0.05 bits per pixel on photographs, or the least that the codec can do, to 1.2."""

    def __init__(self, effort: str = "", *, threads: int = 1) -> None:
        effort = effort or self.default_effort
        if effort and effort not in self.efforts:
            known = ", ".join(self.efforts) or "none"
            raise BaselineError(f"{self.family} has no effort {effort!r}; it has: {known}")
        self.effort = effort
        self.threads = threads

    @property
    def name(self) -> str:
        """The specification with the effort, such as ``jpeg`` or ``hevc:medium``."""
        return f"{self.family}:{self.effort}" if self.effort else self.family

    @final
    def version(self) -> str:
        """Return the library that codes the images, with its version.

        Raises:
            BaselineError: the library is missing, or was built without this codec.
        """
        return self._version()

    @final
    def available(self) -> str | None:
        """Return None where the codec can run, and otherwise the reason why it cannot."""
        try:
            self.version()
        except BaselineError as reason:
            return str(reason)
        return None

    @final
    def encode(self, image: Pixels, quality: float) -> bytes:
        """Encode an image.

        Args:
            image: uint8 [H, W, 3], RGB.
            quality: a number within ``quality_range``, rounded where the codec takes whole numbers only.

        Returns:
            The complete file.

        Raises:
            BaselineError: image or quality is invalid, or the library is missing or fails.
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
        except Exception as cause:  # libraries raise errors of any kind
            task = f"encode {width}x{height} pixels at quality {quality:g}"
            raise BaselineError(f"{self.name} failed to {task}: {_describe(cause)}") from cause

    @final
    def decode(self, data: bytes) -> Pixels:
        """Decode a file of ``encode``.

        Args:
            data: the complete file.

        Returns:
            uint8 [H, W, 3], RGB.

        Raises:
            BaselineError: the data is damaged, or the library is missing or fails.
        """
        try:
            return np.ascontiguousarray(self._decode(data))
        except BaselineError:
            raise
        except Exception as cause:  # libraries raise errors of any kind
            raise BaselineError(f"{self.name} failed to decode {len(data)} bytes: {_describe(cause)}") from cause

    @abstractmethod
    def _version(self) -> str: ...

    @abstractmethod
    def _encode(self, image: Pixels, quality: float) -> bytes: ...

    @abstractmethod
    def _decode(self, data: bytes) -> Pixels: ...


def _describe(cause: Exception) -> str:
    return f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
