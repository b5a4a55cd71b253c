"""The picture that the codec encodes and decodes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.bitstream import MAX_PIXELS, MAX_SIDE, Metadata, Mode
from fovea.errors import FoveaError, ImageError
from fovea.picture.arrays import as_array, to_eight_bits
from fovea.picture.blocks import metadata_bytes
from fovea.picture.color import srgb_transform
from fovea.picture.metadata import image_info, metadata_of, orientation_of
from fovea.picture.pixels import mode_of, pixels_of
from fovea.picture.reading import load, raise_if_out_of_memory, reason_of

_CHANNELS: dict[int, Mode] = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels with their alpha plane and metadata.

    Args:
        pixels: RGB pixels, uint8 [H, W, 3]. The three channels are equal if ``mode`` is gray.
        mode: channels of the original image, which the decoded image has, too.
        alpha: alpha plane, uint8 [H, W], if ``mode`` has one, otherwise None.
        metadata: EXIF, ICC and XMP metadata.

    Raises:
        ImageError: shapes or types are different, or the picture is empty or too large.

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
            raise ImageError(f"pixels are {_type_of(self.pixels)}: expected uint8 [H, W, 3]")
        check_size(self.width, self.height)
        if self.mode not in _CHANNELS.values():
            raise ImageError(f"mode {self.mode!r} is unknown: choose one of {', '.join(_CHANNELS.values())}")
        if self.mode.endswith("A") != (self.alpha is not None):
            raise ImageError(f"mode {self.mode} does not fit {'an' if self.alpha is not None else 'no'} alpha plane")
        if self.alpha is not None and (self.alpha.dtype != np.uint8 or self.alpha.shape != self.pixels.shape[:2]):
            raise ImageError(f"alpha is {_type_of(self.alpha)}: expected uint8 [{self.height}, {self.width}]")

    @property
    def width(self) -> int:
        """The width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """The height in pixels."""
        return int(self.pixels.shape[0])

    @classmethod
    def from_image(cls, image: Image.Image, keep_metadata: bool = True) -> "Picture":
        """Return the picture of a Pillow image of any mode. Of several frames, this is the current one.

        Args:
            image: image, which does not change.
            keep_metadata: whether to keep EXIF, ICC and XMP, and the pixels as stored. Otherwise the pixels are turned
                upright and converted to sRGB, so that the picture looks the same without metadata.

        Returns:
            The picture.

        Raises:
            ImageError: the image is damaged or too large, its mode or the range of its samples is not supported, or
                its file is one that Pillow misreads.
            MemoryError: the picture does not fit into memory.
        """
        check_size(*image.size)
        try:
            loaded = load(image)
            profile = loaded.info.get("icc_profile")
            transform = srgb_transform(metadata_bytes(profile)) if loaded.mode == "CMYK" or not keep_metadata else None
            orientation = 1 if keep_metadata else orientation_of(loaded)
            pixels, alpha = pixels_of(loaded, transform, orientation)
            metadata = metadata_of(loaded) if keep_metadata else Metadata()
        except FoveaError:
            raise
        except Exception as error:  # the plugins of Pillow raise errors of every kind
            raise_if_out_of_memory(error)
            raise ImageError(f"the image cannot be decoded: {reason_of(error)}") from error
        return cls(pixels, mode_of(loaded), alpha, metadata)

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> "Picture":
        """Return the picture of an array.

        Args:
            array: [H, W] or [H, W, 1] for gray, [H, W, 2] for gray and alpha, [H, W, 3] for RGB, [H, W, 4] for RGB and
                alpha; uint8 (0..255), uint16 (0..65535), bool, or floating point (0..1).

        Returns:
            The picture. It shares the memory of an RGB array of uint8.

        Raises:
            ImageError: the argument is not an array, its shape or type is another one, floating-point samples are
                outside 0..1, or the picture is empty or too large.
        """
        array = as_array(array)
        samples = array[..., np.newaxis] if array.ndim == 2 else array
        if samples.ndim != 3 or samples.shape[2] not in _CHANNELS:
            raise ImageError(
                f"array is {_type_of(array)}: expected [H, W] or [H, W, 1 to 4], channels last{_advice(array)}"
            )
        check_size(samples.shape[1], samples.shape[0])
        samples = to_eight_bits(samples)
        mode = _CHANNELS[samples.shape[2]]
        colors = samples[..., : len(mode.removesuffix("A"))]
        pixels = np.ascontiguousarray(np.broadcast_to(colors, (*colors.shape[:2], 3)))
        alpha = np.ascontiguousarray(samples[..., -1]) if mode.endswith("A") else None
        return cls(pixels, mode, alpha)

    def shown(self) -> "Picture":
        """Return the picture as viewers show it: upright, in sRGB, and without metadata."""
        return self if self.metadata == Metadata() else Picture.from_image(self.to_image(), keep_metadata=False)

    def to_image(self) -> Image.Image:
        """Return the picture as a Pillow image of its mode, with the metadata in ``image.info``."""
        image = Image.fromarray(self.pixels)
        if self.mode in ("L", "LA"):
            image = image.convert("L")
        if self.alpha is not None:
            image.putalpha(Image.fromarray(self.alpha))
        image.info.update(image_info(self.metadata))
        return image

    def to_array(self) -> NDArray[np.uint8]:
        """Return the picture as an array of uint8.

        Returns:
            [H, W] for mode L, otherwise [H, W, channels]. The array of mode RGB shares the memory of the picture.
        """
        return self.pixels if self.mode == "RGB" else np.array(self.to_image())

    def to_rgb(self) -> NDArray[np.uint8]:
        """Return the colors of the picture, whatever its mode.

        Returns:
            uint8 [H, W, 3]. The channels of a gray picture are equal, and alpha is left out. A colored picture shares
            the memory of the array.
        """
        return self.pixels if self.mode.startswith("RGB") else np.array(self.to_image().convert("RGB"))


def check_size(width: int, height: int) -> None:
    """Check the size of an image before its pixels take memory.

    Args:
        width: width in pixels.
        height: height in pixels.

    Raises:
        ImageError: the image is empty or too large.
    """
    if width < 1 or height < 1:
        raise ImageError(f"an image of {width}x{height} pixels is empty")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise ImageError(
            f"an image of {width}x{height} pixels is too large: at most {MAX_SIDE} per side and {MAX_PIXELS} in total"
        )


def _advice(array: NDArray[Any]) -> str:
    if array.ndim == 4:
        return "; give one image at a time"
    if array.ndim == 3 and array.shape[0] in _CHANNELS:
        return "; numpy.moveaxis(array, 0, -1) moves them"
    return ""


def _type_of(array: NDArray[Any]) -> str:
    return f"{array.dtype} {list(array.shape)}"
