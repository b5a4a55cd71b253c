"""The baselines by name. A new one is a subclass of :class:`Baseline` in a module beside this, named here."""

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


def baseline_names() -> tuple[str, ...]:
    """Return the names of all codecs that need no weights.

    Not all of them may be able to run here; see :meth:`Baseline.available`.

    Example:
        >>> baseline_names()
        ('jpeg', 'mozjpeg', 'jpeg2000', 'webp', 'avif', 'jxl', 'avc', 'hevc', 'vvc')
    """
    return tuple(_FAMILIES)


def is_baseline(spec: str) -> bool:
    """Return whether a specification begins with the name of a baseline.

    Example:
        >>> is_baseline("vvc:fast"), is_baseline("fovea-s")
        (True, False)
    """
    return spec.partition(":")[0] in (*_FAMILIES, CompressAi.family)


def get_baseline(spec: str, *, threads: int = 1) -> Baseline:
    """Return the codec of a specification.

    Args:
        spec: ``name``, ``name:effort``, or ``compressai:architecture:weights file``.
        threads: number of threads that one image may use.

    Returns:
        The codec. It may be unable to run here: ask its ``available()``.

    Raises:
        BaselineError: the name or the effort is unknown.

    Example:
        >>> get_baseline("vvc").name, get_baseline("avif:8").name, get_baseline("jpeg").name
        ('vvc:fast', 'avif:8', 'jpeg')
    """
    family, _, detail = spec.partition(":")
    if family == CompressAi.family:
        return CompressAi(detail, threads=threads)
    if family not in _FAMILIES:
        known = ", ".join([*baseline_names(), "compressai:architecture:weights"])
        raise BaselineError(f"there is no codec {family!r}; known are: {known}")
    if spec.endswith(":"):
        raise BaselineError(f"{spec!r} names no effort after the colon")
    return _FAMILIES[family](detail, threads=threads)
