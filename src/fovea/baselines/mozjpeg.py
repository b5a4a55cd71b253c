"""MozJPEG by its command ``cjpeg``, because no Python package contains its encoder."""

import re
import shutil
import subprocess
from functools import cache

from fovea.baselines.baseline import Baseline, Pixels
from fovea.baselines.pillow_codecs import read_image
from fovea.errors import BaselineError


class MozJpeg(Baseline):
    """Progressive JPEG with trellis quantization, 4:2:0, tuned for PSNR. ``quality`` is that of cjpeg.

    The files are decoded by Pillow, like any JPEG file.
    """

    family = "mozjpeg"
    quality_range = (1, 100)
    default_qualities = (5, 7, 10, 15, 23, 33, 48)

    def _version(self) -> str:
        return f"MozJPEG {_find_cjpeg()[1]}"

    def _encode(self, image: Pixels, quality: float) -> bytes:
        height, width = image.shape[:2]
        program, _ = _find_cjpeg()
        command = [program, "-quality", f"{quality:g}", "-sample", "2x2", "-tune-psnr"]
        bitmap = b"P6 %d %d 255\n" % (width, height) + image.tobytes()
        run = subprocess.run(command, input=bitmap, capture_output=True, check=False)
        if run.returncode != 0:
            raise BaselineError(f"{self.name}: {program} failed: {run.stderr.decode(errors='replace').strip()}")
        return run.stdout

    def _decode(self, data: bytes) -> Pixels:
        return read_image(data, "JPEG")


@cache
def _find_cjpeg() -> tuple[str, str]:
    """Return path and version of MozJPEG's cjpeg. libjpeg and libjpeg-turbo have a program of the same name."""
    program = shutil.which("cjpeg")
    if program is None:
        raise BaselineError("mozjpeg needs MozJPEG's program cjpeg on the PATH, there is none")
    run = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    match = re.search(r"mozjpeg version (\S+)", run.stdout + run.stderr)
    if match is None:
        raise BaselineError(f"mozjpeg needs MozJPEG's program cjpeg on the PATH, but {program} is another program")
    return program, match[1]
