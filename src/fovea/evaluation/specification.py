"""The specifications that name codecs."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Self

import numpy as np
import PIL
from numpy.typing import NDArray

import fovea
from fovea import baselines
from fovea.baselines import (
    Baseline,
    Codec,
    CodedSize,
    ConfiguredCodec,
    GuidedCodec,
    ResizedCodec,
    RoiCodec,
    roi_from_recognizer,
)
from fovea.errors import BaselineError, ModelError
from fovea.evaluation.recognizers import load_detector
from fovea.spec import FULL_SCALE

FOVEA_QUALITY_RANGE = (0.0, 100.0)
SIZE_MARK = "@"
"""What stands between the name of a codec and the size at which it codes."""
BACKGROUND_MARK = "%"
"""What stands between the name of a model and the background that it is given."""
ROI_SUFFIX = "+roi"
"""What follows the name of a codec that is told a region of interest."""


@dataclass(frozen=True)
class CodecSpec:
    """The specification of a codec, as users write it.

    =============================  =====================================================================
    ``fovea-s``, ``my.fovea``      an installed model of Fovea, or the file of a model
    ``jpeg``, ``vvc:fast``         a codec of :mod:`fovea.baselines`, with an effort or without
    ``fovea-s@1``                  the same model at full size, where ``fovea-s`` chooses a size for each image
    ``my.fovea%20``                the same model with this background, where it has such a control
    ``CODEC@1/2``                  the same codec on images of half their width and height
    ``CODEC@960``                  the same codec on images whose longest side is at most 960 pixels
    ``CODEC+roi``                  the same codec with a region of interest from the labels of each image
    ``CODEC+roi:RECOGNIZER``       the same codec with a region of interest from detections
    =============================  =====================================================================

    A codec whose encoder takes a map of the region of interest is given it. For any other codec the image is smoothed
    outside the region before it is encoded. A model of Fovea shrinks images by itself where the size is a number of
    eighths. For any other codec the image is shrunk before it is encoded, and enlarged after it is decoded.

    Attributes:
        codec: name of the model or baseline, or path of the model.
        size: size at which images are coded; None for their own.
        roi: whether there is a region of interest.
        recognizer: recognizer that detects the region of interest; "" where it comes from the labels.
        background: background that a model is given, 0 to 100; None for what goes with the quality.

    Example:
        >>> spec = CodecSpec.parse("hevc:medium@3/4+roi:yolox.onnx")
        >>> print(spec.codec, spec.size, spec.roi, spec.recognizer)
        hevc:medium 3/4 True yolox.onnx
        >>> print(CodecSpec.parse("fovea-s"))
        fovea-s
    """

    codec: str
    size: CodedSize | None = None
    roi: bool = False
    recognizer: str = ""
    background: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a specification.

        A path may contain ``@`` and ``%``: only a number that ends the part before ``+roi`` is a size, and one that
        ends the part before the size is a background. The size 1 of a baseline is left out.

        Raises:
            BaselineError: the size is 0 or a fraction above 1, there is a size or a background but no codec, a
                conventional codec is given a background, or what follows ``+roi`` names no recognizer.
        """
        codec, roi, rest = text.partition(ROI_SUFFIX)
        colon, recognizer = rest[:1], rest[1:]
        if rest and (colon != ":" or not recognizer):
            forms = f"CODEC{ROI_SUFFIX} or CODEC{ROI_SUFFIX}:RECOGNIZER"
            raise BaselineError(f"{text} names no recognizer after {ROI_SUFFIX}: write {forms}")
        name, mark, number = codec.rpartition(SIZE_MARK)
        size: CodedSize | None = None
        if mark and CodedSize.is_size(number):
            if not name:
                raise BaselineError(f"{text} names no codec before {SIZE_MARK}: write CODEC{SIZE_MARK}{number}")
            try:
                size = CodedSize.parse(number)
            except BaselineError as error:
                raise BaselineError(error.reason, entry=text) from error
            codec = name
        codec, background = _split_background(codec, text)
        if size and size.value == 1 and baselines.is_baseline(codec):
            size = None
        return cls(codec, size, bool(roi), recognizer, background)

    def __str__(self) -> str:
        size = "" if self.size is None else f"{SIZE_MARK}{self.size}"
        background = "" if self.background is None else f"{BACKGROUND_MARK}{self.background}"
        return self.codec + background + size + ROI_SUFFIX * self.roi + f":{self.recognizer}" * bool(self.recognizer)

    @property
    def is_baseline(self) -> bool:
        """Whether the codec is one of :mod:`fovea.baselines`."""
        return baselines.is_baseline(self.codec)

    def open(self) -> Baseline | fovea.Codec:
        """Open the codec, without size and region of interest, for one thread.

        Raises:
            BaselineError: the baseline has no such effort.
            ModelError: there is neither a baseline nor a model of that name.
        """
        return _open(self.codec)

    def open_for(self, objects: NDArray[np.bool_]) -> Codec:
        """Open the codec for one image, with its size and its region of interest.

        Args:
            objects: bool [H, W], True on the labeled objects of the image.

        Returns:
            The codec, for one thread.
        """
        codec = self._open_at_size()
        if not self.roi:
            return codec
        find = roi_from_recognizer(load_detector(self.recognizer)) if self.recognizer else lambda _: objects
        if isinstance(codec, fovea.Codec | ConfiguredCodec | ResizedCodec) and self.takes_map:
            return GuidedCodec(codec, find)
        return RoiCodec(codec, find)

    @property
    def takes_map(self) -> bool:
        """Whether the encoder takes a map of the region of interest."""
        codec = self.open()
        return isinstance(codec, fovea.Codec) and codec.takes_map

    @property
    def quality_range(self) -> tuple[float, float]:
        """The lowest and the highest quality of the codec."""
        codec = self.open()
        return codec.quality_range if isinstance(codec, Baseline) else FOVEA_QUALITY_RANGE

    @property
    def only_qualities(self) -> tuple[float, ...]:
        """All qualities of a codec that has only some in its range; empty for a codec that has all."""
        codec = self.open()
        return codec.qualities if isinstance(codec, Baseline) else ()

    def has_quality(self, quality: float) -> bool:
        """Return whether the codec has a quality."""
        low, high = self.quality_range
        return low <= quality <= high and (not self.only_qualities or quality in self.only_qualities)

    @property
    def resizing(self) -> str:
        """What changes the size of the images, with its version; "" where the codec itself does it, or nothing."""
        return "" if self.size is None or self._scales_itself else f"Pillow {PIL.__version__}"

    @property
    def _scales_itself(self) -> bool:
        if self.size is None or self.is_baseline:
            return False
        return self.size.value <= 1 and (FULL_SCALE * self.size.value).denominator == 1

    def _open_at_size(self) -> Codec:
        codec = self.open()
        if not isinstance(codec, fovea.Codec):
            return codec if self.size is None else ResizedCodec(codec, self.size)
        codec.check_background(self.background)
        if self.size is None:
            return codec if self.background is None else ConfiguredCodec(codec, background=self.background)
        if self._scales_itself:
            return ConfiguredCodec(codec, self.size.value, self.background)
        # Not at a size that the model chooses.
        return ResizedCodec(ConfiguredCodec(codec, Fraction(1), self.background), self.size)


def _split_background(codec: str, text: str) -> tuple[str, int | None]:
    """Return the name of a codec, and the background that follows it in a specification."""
    name, mark, number = codec.rpartition(BACKGROUND_MARK)
    if not (mark and number.isdecimal()):
        return codec, None
    if not name:
        raise BaselineError(f"{text} names no model before {BACKGROUND_MARK}: write MODEL{BACKGROUND_MARK}{number}")
    if baselines.is_baseline(name):
        raise BaselineError(f"{text}: {name} has no control of the background")
    return name, int(number)


def close_codecs() -> None:
    """Forget the codecs that are open, so that a model file that has changed is read again."""
    _open.cache_clear()


@cache
def _open(name: str) -> Baseline | fovea.Codec:
    if baselines.is_baseline(name):
        return baselines.get_baseline(name)
    try:
        return fovea.Codec(name, threads=1)
    except ModelError as error:
        hint = f"{error.reason}. Other codecs: {', '.join(baselines.baseline_names())}"
        raise ModelError(hint, path=error.path, entry=error.entry) from error
