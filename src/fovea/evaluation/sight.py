"""What recognizers see, packed for the cache."""

import io
import json
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fovea.evaluation.judge import Judge, recognizer
from fovea.recognition import Result, SemanticRecognizer, to_results
from fovea.recognition.recognizer import Picture


def look(judge: Judge, picture: Picture) -> bytes:
    """Runs a recognizer on an image, and packs what it sees.

    Args:
        judge: the recognizer.
        picture: uint8 [H, W, 3], RGB.

    Returns:
        Bytes for :func:`objects`, about 2 kB for a hundred boxes, or for :func:`class_map`, some kB.
    """
    loaded = recognizer(judge.spec)
    if isinstance(loaded, SemanticRecognizer):
        (labels,) = loaded.segment([picture])
        file = io.BytesIO()
        np.save(file, labels.astype(np.min_scalar_type(len(judge.classes))))
        return zlib.compress(file.getvalue())
    (found,) = loaded.predict([picture], judge.only)
    results = to_results(found, 0, range(len(judge.classes)))
    for result in results:
        result["bbox"] = np.round(result["bbox"], 2).tolist()
        result["score"] = round(result["score"], 6)
    return zlib.compress(json.dumps(results, separators=(",", ":")).encode())


def objects(packed: bytes, image_id: int, categories: Sequence[int | None]) -> list[Result]:
    """Unpacks what a detector saw.

    Args:
        packed: from :func:`look`.
        image_id: of the image in the data set.
        categories: category id of each class of the recognizer; classes with None are left out.

    Returns:
        The detections in COCO's format.
    """
    results: list[Result] = json.loads(zlib.decompress(packed))
    for result in results:
        result["image_id"] = image_id
    return [
        result | {"category_id": category}
        for result in results
        if (category := categories[result["category_id"]]) is not None
    ]


def class_map(packed: bytes) -> NDArray[np.integer]:
    """Unpacks what a segmenter saw.

    Args:
        packed: from :func:`look`.

    Returns:
        [H, W] class indices.
    """
    found: NDArray[np.integer] = np.load(io.BytesIO(zlib.decompress(packed)), allow_pickle=False)
    return found
