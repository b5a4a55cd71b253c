"""Codecs by name."""

from fovea.baselines.avc_hevc import Avc, Hevc
from fovea.baselines.baseline import Baseline
from fovea.baselines.compressai_models import CompressAi
from fovea.baselines.jpegxl import JpegXl
from fovea.baselines.mozjpeg import MozJpeg
from fovea.baselines.pillow_codecs import Avif, Jpeg, Jpeg2000, WebP
from fovea.baselines.vvc import Vvc
from fovea.errors import BaselineError

_FAMILIES: dict[str, type[Baseline]] = {
    codec.family: codec for codec in (Jpeg, MozJpeg, Jpeg2000, WebP, Avif, JpegXl, Avc, Hevc, Vvc)
}


def names() -> tuple[str, ...]:
    """Names of all codecs that need no weights, whether or not they can run here; see ``Baseline.available``.

    Example:
        >>> names()
        ('jpeg', 'mozjpeg', 'jpeg2000', 'webp', 'avif', 'jxl', 'avc', 'hevc', 'vvc')
    """
    return tuple(_FAMILIES)


def get(spec: str, *, threads: int = 1) -> Baseline:
    """Makes a codec from its spec.

    Args:
        spec: ``name``, ``name:effort``, or ``compressai:architecture:weights file``.
        threads: threads one image may use.

    Returns:
        The codec. It may be unable to run: ask its ``available()``.

    Raises:
        BaselineError: unknown name or effort.

    Example:
        >>> get("vvc").name, get("avif:8").name, get("jpeg").name
        ('vvc:fast', 'avif:8', 'jpeg')
    """
    family, _, detail = spec.partition(":")
    if family == CompressAi.family:
        return CompressAi(detail, threads=threads)
    if family not in _FAMILIES:
        known = ", ".join([*names(), "compressai:architecture:weights"])
        raise BaselineError(f"there is no codec {family!r}; known are: {known}")
    if spec.endswith(":"):
        raise BaselineError(f"{spec!r} names no effort after the colon")
    return _FAMILIES[family](detail, threads=threads)
