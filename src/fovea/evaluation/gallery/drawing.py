"""Draws on an image what a recognizer sees."""

import colorsys
from collections.abc import Sequence

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from fovea.recognition.recognizer import Picture


def draw(picture: Picture, found: sv.Detections, classes: Sequence[str]) -> Picture:
    """Draws boxes, class names with scores, and masks where there are any.

    Args:
        picture: uint8 [H, W, 3], RGB; it stays as it is.
        found: what a recognizer saw on it.
        classes: names of the recognizer's classes.

    Returns:
        uint8 [H, W, 3], RGB.
    """
    height, width = picture.shape[:2]
    drawn = picture.copy()
    if len(found) == 0:
        return drawn
    if found.mask is not None:
        drawn = sv.MaskAnnotator(opacity=0.4).annotate(drawn, found)
    drawn = sv.BoxAnnotator(thickness=sv.calculate_optimal_line_thickness((width, height))).annotate(drawn, found)
    scale = sv.calculate_optimal_text_scale((width, height))
    labels = [f"{name} {100 * score:.0f}" for name, score, _ in named(found, classes)]
    drawn = sv.LabelAnnotator(text_scale=scale, text_padding=4, smart_position=True).annotate(
        drawn, found, labels=labels
    )
    return np.asarray(drawn, dtype=np.uint8)


def class_color(number: int) -> tuple[int, int, int]:
    """The color of a class, 0 to 255 each of red, green and blue; neighbors in number differ much in hue.

    Example:
        >>> class_color(0), class_color(1)
        ((230, 80, 80), (80, 124, 230))
    """
    hue = number * 0.618034 % 1  # steps of the golden ratio spread any number of hues evenly
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.65, 0.9))
    return red, green, blue


def color_classes(class_map: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Colors a class map.

    Args:
        class_map: [H, W] class indices; what is negative stays clear.

    Returns:
        uint8 [H, W, 4], red, green, blue and alpha, which is 0 or 255.
    """
    classes, places = np.unique(class_map, return_inverse=True)
    colors = [(*class_color(number), 255) if number >= 0 else (0, 0, 0, 0) for number in classes.tolist()]
    return np.asarray(np.array(colors, np.uint8)[places.reshape(class_map.shape)])


def named(found: sv.Detections, classes: Sequence[str]) -> list[tuple[str, float, list[float]]]:
    """Lists detections as class name, score and box [x1, y1, x2, y2] in pixels, best first."""
    numbers = [] if found.class_id is None else found.class_id.tolist()
    scores = [] if found.confidence is None else found.confidence.tolist()
    return [
        (classes[number], score, box) for number, score, box in zip(numbers, scores, found.xyxy.tolist(), strict=True)
    ]
