"""VVC, encoded by VVenC in the FFmpeg program of imageio-ffmpeg, and decoded by PyAV."""

import re
import subprocess
from functools import cache

from fovea.baselines.baseline import Baseline, Pixels
from fovea.baselines.elementary_stream import decode_frame, drop_units, pad, to_frame
from fovea.errors import BaselineError

# FFmpeg gives VVenC a buffer of one byte per pixel, which is too small for the headers of smaller pictures.
MIN_SIDE = 64
DROPPED_UNITS = frozenset({20, 23, 24})  # access unit delimiter, supplemental information before and after


class Vvc(Baseline):
    """VVC (H.266) intra by VVenC, 10 bit, tuned for PSNR. ``quality`` is 63 - QP. The effort is VVenC's preset."""

    family = "vvc"
    efforts = ("faster", "fast", "medium", "slow", "slower")
    default_effort = "fast"
    quality_range = (0, 63)
    default_qualities = (13, 18, 22, 26, 30, 34, 38)

    def _version(self) -> str:
        return _find_vvenc()

    def _encode(self, image: Pixels, quality: float) -> bytes:
        padded, header = pad(image, MIN_SIDE)
        height, width = padded.shape[:2]
        raw = to_frame(padded, "yuv420p10le").to_ndarray().tobytes()
        # -v error: VVenC writes a longer log to the standard output, into the stream.
        # -qpa 0: the default is tuned for human eyes. IntraQPOffset=0: the frame gets exactly this QP.
        arguments = (
            f"-v error -f rawvideo -pix_fmt yuv420p10le -colorspace bt709 -s {width}x{height} -i - "
            f"-c:v libvvenc -preset {self.effort} -threads {self.threads} -g 1 -qpa 0 "
            f"-qp {63 - round(quality)} -vvenc-params IntraQPOffset=0:Range=full -f vvc -"
        )
        run = _ffmpeg(*arguments.split(), data=raw)
        if run.returncode != 0:
            raise BaselineError(f"{self.name}: FFmpeg failed: {run.stderr.decode(errors='replace').strip()}")
        return header + drop_units(run.stdout, lambda unit: unit[1] >> 3, DROPPED_UNITS)

    def _decode(self, data: bytes) -> Pixels:
        return decode_frame("vvc", data, self.threads)


def _ffmpeg(*arguments: str, data: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    import imageio_ffmpeg

    program = imageio_ffmpeg.get_ffmpeg_exe()
    return subprocess.run([program, "-hide_banner", *arguments], input=data, capture_output=True, check=False)


@cache
def _find_vvenc() -> str:
    try:
        import av
        import imageio_ffmpeg
    except ImportError as cause:
        raise BaselineError(f"vvc needs the package {cause.name}: pip install av imageio-ffmpeg") from cause
    if "vvc" not in av.codecs_available:
        raise BaselineError(f"vvc needs a PyAV that decodes it, {av.__version__} does not: take av 14 or later")
    try:
        program = imageio_ffmpeg.get_ffmpeg_version()
    except RuntimeError as cause:
        raise BaselineError(f"vvc needs FFmpeg: {cause}") from cause
    # VVenC writes its version only into the log of a running encoder.
    frame = ("-f", "lavfi", "-i", "color=size=64x64", "-frames:v", "1", "-c:v", "libvvenc", "-f", "null", "-")
    log = _ffmpeg("-v", "verbose", *frame).stderr.decode(errors="replace")
    match = re.search(r"libvvenc version: (\S+)", log)
    if match is None:
        raise BaselineError(f"vvc needs an FFmpeg with libvvenc, {program} has none: pip install imageio-ffmpeg==0.8.1")
    return f"VVenC {match[1]} (FFmpeg {program}, PyAV {av.__version__})"
