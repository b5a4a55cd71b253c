"""AVC by x264 and HEVC by x265, both in PyAV."""

import re
from abc import abstractmethod
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from fovea.baselines.baseline import Baseline, Pixels
from fovea.baselines.elementary_stream import decode_frame, drop_units, pad, to_frame
from fovea.errors import BaselineError

if TYPE_CHECKING:
    from av import VideoCodecContext

PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
MIN_SIDE = 16


class _PyavCodec(Baseline):
    efforts = PRESETS
    default_effort = "medium"

    encoder: ClassVar[str]
    decoder: ClassVar[str]
    pixel_format: ClassVar[str]
    dropped_units: ClassVar[frozenset[int]]
    """Types of the NAL units that are left out: supplemental information and access unit delimiters."""

    def _version(self) -> str:
        try:
            import av
        except ImportError as cause:
            raise BaselineError(f"{self.family} needs the package av: pip install av") from cause
        if missing := {self.encoder, self.decoder} - av.codecs_available:
            raise BaselineError(f"{self.family} needs a PyAV with {', '.join(missing)}, this one has none")
        return f"{_library(type(self))} (PyAV {av.__version__})"

    @abstractmethod
    def _options(self, qp: int) -> dict[str, str]:
        """Return the options of the encoder for a quantization parameter."""

    @staticmethod
    @abstractmethod
    def _unit_type(unit: bytes) -> int:
        """Return the type of a NAL unit, given without start code."""

    def stream(self, image: Pixels, qp: int) -> bytes:
        """Encode an image of even sides, and return all that the library writes.

        Args:
            image: uint8 [H, W, 3].
            qp: quantization parameter.
        """
        from av import CodecContext

        frame = to_frame(image, self.pixel_format)
        context = cast("VideoCodecContext", CodecContext.create(self.encoder, "w"))
        context.width, context.height, context.pix_fmt = frame.width, frame.height, self.pixel_format
        context.time_base, context.gop_size = Fraction(1, 25), 1
        context.color_range, context.colorspace = frame.color_range, frame.colorspace
        context.thread_count = self.threads
        context.options = self._options(qp)
        return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])

    def _encode(self, image: Pixels, quality: float) -> bytes:
        padded, header = pad(image, MIN_SIDE)
        return header + drop_units(self.stream(padded, 51 - round(quality)), self._unit_type, self.dropped_units)

    def _decode(self, data: bytes) -> Pixels:
        return decode_frame(self.decoder, data, self.threads)


class Avc(_PyavCodec):
    """AVC (H.264) intra by x264, 8 bit, tuned for PSNR. ``quality`` is 51 - QP. The effort is x264's preset."""

    family = "avc"
    encoder, decoder, pixel_format = "libx264", "h264", "yuv420p"
    dropped_units = frozenset({6, 9})
    # QP 0 is lossless; many decoders cannot decode it.
    quality_range = (0, 50)
    default_qualities = (0, 4, 8, 12, 16, 20, 24)

    def _options(self, qp: int) -> dict[str, str]:
        # ipratio=1: the only frame is an I frame and gets exactly this QP.
        # Slices would allow more threads, but cost bits.
        x264 = f"qp={qp}:ipratio=1:sliced-threads=0:log=-1"
        return {"preset": self.effort, "tune": "psnr", "x264-params": x264}

    @staticmethod
    def _unit_type(unit: bytes) -> int:
        return unit[0] & 31


class Hevc(_PyavCodec):
    """HEVC (H.265) intra by x265, 10 bit, tuned for PSNR. ``quality`` is 51 - QP. The effort is x265's preset."""

    family = "hevc"
    encoder, decoder, pixel_format = "libx265", "hevc", "yuv420p10le"
    dropped_units = frozenset({35, 39, 40})
    quality_range = (0, 51)
    default_qualities = (1, 5, 9, 13, 17, 21, 25)

    def _options(self, qp: int) -> dict[str, str]:
        # Wavefronts would allow more threads, but cost bits.
        x265 = f"qp={qp}:ipratio=1:pools={self.threads}:frame-threads=1:wpp=0:log-level=none"
        return {"preset": self.effort, "tune": "psnr", "x265-params": x265}

    @staticmethod
    def _unit_type(unit: bytes) -> int:
        return unit[0] >> 1 & 63


@cache
def _library(codec: type[_PyavCodec]) -> str:
    """Return name and version of the library, which it writes into its streams and nowhere else."""
    black = np.zeros((MIN_SIDE, MIN_SIDE, 3), np.uint8)
    stream = codec().stream(black, qp=40)
    match = re.search(rb"(x264) - (core \d+)|(x265) \((build \d+)\) - [\w.+-]+", stream)
    if match is None:
        return f"{codec.encoder} of unknown version"
    return match[0].decode().replace(" - ", " ")
