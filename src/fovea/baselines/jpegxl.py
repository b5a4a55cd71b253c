"""JPEG XL by libjxl, in imagecodecs."""

import numpy as np

from fovea.baselines.baseline import Baseline, Pixels
from fovea.errors import BaselineError


class JpegXl(Baseline):
    """JPEG XL, as a bare codestream. The encoder is tuned for human eyes and cannot be tuned for PSNR.

    ``quality`` is that of cjxl: 90 is Butteraugli distance 1. The effort is that of libjxl, from 1, fast, to 9, slow.
    """

    family = "jxl"
    efforts = tuple("123456789")
    default_effort = "7"
    # At 100 libjxl codes without loss, which is another method.
    quality_range = (0, 99)
    default_qualities = (0, 8, 18, 32, 48, 65, 77)

    def _version(self) -> str:
        try:
            import imagecodecs
        except ImportError as cause:
            raise BaselineError("jxl needs the package imagecodecs: pip install imagecodecs") from cause
        if not imagecodecs.JPEGXL.available:
            raise BaselineError("jxl needs an imagecodecs with libjxl, this one has none")
        return f"{imagecodecs.jpegxl_version()} (imagecodecs {imagecodecs.__version__})"

    def _encode(self, image: Pixels, quality: float) -> bytes:
        import imagecodecs

        return bytes(
            imagecodecs.jpegxl_encode(
                image, distance=_distance(quality), effort=int(self.effort), numthreads=self.threads
            )
        )

    def _decode(self, data: bytes) -> Pixels:
        import imagecodecs

        return np.asarray(imagecodecs.jpegxl_decode(data, numthreads=self.threads))


def _distance(quality: float) -> float:
    """Return the Butteraugli distance of a quality, like ``JxlEncoderDistanceFromQuality`` of libjxl 0.8 and later.

    Example:
        >>> round(_distance(90), 6), round(_distance(0), 6)
        (1.0, 25.0)
    """
    if quality >= 30:
        return 0.1 + (100 - quality) * 0.09
    return 53 / 3000 * quality**2 - 23 / 20 * quality + 25
