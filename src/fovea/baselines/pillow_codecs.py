"""JPEG, JPEG 2000, WebP and AVIF by the libraries in Pillow."""

import io
from typing import Any

import numpy as np
import PIL
from PIL import AvifImagePlugin, Image, features

from fovea.baselines.baseline import Baseline, Pixels
from fovea.errors import BaselineError


class _PillowCodec(Baseline):
    image_format: str
    feature: str
    linked_library: str

    def _version(self) -> str:
        if not features.check(self.feature):
            raise BaselineError(f"{self.family} needs a Pillow with {self.linked_library}, this one has none")
        return f"{self.linked_library} {features.version(self.feature)} (Pillow {PIL.__version__})"

    def _options(self, quality: float) -> dict[str, Any]:
        """Return the parameters of ``Image.save``."""
        return {"quality": round(quality)}

    def _encode(self, image: Pixels, quality: float) -> bytes:
        file = io.BytesIO()
        Image.fromarray(image).save(file, self.image_format, **self._options(quality))
        return file.getvalue()

    def _decode(self, data: bytes) -> Pixels:
        return read_image(data, self.image_format)


def read_image(data: bytes, image_format: str) -> Pixels:
    """Decode a file in memory of one format of Pillow; data of any other format is refused."""
    with Image.open(io.BytesIO(data), formats=[image_format]) as image:
        return np.asarray(image.convert("RGB"))


class Jpeg(_PillowCodec):
    """Baseline JPEG, 4:2:0, with optimized Huffman tables. ``quality`` is that of the IJG library."""

    family = "jpeg"
    image_format, feature, linked_library = "JPEG", "jpg", "libjpeg"
    quality_range = (1, 100)
    default_qualities = (5, 8, 12, 20, 30, 45, 65)

    def _version(self) -> str:
        if turbo := features.version("libjpeg_turbo"):
            return f"libjpeg-turbo {turbo} (Pillow {PIL.__version__})"
        return super()._version()

    def _options(self, quality: float) -> dict[str, Any]:
        return {"quality": round(quality), "optimize": True, "subsampling": "4:2:0"}


class Jpeg2000(_PillowCodec):
    """JPEG 2000 as a bare codestream, with the 9/7 wavelet and the color transform.

    ``quality`` is the PSNR to reach, in dB.
    """

    family = "jpeg2000"
    image_format, feature, linked_library = "JPEG2000", "jpg_2000", "OpenJPEG"
    quality_range = (15, 60)
    default_qualities = (20, 22, 24, 26, 28, 30, 33)

    def _options(self, quality: float) -> dict[str, Any]:
        # Without mct=1 red, green and blue are coded separately, which takes 60 % more bits.
        return {
            "quality_mode": "dB",
            "quality_layers": [quality],
            "irreversible": True,
            "mct": 1,
            "no_jp2": True,
        }


class WebP(_PillowCodec):
    """Lossy WebP. ``quality`` is that of libwebp. The effort is its method, from 0, fast, to 6, slow."""

    family = "webp"
    image_format, feature, linked_library = "WEBP", "webp", "libwebp"
    efforts = tuple("0123456")
    default_effort = "4"
    quality_range = (0, 100)
    default_qualities = (0, 2, 8, 20, 40, 60, 76)

    def _options(self, quality: float) -> dict[str, Any]:
        return {"quality": round(quality), "method": int(self.effort)}


class Avif(_PillowCodec):
    """AVIF by libaom, 4:2:0, tuned for PSNR.

    ``quality`` is that of libavif. The effort is its speed, from 0, slow, to 10, fast.
    """

    family = "avif"
    image_format, feature, linked_library = "AVIF", "avif", "libavif"
    efforts = tuple(str(speed) for speed in range(11))
    default_effort = "6"
    quality_range = (0, 100)
    default_qualities = (2, 8, 16, 26, 37, 48, 60)

    def _version(self) -> str:
        base = super()._version()
        aom = AvifImagePlugin.get_codec_version("aom")
        if aom is None:
            raise BaselineError("avif needs a Pillow whose libavif has the libaom encoder, this one has none")
        return f"libaom {aom}, {base}"

    def _options(self, quality: float) -> dict[str, Any]:
        return {
            "quality": round(quality),
            "speed": int(self.effort),
            "codec": "aom",
            "subsampling": "4:2:0",
            "advanced": {"tune": "psnr"},
            # Tiles would allow more threads, but cost bits.
            "autotiling": False,
            "max_threads": self.threads,
        }

    def _decode(self, data: bytes) -> Pixels:
        # Image.open has no parameter for the threads; Pillow has this global instead.
        AvifImagePlugin.DEFAULT_MAX_THREADS = self.threads
        return super()._decode(data)
