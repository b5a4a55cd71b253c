"""Scores of recognizers: average precision of boxes and masks, and mean intersection over union of class maps."""

from fovea.recognition.scoring.average_precision import Score, match
from fovea.recognition.scoring.bootstrap import resample
from fovea.recognition.scoring.mean_iou import SemanticScore, overlaps
from fovea.recognition.scoring.results import Result, self_reference, to_results
from fovea.recognition.scoring.shared_classes import SharedClasses

__all__ = [
    "Result",
    "Score",
    "SemanticScore",
    "SharedClasses",
    "match",
    "overlaps",
    "resample",
    "self_reference",
    "to_results",
]
