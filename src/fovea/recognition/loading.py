"""Loading of recognizers: from a file, a name of the registry, or another library."""

from pathlib import Path

from fovea.errors import RecognizerError
from fovea.recognition.families import read_description
from fovea.recognition.framework_adapters import ADAPTERS
from fovea.recognition.onnx_recognizer import OnnxModel, OnnxRecognizer, OnnxSegmenter
from fovea.recognition.output_layouts import ClassMap
from fovea.recognition.recognizer import Recognizer, SemanticRecognizer
from fovea.recognition.weights import WEIGHTS, fetch


def load(spec: str | Path, *, threads: int = 0, threshold: float = 0.001, limit: int = 100) -> Recognizer:
    """Load a detector or an instance segmenter.

    Args:
        spec: .onnx file of a known family, or one that a .yaml file of the same name beside it describes; .yaml file
            that describes a model; name in the registry, whose weights are downloaded once; ``torchvision:NAME`` or
            ``ultralytics:WEIGHTS`` where those libraries are installed.
        threads: number of threads that one run uses, with torch in this whole process; 0: the number that the library
            chooses.
        threshold: score that a detection has to exceed. The default keeps the detections that average precision needs;
            0.25 or more is suited to viewing.
        limit: largest number of detections on an image.

    Returns:
        The recognizer.

    Raises:
        RecognizerError: there is no such model, or it cannot be used.
        DownloadError: the weights of the registry cannot be downloaded.
    """
    if adapted := _adapted(spec, threads, threshold=threshold, limit=limit):
        return adapted
    return OnnxRecognizer(_open(spec, threads), threshold=threshold, limit=limit)


def load_semantic(spec: str | Path, *, threads: int = 0) -> SemanticRecognizer:
    """Load a semantic segmenter.

    Args:
        spec: .yaml file that describes a model of format ``classmap``, or the .onnx file beside it.
        threads: number of threads that ONNX Runtime uses for one run; 0: one for each core.

    Returns:
        The segmenter.

    Raises:
        RecognizerError: there is no such model, or it cannot be used.
        DownloadError: the weights of the registry cannot be downloaded.
    """
    return OnnxSegmenter(_open(spec, threads))


def load_any(spec: str | Path, *, threads: int = 0) -> Recognizer | SemanticRecognizer:
    """Load a recognizer of any kind.

    Args:
        spec: as for :func:`load` and :func:`load_semantic`.
        threads: number of threads that one run uses, with torch in this whole process; 0: the number that the library
            chooses.

    Returns:
        A semantic segmenter where the model gives class maps, else a detector or an instance segmenter that keeps the
        detections that average precision needs.

    Raises:
        RecognizerError: there is no such model, or it cannot be used.
        DownloadError: the weights of the registry cannot be downloaded.
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
            raise RecognizerError(f"no such file, and no name of the registry ({', '.join(WEIGHTS)})", path=spec)
        path = fetch(WEIGHTS[str(spec)])
    if path.suffix == ".onnx":
        beside = path.with_suffix(".yaml")
        return OnnxModel.open(path, read_description(beside) if beside.exists() else None, threads=threads)
    if path.suffix in (".yaml", ".yml"):
        description = read_description(path)
        if description.model is None or not description.model.is_file():
            raise RecognizerError(f"there is no model {description.model}: name it with 'model:'", path=path)
        return OnnxModel.open(description.model, description, threads=threads)
    raise RecognizerError("neither an .onnx model nor a .yaml file that describes one", path=path)
