"""Draws on an image what a recognizer sees."""

from collections.abc import Sequence

import numpy as np
import supervision as sv

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


def named(found: sv.Detections, classes: Sequence[str]) -> list[tuple[str, float, list[float]]]:
    """Lists detections as class name, score and box [x1, y1, x2, y2] in pixels, best first."""
    numbers = [] if found.class_id is None else found.class_id.tolist()
    scores = [] if found.confidence is None else found.confidence.tolist()
    return [
        (classes[number], score, box) for number, score, box in zip(numbers, scores, found.xyxy.tolist(), strict=True)
    ]
