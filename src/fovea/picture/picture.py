"""The picture that the codec takes and gives."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.bitstream import MAX_PIXELS, MAX_SIDE, Metadata, Mode
from fovea.errors import FoveaError, ImageError
from fovea.picture.arrays import as_array, to_eight_bits
from fovea.picture.color import srgb_transform
from fovea.picture.metadata import image_info, metadata_of, orientation_of
from fovea.picture.pixels import mode_of, pixels_of
from fovea.picture.reading import load, raise_if_out_of_memory, reason_of

_CHANNELS: dict[int, Mode] = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels with all that belongs to them.

    Args:
        pixels: uint8 [H, W, 3], RGB; the three are equal where ``mode`` is gray.
        mode: The channels that the picture had and gets back.
        alpha: uint8 [H, W] where ``mode`` has alpha, else None.
        metadata: EXIF, ICC and XMP.

    Raises:
        ImageError: Shapes or types are not these, or the picture is empty or too large.

    Example:
        >>> picture = Picture.from_image(Image.new("LA", (4, 2), (10, 255)))
        >>> picture.mode, picture.pixels.shape, picture.to_array().shape
        ('LA', (2, 4, 3), (2, 4, 2))
    """

    pixels: NDArray[np.uint8]
    mode: Mode = "RGB"
    alpha: NDArray[np.uint8] | None = None
    metadata: Metadata = field(default_factory=Metadata)

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ImageError(f"pixels are {_shown(self.pixels)}: expected uint8 [H, W, 3]")
        check_size(self.width, self.height)
        if self.mode not in _CHANNELS.values():
            raise ImageError(f"mode {self.mode!r} is none of {', '.join(_CHANNELS.values())}")
        if self.mode.endswith("A") != (self.alpha is not None):
            raise ImageError(f"mode {self.mode} and {'an' if self.alpha is not None else 'no'} alpha do not fit")
        if self.alpha is not None and (self.alpha.dtype != np.uint8 or self.alpha.shape != self.pixels.shape[:2]):
            raise ImageError(f"alpha is {_shown(self.alpha)}: expected uint8 [{self.height}, {self.width}]")

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @classmethod
    def from_image(cls, image: Image.Image, keep_metadata: bool = True) -> "Picture":
        """Take a Pillow image of any mode, the frame that it shows.

        Args:
            image: The image; it stays as it is.
            keep_metadata: Keep EXIF, ICC and XMP, with the pixels as stored. Otherwise turn the pixels
                upright and convert them to sRGB, so that the picture looks the same without.

        Returns:
            The picture.

        Raises:
            ImageError: The image is damaged, too large, of a mode or range that is not understood, or of a file that
                Pillow misreads.
            MemoryError: The picture does not fit into memory.
        """
        check_size(*image.size)
        try:
            loaded = load(image)
            profile = loaded.info.get("icc_profile") or b""
            transform = srgb_transform(profile) if loaded.mode == "CMYK" or not keep_metadata else None
            orientation = 1 if keep_metadata else orientation_of(loaded)
            pixels, alpha = pixels_of(loaded, transform, orientation)
            metadata = metadata_of(loaded) if keep_metadata else Metadata()
        except FoveaError:
            raise
        except Exception as error:  # Pillow's plugins let errors of every kind through.
            raise_if_out_of_memory(error)
            raise ImageError(f"the image cannot be decoded: {reason_of(error)}") from error
        return cls(pixels, mode_of(loaded), alpha, metadata)

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> "Picture":
        """Take an array.

        Args:
            array: [H, W] or [H, W, 1] gray, [H, W, 2] gray and alpha, [H, W, 3] RGB, [H, W, 4] RGB and alpha;
                uint8, uint16 (0..65535), bool, or floating point (0..1).

        Returns:
            The picture; an RGB array of uint8 is shared, not copied.

        Raises:
            ImageError: Another shape or type, floats outside 0..1, a picture that is empty or too large, or no array.
        """
        array = as_array(array)
        samples = array[..., np.newaxis] if array.ndim == 2 else array
        if samples.ndim != 3 or samples.shape[2] not in _CHANNELS:
            raise ImageError(
                f"array is {_shown(array)}: expected [H, W] or [H, W, 1 to 4], channels last{_advice(array)}"
            )
        check_size(samples.shape[1], samples.shape[0])
        samples = to_eight_bits(samples)
        mode = _CHANNELS[samples.shape[2]]
        colors = samples[..., : len(mode.removesuffix("A"))]
        pixels = np.ascontiguousarray(np.broadcast_to(colors, (*colors.shape[:2], 3)))
        alpha = np.ascontiguousarray(samples[..., -1]) if mode.endswith("A") else None
        return cls(pixels, mode, alpha)

    def shown(self) -> "Picture":
        """The picture as viewers show it: turned upright and in sRGB, which then needs no metadata to say so."""
        return self if self.metadata == Metadata() else Picture.from_image(self.to_image(), keep_metadata=False)

    def to_image(self) -> Image.Image:
        """The picture as a Pillow image of its mode, with metadata in ``image.info``."""
        image = Image.fromarray(self.pixels)
        if self.mode in ("L", "LA"):
            image = image.convert("L")
        if self.alpha is not None:
            image.putalpha(Image.fromarray(self.alpha))
        image.info.update(image_info(self.metadata))
        return image

    def to_array(self) -> NDArray[np.uint8]:
        """The picture as uint8 [H, W] for mode L, else [H, W, channels]; shared, not copied, for mode RGB."""
        return self.pixels if self.mode == "RGB" else np.array(self.to_image())


def check_size(width: int, height: int) -> None:
    """Refuse an image that is empty or too large, before its pixels take memory.

    Raises:
        ImageError: It is.
    """
    if width < 1 or height < 1:
        raise ImageError(f"an image of {width}x{height} pixels has no content")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageError(
            f"an image of {width}x{height} pixels is too large: at most {MAX_SIDE} a side, {MAX_PIXELS} in all"
        )


def _advice(array: NDArray[Any]) -> str:
    if array.ndim == 4:
        return ", one image at a time"
    if array.ndim == 3 and array.shape[0] in _CHANNELS:
        return "; numpy.moveaxis(array, 0, -1) brings them there"
    return ""


def _shown(array: NDArray[Any]) -> str:
    return f"{array.dtype} {list(array.shape)}"
