"""Recognizers behind one interface, the data sets they are judged on, and their scores.

Example::

    recognizer = load("yolox_nano.onnx")
    data = load_dataset("val.json", "val/")
    categories = data.category_ids(recognizer.classes)
    results = []
    for image in data.images:
        (seen,) = recognizer.predict([image.load()])
        results += to_results(seen, image.id, categories)
    matches = match(data, results, "box", categories)
    print(matches.score.ap, matches.resampled(resample(len(data), 200)).mean(axis=1))

and, for a segmenter, ``overlaps(maps, reference_maps, len(segmenter.classes)).score.miou``.
"""

from fovea.recognition.adapters import TorchvisionRecognizer, UltralyticsRecognizer
from fovea.recognition.coco import COCO_CLASSES
from fovea.recognition.datasets import Annotation, Dataset, DatasetImage, load_dataset
from fovea.recognition.load import load, load_any, load_semantic
from fovea.recognition.onnx_model import OnnxRecognizer, OnnxSegmenter
from fovea.recognition.overlap import Overlaps, SemanticScore, overlaps
from fovea.recognition.recognizer import Recognizer, SemanticRecognizer
from fovea.recognition.registry import WEIGHTS, Weights, fetch
from fovea.recognition.results import Result, self_reference, to_results
from fovea.recognition.scoring import Matches, Score, match, resample
from fovea.recognition.shared_classes import SharedClasses

__all__ = [
    "COCO_CLASSES",
    "WEIGHTS",
    "Annotation",
    "Dataset",
    "DatasetImage",
    "Matches",
    "OnnxRecognizer",
    "OnnxSegmenter",
    "Overlaps",
    "Recognizer",
    "Result",
    "Score",
    "SemanticRecognizer",
    "SemanticScore",
    "SharedClasses",
    "TorchvisionRecognizer",
    "UltralyticsRecognizer",
    "Weights",
    "fetch",
    "load",
    "load_any",
    "load_dataset",
    "load_semantic",
    "match",
    "overlaps",
    "resample",
    "self_reference",
    "to_results",
]
