"""Preprocessing: from an image to the input tensor of a network, and from canvas coordinates back to the image.

The canvas is the image as the network sees it: resized, and filled up where the aspect ratio is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt

from fovea.recognition.recognizer import Pixels


@dataclass(frozen=True)
class Placement:
    """Where an image lies on the canvas: canvas coordinate = image coordinate · scale + offset."""

    image_size: tuple[int, int]
    """Height and width of the image."""
    scale: tuple[float, float]
    """Vertical and horizontal scale, canvas pixels per image pixel."""
    offset: tuple[int, int]
    """Empty rows above and empty columns left of the image."""

    def undo(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Convert boxes from canvas to image pixels and clip them to the image.

        Args:
            boxes: [N, 4] corners x1, y1, x2, y2 in canvas pixels.

        Returns:
            [N, 4] corners in image pixels.

        Example:
            >>> placed = Placement(image_size=(100, 200), scale=(0.5, 0.5), offset=(25, 0))
            >>> placed.undo(np.array([[10.0, 30.0, 120.0, 70.0]])).tolist()
            [[20.0, 10.0, 200.0, 90.0]]
        """
        height, width = self.image_size
        (down, across), (top, left) = self.scale, self.offset
        moved = (boxes - np.array([left, top, left, top])) / np.array([across, down, across, down])
        clipped: NDArray[np.float32] = np.clip(moved, 0, [width, height, width, height]).astype(np.float32)
        return clipped


def resize(image: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize an image bilinearly from the four nearest pixels, as the training of most detectors does.

    Pillow's own ``resize`` widens its filter when it shrinks an image (antialiasing). Most detectors are trained on
    images that OpenCV shrinks without antialiasing, and an affine transform with a bilinear filter does the same.

    Args:
        image: uint8 [H, W, 3].
        size: height and width of the result.

    Returns:
        uint8 [height, width, 3].

    Example:
        >>> resize(np.full((10, 20, 3), 7, np.uint8), (5, 5)).shape
        (5, 5, 3)
    """
    height, width = size
    if image.shape[:2] == size:
        return image
    step = (image.shape[1] / width, 0.0, 0.0, 0.0, image.shape[0] / height, 0.0)
    resized = Image.fromarray(image).transform((width, height), Image.Transform.AFFINE, step, Image.Resampling.BILINEAR)
    return np.asarray(resized)


def stretch(image: Pixels, size: tuple[int, int]) -> tuple[Pixels, Placement]:
    """Resize an image to the canvas without keeping its aspect ratio.

    Args:
        image: uint8 [H, W, 3].
        size: height and width of the canvas.

    Returns:
        The canvas, uint8 [height, width, 3], and how the image lies on it.
    """
    height, width = image.shape[:2]
    return resize(image, size), Placement((height, width), (size[0] / height, size[1] / width), (0, 0))


def letterbox(
    image: Pixels, size: tuple[int, int], *, centered: bool = True, fill: int = 114
) -> tuple[Pixels, Placement]:
    """Resize an image to fit into the canvas, keeping its aspect ratio, and fill up the rest.

    Args:
        image: uint8 [H, W, 3].
        size: height and width of the canvas.
        centered: whether the image lies in the middle, or in the top left corner.
        fill: gray level around the image, 0 to 255.

    Returns:
        The canvas, uint8 [height, width, 3], and how the image lies on it.

    Example:
        >>> canvas, placed = letterbox(np.zeros((50, 100, 3), np.uint8), (64, 64))
        >>> placed.offset, int(canvas[0, 0, 0]), int(canvas[32, 0, 0])
        ((16, 0), 114, 0)
    """
    height, width = image.shape[:2]
    scale = min(size[0] / height, size[1] / width)
    fitted = (max(1, round(height * scale)), max(1, round(width * scale)))
    top, left = ((size[0] - fitted[0]) // 2, (size[1] - fitted[1]) // 2) if centered else (0, 0)
    canvas = np.full((*size, 3), fill, dtype=np.uint8)
    canvas[top : top + fitted[0], left : left + fitted[1]] = resize(image, fitted)
    return canvas, Placement((height, width), (scale, scale), (top, left))


def _square(value: object) -> object:
    return (value, value) if isinstance(value, int) else value


class Preprocessing(BaseModel):
    """How images are prepared for a network: the keys under ``feed`` in the YAML file of a model.

    The defaults are those of the YOLO family.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(_square)] | None = None
    """Height and width of the canvas, or one number for both; None: the size that the model declares."""
    resize: Literal["letterbox", "stretch"] = "letterbox"
    anchor: Literal["center", "top-left"] = "center"
    fill: Annotated[int, Field(ge=0, le=255)] = 114
    color: Literal["rgb", "bgr"] = "rgb"
    range: Literal["0..1", "0..255"] = "0..1"
    mean: tuple[float, float, float] | None = None
    """Subtracted from each channel, in units of ``range`` and in the order of ``color``."""
    std: tuple[float, float, float] | None = None
    """Divides each channel after ``mean``."""
    layout: Literal["nchw", "nhwc", "chw", "hwc"] = "nchw"
    """Order of the axes: the image of a batch, channels, rows, columns. Without n, the network takes one image."""
    inputs: dict[str, float | tuple[float, ...]] = {}
    """Values of all inputs other than the image, by name: those for one image, and the same for every image."""

    def place(self, image: Pixels, size: tuple[int, int]) -> tuple[Pixels, Placement]:
        """Place an image on the canvas of the network.

        Args:
            image: uint8 [H, W, 3], RGB.
            size: height and width of the canvas.

        Returns:
            The canvas and how the image lies on it.
        """
        if self.resize == "stretch":
            return stretch(image, size)
        return letterbox(image, size, centered=self.anchor == "center", fill=self.fill)

    def tensor(self, canvases: Sequence[Pixels]) -> NDArray[np.float32]:
        """Convert canvases to the input tensor of the network.

        Args:
            canvases: uint8 [H, W, 3] each, RGB, all of one size.

        Returns:
            float32 with the axes that ``layout`` names: [B, 3, H, W] for ``nchw``. Without n, only the first canvas.
        """
        values = np.stack(canvases).astype(np.float32)
        if self.color == "bgr":
            values = values[..., ::-1]
        if self.range == "0..1":
            values /= 255
        if self.mean is not None:
            values -= np.asarray(self.mean, np.float32)
        if self.std is not None:
            values /= np.asarray(self.std, np.float32)
        if self.layout.endswith("chw"):
            values = values.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(values if self.layout.startswith("n") else values[0])
