"""The codecs under test, and the specifications that name them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

import fovea
from fovea import baselines
from fovea.baselines import Baseline, Codec, GuidedCodec, RoiCodec, roi_from_recognizer
from fovea.errors import BaselineError, FoveaError, ModelError
from fovea.evaluation.recognizers import fingerprint, load_detector
from fovea.store import SUFFIX

FOVEA_QUALITIES = (5.0, 20.0, 35.0, 50.0, 65.0, 80.0, 95.0)
FOVEA_QUALITY_RANGE = (0.0, 100.0)
ROI_SUFFIX = "+roi"
"""What follows the name of a codec that is told a region of interest."""


@dataclass(frozen=True)
class CodecSpec:
    """The specification of a codec, as users write it.

    =============================  =====================================================================
    ``fovea-s``, ``my.fovea``      an installed model of Fovea, or the file of a model
    ``jpeg``, ``vvc:fast``         a codec of :mod:`fovea.baselines`, with an effort or without
    ``CODEC+roi``                  the same codec with a region of interest from the labels of each image
    ``CODEC+roi:RECOGNIZER``       the same codec with a region of interest from detections
    =============================  =====================================================================

    A codec whose encoder takes a map of the region of interest is given it. For any other codec the image is smoothed
    outside the region before it is encoded.

    Attributes:
        codec: name of the model or baseline, or path of the model.
        roi: whether there is a region of interest.
        recognizer: recognizer that detects the region of interest; "" where it comes from the labels.

    Example:
        >>> CodecSpec.parse("hevc:medium+roi:yolox.onnx")
        CodecSpec(codec='hevc:medium', roi=True, recognizer='yolox.onnx')
        >>> print(CodecSpec.parse("fovea-s"))
        fovea-s
    """

    codec: str
    roi: bool = False
    recognizer: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a specification.

        Raises:
            BaselineError: what follows ``+roi`` names no recognizer.
        """
        codec, roi, rest = text.partition(ROI_SUFFIX)
        colon, recognizer = rest[:1], rest[1:]
        if rest and (colon != ":" or not recognizer):
            forms = f"CODEC{ROI_SUFFIX} or CODEC{ROI_SUFFIX}:RECOGNIZER"
            raise BaselineError(f"{text} names no recognizer after {ROI_SUFFIX}: write {forms}")
        return cls(codec, bool(roi), recognizer)

    def __str__(self) -> str:
        return self.codec + ROI_SUFFIX * self.roi + f":{self.recognizer}" * bool(self.recognizer)

    @property
    def is_baseline(self) -> bool:
        """Whether the codec is one of :mod:`fovea.baselines`."""
        return baselines.is_baseline(self.codec)

    def open(self) -> Baseline | fovea.Codec:
        """Open the codec, without region of interest, for one thread.

        Raises:
            BaselineError: the baseline has no such effort.
            ModelError: there is neither a baseline nor a model of that name.
        """
        return _open(self.codec)

    def open_for(self, objects: NDArray[np.bool_]) -> Codec:
        """Open the codec for one image, with its region of interest.

        Args:
            objects: bool [H, W], True on the labeled objects of the image.

        Returns:
            The codec, for one thread.
        """
        codec = self.open()
        if not self.roi:
            return codec
        find = roi_from_recognizer(load_detector(self.recognizer)) if self.recognizer else lambda _: objects
        if isinstance(codec, fovea.Codec) and codec.takes_map:
            return GuidedCodec(codec, find)
        return RoiCodec(codec, find)

    @property
    def quality_range(self) -> tuple[float, float]:
        """The lowest and the highest quality of the codec."""
        codec = self.open()
        return codec.quality_range if isinstance(codec, Baseline) else FOVEA_QUALITY_RANGE


@dataclass(frozen=True)
class CodecUnderTest:
    """A codec under test.

    Attributes:
        spec: specification of the codec.
        name: name in tables and plots.
        version: library and version, or id of the model.
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
        BaselineError: it cannot run here, or has no such quality.
        ModelError: there is neither a baseline nor a model of that name.
        RecognizerError: the recognizer for the region of interest detects no objects.
    """
    codec = spec.open()
    if isinstance(codec, Baseline):
        name, version, usual = codec.name, codec.version(), codec.default_qualities
    else:
        name = Path(spec.codec).stem if spec.codec.endswith(SUFFIX) else spec.codec
        version, usual = f"model {codec.model.id.hex()}", FOVEA_QUALITIES
    if spec.roi:
        name += ROI_SUFFIX
        version += ", told" if isinstance(codec, fovea.Codec) and codec.takes_map else ", smoothed outside"
        version += " the region of interest from "
        if spec.recognizer:
            load_detector(spec.recognizer)
            name += f":{Path(spec.recognizer).stem}"
            version += f"recognizer {fingerprint(spec.recognizer)[:12]}"
        else:
            version += "the labels"
    chosen = tuple(sorted({float(quality) for quality in qualities or usual}))
    low, high = spec.quality_range
    if wrong := [quality for quality in chosen if not low <= quality <= high]:
        raise BaselineError(f"{spec} has qualities {low:g} to {high:g}, not {wrong[0]:g}")
    return CodecUnderTest(spec, name, version, chosen)


def find_codecs(
    texts: Sequence[str], qualities: Mapping[str, Sequence[float]]
) -> tuple[tuple[CodecUnderTest, ...], dict[str, str]]:
    """Find the codecs of several specifications; leave out those that cannot run here.

    Args:
        texts: specifications, as for :class:`CodecSpec`.
        qualities: qualities to test each at, by its specification; under "" those of all others.

    Returns:
        The codecs under test, and the reason why each other one cannot run, by its specification.

    Raises:
        FoveaError: a codec is unknown or named twice, a quality is out of range, or no codec can run.
    """
    if unknown := set(qualities) - {"", *texts}:
        raise FoveaError(f"qualities are given for {', '.join(sorted(unknown))}, which is not among the codecs")
    found, skipped = [], {}
    for text in texts:
        spec = CodecSpec.parse(text)
        codec = spec.open()
        if isinstance(codec, Baseline) and (reason := codec.available()):
            skipped[text] = reason
        else:
            found.append(find_codec(spec, qualities.get(text, qualities.get(""))))
    names = [codec.name for codec in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise FoveaError(f"two codecs are called {twice.pop()}: name each once, and give model files different names")
    if not found:
        raise BaselineError("no codec can run: " + ("; ".join(skipped.values()) or "name at least one"))
    return tuple(found), skipped


@cache
def _open(name: str) -> Baseline | fovea.Codec:
    if baselines.is_baseline(name):
        return baselines.get_baseline(name)
    try:
        return fovea.Codec(name, threads=1)
    except ModelError as error:
        hint = f"{error.reason}. Other codecs: {', '.join(baselines.baseline_names())}"
        raise ModelError(hint, path=error.path, entry=error.entry) from error
