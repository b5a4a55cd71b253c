"""Find the codecs under test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import fovea
from fovea.baselines import Baseline
from fovea.coding import SIZE_RULE
from fovea.errors import BaselineError, FoveaError
from fovea.evaluation.recognizers import fingerprint, load_detector
from fovea.evaluation.specification import BACKGROUND_MARK, ROI_SUFFIX, SIZE_MARK, CodecSpec
from fovea.store import SUFFIX

BEST = "best"
"""What stands in place of a size in the name of a curve of the best size."""
FOVEA_QUALITIES = (5.0, 20.0, 35.0, 50.0, 65.0, 80.0, 95.0)


@dataclass(frozen=True)
class CodecUnderTest:
    """A codec under test.

    Attributes:
        spec: specification of the codec.
        name: name in tables and plots.
        version: library and version, or id of the model; with it whatever else decides what the files hold.
        qualities: qualities that the codec is tested at, in rising order.
    """

    spec: CodecSpec
    name: str
    version: str
    qualities: tuple[float, ...]

    @property
    def identity(self) -> tuple[str, ...]:
        """All that the coded files depend on besides image and quality."""
        return (fovea.__version__, self.name, self.version)


def find_codec(spec: CodecSpec, qualities: Sequence[float] | None = None) -> CodecUnderTest:
    """Find the codec of a specification.

    Args:
        spec: the specification.
        qualities: qualities to test it at; by default those that span its useful range.

    Returns:
        The codec under test.

    Raises:
        ArgumentError: it is given a background, and has no such control.
        BaselineError: it cannot run here, or has no such quality.
        ModelError: there is neither a baseline nor a model of that name.
        RecognizerError: the recognizer for the region of interest detects no objects.
    """
    codec = spec.open()
    if isinstance(codec, Baseline):
        version, usual = codec.version(), codec.default_qualities
    else:
        model = codec.model
        version, usual = f"model {model.id.hex()}, encoder {model.encoder_id.hex()}", FOVEA_QUALITIES
        if spec.size is None and codec.takes_map:
            version += f", at the size that it chooses by rule {SIZE_RULE}"
        codec.check_background(spec.background)
        version += "" if spec.background is None else f", background {spec.background}"
    if spec.size is not None:
        version += f", coded at {spec.size} of the size" if spec.size.value <= 1 else f", coded at {spec.size} pixels"
        version += f" by {spec.resizing}" if spec.resizing else ""
    if spec.roi:
        version += ", told" if spec.takes_map else ", smoothed outside"
        version += " the region of interest from "
        if spec.recognizer:
            load_detector(spec.recognizer)
            version += f"recognizer {fingerprint(spec.recognizer)[:12]}"
        else:
            version += "the labels"
    chosen = tuple(sorted({float(quality) for quality in qualities or usual}))
    if wrong := [quality for quality in chosen if not spec.has_quality(quality)]:
        low, high = spec.quality_range
        have = ", ".join(f"{quality:g}" for quality in spec.only_qualities) or f"{low:g} to {high:g}"
        raise BaselineError(f"{spec} has qualities {have}, not {wrong[0]:g}")
    return CodecUnderTest(spec, _name(spec), version, chosen)


def find_codecs(
    texts: Sequence[str], qualities: Mapping[str, Sequence[float]]
) -> tuple[tuple[CodecUnderTest, ...], dict[str, str]]:
    """Find the codecs of several specifications; leave out those that cannot run here.

    Args:
        texts: specifications, as for :class:`CodecSpec`.
        qualities: qualities to test each at, by its specification, with its size or without; under "" those of all
            others.

    Returns:
        The codecs under test, and the reason why each other one cannot run, by its specification.

    Raises:
        FoveaError: a codec is unknown or named twice, a quality is out of range, or no codec can run.
    """
    specs = {text: CodecSpec.parse(text) for text in texts}
    at_any_size = {text: str(replace(spec, size=None)) for text, spec in specs.items()}
    if unknown := set(qualities) - {"", *texts, *at_any_size.values()}:
        raise FoveaError(f"qualities are given for {', '.join(sorted(unknown))}, which is not among the codecs")
    found, skipped = [], {}
    for text in texts:
        spec, codec = specs[text], specs[text].open()
        if isinstance(codec, Baseline) and (reason := codec.available()):
            skipped[text] = reason
        else:
            chosen = next((qualities[key] for key in (text, at_any_size[text], "") if key in qualities), None)
            found.append(find_codec(spec, chosen))
    names = [codec.name for codec in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FoveaError(f"two codecs are called {twice.pop()}: name each once, and give model files different names")
    if not found:
        raise BaselineError("no codec can run: " + ("; ".join(skipped.values()) or "name at least one"))
    return tuple(found), skipped


def best_sizes(codecs: Sequence[CodecUnderTest]) -> dict[str, tuple[str, ...]]:
    """Return the codecs that are tested at several sizes.

    Args:
        codecs: the codecs under test.

    Returns:
        The names of a codec at all its sizes, by its name with ``@best`` in place of the size.

    Example:
        >>> best_sizes([find_codec(CodecSpec.parse(text)) for text in ("jpeg", "webp", "jpeg@1/2")])
        {'jpeg@best': ('jpeg', 'jpeg@1/2')}
    """
    sizes: dict[str, list[str]] = {}
    for codec in codecs:
        sizes.setdefault(_name(codec.spec, BEST), []).append(codec.name)
    return {best: tuple(names) for best, names in sizes.items() if len(names) > 1}


def find_anchor(codecs: Sequence[CodecUnderTest], anchor: str | None) -> str:
    """Return the name of the codec, or of the best size of a codec, to compare with.

    Args:
        codecs: the codecs under test.
        anchor: specification or name of a codec, or its name at its best size; None for the first codec.

    Raises:
        FoveaError: the anchor is not among the codecs.
    """
    if anchor is None:
        return codecs[0].name
    names = {text: codec.name for codec in codecs for text in (str(codec.spec), codec.name)}
    for best, sizes in best_sizes(codecs).items():
        specs = [replace(codec.spec, size=None) for codec in codecs if codec.name in sizes]
        texts = [str(replace(spec, codec=f"{spec.codec}{SIZE_MARK}{BEST}")) for spec in specs]
        names |= dict.fromkeys([*texts, best], best)
    if name := names.get(anchor, names.get(str(CodecSpec.parse(anchor)))):
        return name
    known = ", ".join(dict.fromkeys(names.values()))
    raise FoveaError(f"the anchor {anchor} is not among the codecs that run: {known}")


def _name(spec: CodecSpec, size: object = "") -> str:
    """Return the name of a codec in tables and plots.

    Args:
        spec: specification of the codec.
        size: what is named in place of the size of the specification.
    """
    codec = spec.open()
    if isinstance(codec, Baseline):
        name = codec.name
    else:
        name = Path(spec.codec).stem if spec.codec.endswith(SUFFIX) else spec.codec
    if spec.background is not None:
        name += f"{BACKGROUND_MARK}{spec.background}"
    if size := size or spec.size:
        name += f"{SIZE_MARK}{size}"
    if spec.roi:
        name += ROI_SUFFIX
        if spec.recognizer:
            name += f":{Path(spec.recognizer).stem}"
    return name
