"""Recognizers behind one interface, and their scores.

Example::

    from fovea.datasets import load_dataset

    recognizer = load("yolox_nano.onnx")
    data = load_dataset("val.json", "val/")
    categories = data.category_ids(recognizer.classes)
    results = []
    for image in data.images:
        (found,) = recognizer.predict([image.load()])
        results += to_results(found, image.id, categories)
    matches = match(data, results, "box", categories)
    print(matches.score.ap, matches.resampled(resample(len(data), 200)).mean(axis=1))

and, for a segmenter, ``overlaps(maps, reference_maps, len(segmenter.classes)).score.miou``.
"""

import warnings

# supervision warns on import that OpenCV is missing. Nothing that is used here needs OpenCV.
warnings.filterwarnings("ignore", message="OpenCV", module=r"supervision\.")

from fovea.recognition.framework_adapters import TorchvisionRecognizer, UltralyticsRecognizer  # noqa: E402
from fovea.recognition.labeling import Labeler, complete  # noqa: E402
from fovea.recognition.loading import load, load_any, load_semantic  # noqa: E402
from fovea.recognition.onnx_recognizer import OnnxRecognizer, OnnxSegmenter  # noqa: E402
from fovea.recognition.recognizer import Recognizer, SemanticRecognizer  # noqa: E402
from fovea.recognition.scoring import (  # noqa: E402
    Result,
    Score,
    SemanticScore,
    SharedClasses,
    match,
    overlaps,
    resample,
    self_reference,
    to_results,
)
from fovea.recognition.weights import WEIGHTS, Weights, fetch  # noqa: E402

__all__ = [
    "WEIGHTS",
    "Labeler",
    "OnnxRecognizer",
    "OnnxSegmenter",
    "Recognizer",
    "Result",
    "Score",
    "SemanticRecognizer",
    "SemanticScore",
    "SharedClasses",
    "TorchvisionRecognizer",
    "UltralyticsRecognizer",
    "Weights",
    "complete",
    "fetch",
    "load",
    "load_any",
    "load_semantic",
    "match",
    "overlaps",
    "resample",
    "self_reference",
    "to_results",
]
