"""Loads a recognizer from what a user names."""

from pathlib import Path

from fovea.errors import RecognizerError
from fovea.recognition.adapters import ADAPTERS
from fovea.recognition.description import read_description
from fovea.recognition.onnx_model import OnnxModel, OnnxRecognizer, OnnxSegmenter
from fovea.recognition.read import ClassMap
from fovea.recognition.recognizer import Recognizer, SemanticRecognizer
from fovea.recognition.registry import WEIGHTS, fetch


def load(spec: str | Path, *, threads: int = 0, threshold: float = 0.001, limit: int = 100) -> Recognizer:
    """Loads a detector or an instance segmenter.

    Args:
        spec: an .onnx file of a known family (known by the shapes of its outputs, or told by a .yaml of the
            same name beside it); the .yaml file that describes a model; a name of the registry, fetched once;
            ``torchvision:NAME`` or ``ultralytics:WEIGHTS`` where those libraries are installed.
        threads: threads that one run uses, with torch in this whole process; 0: as many as the library takes.
        threshold: lowest score of a detection. The default keeps what average precision needs; for viewing
            take 0.25 or more.
        limit: at most so many detections an image.

    Returns:
        The recognizer.

    Raises:
        RecognizerError: there is no such model, or it cannot be used.
    """
    if adapted := _adapted(spec, threads, threshold=threshold, limit=limit):
        return adapted
    return OnnxRecognizer(_open(spec, threads), threshold=threshold, limit=limit)


def load_semantic(spec: str | Path, *, threads: int = 0) -> SemanticRecognizer:
    """Loads a semantic segmenter.

    Args:
        spec: the .yaml file that describes a model of format ``classmap``, or the .onnx file beside it.
        threads: threads that ONNX Runtime uses for one run; 0: one for each core.

    Returns:
        The segmenter.

    Raises:
        RecognizerError: there is no such model, or it cannot be used.
    """
    return OnnxSegmenter(_open(spec, threads))


def load_any(spec: str | Path, *, threads: int = 0) -> Recognizer | SemanticRecognizer:
    """Loads a recognizer, whatever it gives.

    Args:
        spec: as for :func:`load` and :func:`load_semantic`.
        threads: threads that one run uses, with torch in this whole process; 0: as many as the library takes.

    Returns:
        A segmenter where the model gives class maps, else a detector or an instance segmenter that keeps what
        average precision needs.

    Raises:
        RecognizerError: there is no such model, or it cannot be used.
    """
    if adapted := _adapted(spec, threads):
        return adapted
    model = _open(spec, threads)
    return OnnxSegmenter(model) if isinstance(model.description.read, ClassMap) else OnnxRecognizer(model)


def _adapted(spec: str | Path, threads: int, *, threshold: float = 0.001, limit: int = 100) -> Recognizer | None:
    library, _, name = str(spec).partition(":")
    if not name or library not in ADAPTERS:
        return None
    return ADAPTERS[library](name, threads=threads, threshold=threshold, limit=limit)


def _open(spec: str | Path, threads: int) -> OnnxModel:
    path = Path(spec)
    if not path.exists():
        if str(spec) not in WEIGHTS:
            raise RecognizerError(f"{spec}: no such file, and no name of the registry ({', '.join(WEIGHTS)})")
        path = fetch(WEIGHTS[str(spec)])
    if path.suffix == ".onnx":
        beside = path.with_suffix(".yaml")
        return OnnxModel.open(path, read_description(beside) if beside.exists() else None, threads=threads)
    if path.suffix in (".yaml", ".yml"):
        description = read_description(path)
        if description.model is None or not description.model.is_file():
            raise RecognizerError(f"{path}: there is no model {description.model}: name it with 'model:'")
        return OnnxModel.open(description.model, description, threads=threads)
    raise RecognizerError(f"{path}: neither an .onnx model nor a .yaml file that describes one")
