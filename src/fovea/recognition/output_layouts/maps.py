"""Maps on a grid over the canvas, resized to the pixels of the image: masks and class maps."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fovea.recognition.preprocessing import Placement


def enlarge(
    plane: NDArray[np.float32], size: tuple[int, int], window: tuple[float, float, float, float]
) -> NDArray[np.float32]:
    """Resize a window of a plane bilinearly; the window may begin and end between pixels.

    Args:
        plane: float32 [h, w].
        size: height and width of the result.
        window: x1, y1, x2, y2 in pixels of the plane.

    Returns:
        float32 [height, width].
    """
    height, width = size
    source = Image.fromarray(plane)
    return np.asarray(source.resize((width, height), Image.Resampling.BILINEAR, box=window))


def window_on(
    placed: Placement, canvas: tuple[int, int], grid: tuple[int, int], part: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """Return where a part of the image lies on a map of the canvas.

    Args:
        placed: how the image lies on the canvas.
        canvas: height and width of the canvas.
        grid: height and width of the map, which covers the whole canvas.
        part: x1, y1, x2, y2 in image pixels.

    Returns:
        x1, y1, x2, y2 in pixels of the map.
    """
    down, across = grid[0] / canvas[0], grid[1] / canvas[1]
    (top, left), (tall, wide) = placed.offset, placed.scale
    x1, x2 = ((left + x * wide) * across for x in (part[0], part[2]))
    y1, y2 = ((top + y * tall) * down for y in (part[1], part[3]))
    # A fitted image is rounded to whole pixels, so its far edge can end a hair outside the canvas.
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(grid[1])), min(y2, float(grid[0]))


def prototype_masks(
    coefficients: NDArray[np.float32],
    prototypes: NDArray[np.float32],
    boxes: NDArray[np.float32],
    placed: Placement,
    canvas: tuple[int, int],
) -> NDArray[np.bool_]:
    """Draw instance masks from shared prototypes, as YOLACT and the YOLO segmenters do.

    Bolya et al., YOLACT: Real-Time Instance Segmentation, ICCV 2019. The logits are resized, not the binary mask, and
    only inside each box: outside its box a mask is empty.

    Args:
        coefficients: [N, M] mask coefficients of each detection.
        prototypes: [M, h, w] on a grid over the canvas.
        boxes: [N, 4] corners in image pixels, inside the image.
        placed: how the image lies on the canvas.
        canvas: height and width of the canvas.

    Returns:
        bool [N, H, W], masks at the size of the image.
    """
    return masks_on_canvas(np.tensordot(coefficients, prototypes, axes=1), 0, boxes, placed, canvas)


def masks_on_canvas(
    planes: NDArray[np.float32],
    threshold: float,
    boxes: NDArray[np.float32],
    placed: Placement,
    canvas: tuple[int, int],
) -> NDArray[np.bool_]:
    """Draw instance masks from planes that cover the whole canvas.

    Args:
        planes: [N, h, w] on a grid over the canvas.
        threshold: value above which a pixel belongs to the mask.
        boxes: [N, 4] corners in image pixels, inside the image. Outside its box a mask is empty.
        placed: how the image lies on the canvas.
        canvas: height and width of the canvas.

    Returns:
        bool [N, H, W], masks at the size of the image.
    """
    masks = np.zeros((len(boxes), *placed.image_size), dtype=np.bool_)
    for mask, plane, part in zip(masks, planes, _parts(boxes), strict=True):
        _draw(mask, part, plane, window_on(placed, canvas, (plane.shape[0], plane.shape[1]), part), threshold)
    return masks


def masks_in_boxes(
    planes: NDArray[np.float32],
    threshold: float,
    on_canvas: NDArray[np.float32],
    boxes: NDArray[np.float32],
    placed: Placement,
) -> NDArray[np.bool_]:
    """Draw instance masks from planes that cover one box each, as the head of Mask R-CNN gives them.

    He et al., Mask R-CNN, ICCV 2017.

    Args:
        planes: [N, h, w] on a grid over each box.
        threshold: value above which a pixel belongs to the mask.
        on_canvas: [N, 4] corners of the boxes in canvas pixels. They may reach beyond the image.
        boxes: [N, 4] corners in image pixels, inside the image.
        placed: how the image lies on the canvas.

    Returns:
        bool [N, H, W], masks at the size of the image.
    """
    masks = np.zeros((len(boxes), *placed.image_size), dtype=np.bool_)
    (down, across), (top, left) = placed.scale, placed.offset
    for mask, plane, box, part in zip(masks, planes, on_canvas, _parts(boxes), strict=True):
        height, width = plane.shape
        size = np.maximum(box[2:] - box[:2], 1e-6)
        x1, x2 = ((x * across + left - box[0]) / size[0] * width for x in (part[0], part[2]))
        y1, y2 = ((y * down + top - box[1]) / size[1] * height for y in (part[1], part[3]))
        # A side of a part is rounded to whole pixels, so it may lie a little outside the box.
        window = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
        if window[0] < window[2] and window[1] < window[3]:
            _draw(mask, part, plane, window, threshold)
    return masks


def _parts(boxes: NDArray[np.float32]) -> list[tuple[int, int, int, int]]:
    """Return the pixels of boxes: a pixel is inside when its center is, which is the same as rounding the sides."""
    return [(left, top, right, bottom) for left, top, right, bottom in np.rint(boxes).astype(int).tolist()]


def _draw(
    mask: NDArray[np.bool_],
    part: tuple[int, int, int, int],
    plane: NDArray[np.float32],
    window: tuple[float, float, float, float],
    threshold: float,
) -> None:
    """Draw a window of a plane into a part of a mask. The values are resized, not the binary mask."""
    left, top, right, bottom = part
    if right > left and bottom > top:
        mask[top:bottom, left:right] = enlarge(plane, (bottom - top, right - left), window) > threshold


def class_map(scores: NDArray[np.float32], placed: Placement, canvas: tuple[int, int]) -> NDArray[np.int64]:
    """Return for each pixel of the image the class with the highest score.

    Args:
        scores: [C, h, w] on a grid over the canvas.
        placed: how the image lies on the canvas.
        canvas: height and width of the canvas.

    Returns:
        [H, W] class indices.
    """
    height, width = placed.image_size
    window = window_on(placed, canvas, scores.shape[1:3], (0, 0, width, height))
    best = np.full((height, width), -np.inf, np.float32)
    chosen = np.zeros((height, width), np.int64)
    for number, plane in enumerate(scores):  # one class at a time: all classes of a large image would fill the memory
        value = enlarge(plane, (height, width), window)
        better = value > best
        best[better], chosen[better] = value[better], number
    return chosen


def label_map(labels: NDArray[np.integer], placed: Placement, canvas: tuple[int, int]) -> NDArray[np.int64]:
    """Resize labels that the network chose itself to the pixels of the image.

    Args:
        labels: [h, w] class indices on a grid over the canvas.
        placed: how the image lies on the canvas.
        canvas: height and width of the canvas.

    Returns:
        [H, W] class indices, each from the nearest cell.
    """
    height, width = placed.image_size
    x1, y1, x2, y2 = window_on(placed, canvas, labels.shape, (0, 0, width, height))
    rows = (y1 + (np.arange(height) + 0.5) * (y2 - y1) / height).astype(np.int64)
    columns = (x1 + (np.arange(width) + 0.5) * (x2 - x1) / width).astype(np.int64)
    return labels[np.ix_(rows, columns)].astype(np.int64)
