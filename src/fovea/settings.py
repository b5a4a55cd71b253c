"""The settings with which many images are encoded."""

from dataclasses import dataclass
from typing import Any

from fovea.arguments import AUTO_SCALE
from fovea.bitstream import DEFAULT_MAX_PIXELS
from fovea.codec import DEFAULT_MODEL, DEFAULT_QUALITY, Codec
from fovea.picture import Picture, RegionLike

_LARGEST_BPP = 1e9  # a limit that keeps the size of any picture a finite number


@dataclass(frozen=True)
class Settings:
    """How images are encoded. Processes and machines that share them write the same files.

    Attributes:
        model: name of a model, or path of a model file.
        quality: 0 (smallest file) to 100. A target takes its place.
        target_bpp: most bits per pixel of each file, above 0; None for none. At most one target is given.
        target_size: most bytes of each file; None for none.
        scale: size at which pictures are coded, as for :meth:`fovea.Codec.encode`.
        background: how much an error outside of objects counts, 0 to 100, for a model that has this control; None for
            what goes with the quality.
        encoder: further encoder of the model; None for its usual one.
        keep_metadata: whether EXIF, ICC profile and XMP are kept.
        max_pixels: largest number of pixels of a picture.
        engine: inference runtime.
        precision: precision of the networks.

    Example:
        >>> Settings(target_bpp=0.5).largest(pixels=48_000), Settings(quality=30).largest(pixels=48_000)
        (3000, None)
    """

    model: str = DEFAULT_MODEL
    quality: int = DEFAULT_QUALITY
    target_bpp: float | None = None
    target_size: int | None = None
    scale: str = AUTO_SCALE
    background: int | None = None
    encoder: str | None = None
    keep_metadata: bool = True
    max_pixels: int = DEFAULT_MAX_PIXELS
    engine: str = "onnxruntime"
    precision: str = "auto"

    def open_codec(self, threads: int, at_once: int) -> Codec:
        """Return a codec with these settings.

        Args:
            threads: number of threads for each image.
            at_once: number of images that are encoded at the same time.

        Raises:
            FoveaError: there is no such model, encoder, engine or precision, or the model has no control of the
                background and one is set.
        """
        codec = Codec(self.model, self.engine, self.precision, threads, at_once, encoder=self.encoder)
        codec.check_background(self.background)
        return codec

    def largest(self, pixels: int) -> int | None:
        """Return the most bytes that the file of a picture may have, or None if the quality is given."""
        if self.target_bpp is None:
            return self.target_size
        return int(min(self.target_bpp, _LARGEST_BPP) * pixels / 8)

    def encode(self, codec: Codec, picture: Picture, roi: RegionLike | None = None) -> bytes:
        """Return the ``.fov`` file of a picture.

        Args:
            codec: what :meth:`open_codec` returned.
            picture: picture to encode.
            roi: map of the region of interest, as for :meth:`fovea.Codec.encode`.

        Raises:
            FoveaError: the picture cannot be encoded, or no file is small enough.
        """
        options: dict[str, Any] = {"roi": roi, "scale": self.scale, "background": self.background}
        limit = self.largest(picture.width * picture.height)
        if limit is None:
            return codec.encode(picture, self.quality, **options)
        return codec.encode_to_size(picture, limit, **options)
