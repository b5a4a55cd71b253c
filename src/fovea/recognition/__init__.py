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

import warnings

# supervision warns on import that it does without OpenCV. Nothing that is used here needs it.
warnings.filterwarnings("ignore", message="OpenCV", module=r"supervision\.")

from fovea.datasets import (  # noqa: E402
    COCO_CLASSES,
    Annotation,
    Dataset,
    DatasetImage,
    load_dataset,
)
from fovea.recognition.adapters import TorchvisionRecognizer, UltralyticsRecognizer  # noqa: E402
from fovea.recognition.load import load, load_any, load_semantic  # noqa: E402
from fovea.recognition.onnx_model import OnnxRecognizer, OnnxSegmenter  # noqa: E402
from fovea.recognition.overlap import Overlaps, SemanticScore, overlaps  # noqa: E402
from fovea.recognition.recognizer import Recognizer, SemanticRecognizer  # noqa: E402
from fovea.recognition.registry import WEIGHTS, Weights, fetch  # noqa: E402
from fovea.recognition.results import Result, self_reference, to_results  # noqa: E402
from fovea.recognition.scoring import Matches, Score, match, resample  # noqa: E402
from fovea.recognition.shared_classes import SharedClasses  # noqa: E402

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
