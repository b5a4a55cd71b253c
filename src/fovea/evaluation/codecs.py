"""Codecs under test, by the names that a user gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fovea
from fovea import baselines
from fovea.baselines import Baseline, Codec, GuidedCodec, RoiCodec, RoiMap, recognized
from fovea.errors import BaselineError, FoveaError, ModelError
from fovea.evaluation.judge import detector, fingerprint
from fovea.store import SUFFIX

FOVEA_QUALITIES = (5.0, 20.0, 35.0, 50.0, 65.0, 80.0, 95.0)
FOVEA_RANGE = (0.0, 100.0)
ROI = "+roi"
"""Follows the name of a codec: ``hevc+roi`` takes the map from the labels, ``hevc+roi:R`` from what R sees."""


@dataclass(frozen=True)
class Contender:
    """A codec under test, and the qualities it is tested at."""

    spec: str
    name: str
    """For tables and curves."""
    version: str
    """Library and version, or id of the model."""
    qualities: tuple[float, ...]

    @property
    def identity(self) -> tuple[str, ...]:
        """What the bytes of its files depend on besides image and quality."""
        return (fovea.__version__, self.name, self.version)


def contender(spec: str, qualities: Sequence[float] | None = None) -> Contender:
    """Finds a codec.

    Args:
        spec: name of an installed Fovea model, path of a model file, or a codec of :mod:`fovea.baselines`;
            each with ``+roi`` or ``+roi:RECOGNIZER`` behind it where a map of the objects goes to the encoder, or
            the image is smoothed outside them first.
        qualities: to test it at; by default those that span its useful range.

    Returns:
        The codec under test.

    Raises:
        BaselineError: it cannot run here, or has no such quality.
        ModelError: it is neither a codec nor a model.
    """
    base, roi, seen_by = spec.partition(ROI)
    codec = _open(base)
    if isinstance(codec, Baseline):
        name, version = codec.name, codec.version()
        usual, (low, high) = codec.default_qualities, codec.quality_range
    else:
        name = Path(base).stem if base.endswith(SUFFIX) else base
        version = f"model {codec.model.id.hex()}"
        usual, (low, high) = FOVEA_QUALITIES, FOVEA_RANGE
    if roi:
        by = seen_by.removeprefix(":")
        if seen_by == ":":
            raise BaselineError(f"{spec} names no recognizer: write one behind the colon, or leave out the colon")
        if by:
            detector(by)  # refuses what gives no objects
        name += ROI + (f":{Path(by).stem}" if by else "")
        version += ", told" if _takes_map(codec) else ", smoothed outside"
        version += f" the region of interest from {f'recognizer {fingerprint(by)[:12]}' if by else 'the labels'}"
    chosen = tuple(sorted({float(quality) for quality in qualities or usual}))
    if wrong := [quality for quality in chosen if not low <= quality <= high]:
        raise BaselineError(f"{spec} has qualities {low:g} to {high:g}, not {wrong[0]:g}")
    return Contender(spec, name, version, chosen)


def contenders(
    specs: Sequence[str], qualities: Mapping[str, Sequence[float]]
) -> tuple[tuple[Contender, ...], dict[str, str]]:
    """Finds codecs, and leaves out those that cannot run here.

    Args:
        specs: as for :func:`contender`.
        qualities: by spec; under the empty name those of all others.

    Returns:
        The codecs under test, and the reason for each that is left out, by spec.

    Raises:
        FoveaError: an unknown codec, a quality out of range, a name twice, or none that can run.
    """
    if strange := set(qualities) - {"", *specs}:
        raise FoveaError(f"qualities are given for {', '.join(sorted(strange))}, which is not among the codecs")
    found, skipped = [], {}
    for spec in specs:
        codec = _open(spec.partition(ROI)[0])
        if isinstance(codec, Baseline) and (reason := codec.available()):
            skipped[spec] = reason
        else:
            found.append(contender(spec, qualities.get(spec, qualities.get(""))))
    names = [one.name for one in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FoveaError(f"two codecs are called {twice.pop()}: name each once, and each model file differently")
    if not found:
        raise BaselineError("no codec can run: " + ("; ".join(skipped.values()) or "name at least one"))
    return tuple(found), skipped


def codec_for(spec: str, objects: NDArray[np.bool_]) -> Codec:
    """Opens a codec for one image.

    Args:
        spec: as for :func:`contender`.
        objects: [H, W], True on the labeled objects of that image.

    Returns:
        The codec, single-threaded.
    """
    base, roi, seen_by = spec.partition(ROI)
    codec = _open(base)
    if not roi:
        return codec  # type: ignore[no-any-return]
    find: RoiMap = recognized(detector(seen_by[1:])) if seen_by else lambda _: objects
    return GuidedCodec(codec, find) if _takes_map(codec) else RoiCodec(codec, find)


def _takes_map(codec: Any) -> bool:
    return isinstance(codec, fovea.Codec) and codec.takes_map


@cache
def _open(spec: str) -> Any:
    if spec.partition(":")[0] in (*baselines.names(), "compressai"):
        return baselines.get(spec)
    try:
        return fovea.Codec(spec, threads=1)
    except ModelError as error:
        raise ModelError(f"{error}. Other codecs: {', '.join(baselines.names())}") from error
