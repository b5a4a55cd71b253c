"""Drawing detections and class maps on images."""

import colorsys
from collections.abc import Sequence

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from fovea.baselines import Pixels


def draw_detections(pixels: Pixels, detections: sv.Detections, classes: Sequence[str]) -> Pixels:
    """Draw boxes, class names with scores, and masks where there are any.

    Args:
        pixels: uint8 [H, W, 3], RGB. The array is not changed.
        detections: detections on the image.
        classes: names of the recognizer's classes.

    Returns:
        uint8 [H, W, 3], RGB.
    """
    height, width = pixels.shape[:2]
    drawn = pixels.copy()
    if len(detections) == 0:
        return drawn
    if detections.mask is not None:
        drawn = sv.MaskAnnotator(opacity=0.4).annotate(drawn, detections)
    thickness = sv.calculate_optimal_line_thickness((width, height))
    drawn = sv.BoxAnnotator(thickness=thickness).annotate(drawn, detections)
    scale = sv.calculate_optimal_text_scale((width, height))
    labels = [f"{name} {100 * score:.0f}" for name, score, _ in list_detections(detections, classes)]
    drawn = sv.LabelAnnotator(text_scale=scale, text_padding=4, smart_position=True).annotate(
        drawn, detections, labels=labels
    )
    return np.asarray(drawn, dtype=np.uint8)


def list_detections(detections: sv.Detections, classes: Sequence[str]) -> list[tuple[str, float, list[float]]]:
    """List detections as class name, score and box [x1, y1, x2, y2] in pixels, best first.

    Args:
        detections: detections on an image, best first.
        classes: names of the recognizer's classes.
    """
    numbers = [] if detections.class_id is None else detections.class_id.tolist()
    scores = [] if detections.confidence is None else detections.confidence.tolist()
    boxes = detections.xyxy.tolist()
    return [(classes[number], score, box) for number, score, box in zip(numbers, scores, boxes, strict=True)]


def class_color(number: int) -> tuple[int, int, int]:
    """Return the color of a class as red, green and blue, 0 to 255 each. Neighbors in number differ much in hue.

    Args:
        number: index of the class.

    Example:
        >>> class_color(0), class_color(1)
        ((230, 80, 80), (80, 124, 230))
    """
    hue = number * 0.618034 % 1  # steps of the golden ratio spread any number of hues evenly
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.65, 0.9))
    return red, green, blue


def color_class_map(class_map: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Color a class map.

    Args:
        class_map: [H, W] class indices. Negative ones stay transparent.

    Returns:
        uint8 [H, W, 4], red, green, blue and alpha; alpha is 0 or 255.
    """
    numbers, places = np.unique(class_map, return_inverse=True)
    colors = [(*class_color(number), 255) if number >= 0 else (0, 0, 0, 0) for number in numbers.tolist()]
    return np.asarray(np.array(colors, np.uint8)[places.reshape(class_map.shape)])
