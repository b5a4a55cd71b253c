"""Which models there are: those in the package, and those in folders of the user's."""

import os
from functools import cache
from pathlib import Path

from fovea.coding.model import SUFFIX, Model
from fovea.errors import ModelError

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
ENVIRONMENT = "FOVEA_MODELS"


def folders() -> list[Path]:
    """Where models are looked for: the package's own folder first, then those in ``FOVEA_MODELS``.

    So those add models, and an older file that is kept there under the name of a newer one does not take its place.
    """
    extra = os.environ.get(ENVIRONMENT, "")
    return [WEIGHTS, *(Path(folder) for folder in extra.split(os.pathsep) if folder)]


def model_files() -> list[Path]:
    """All model files in :func:`folders`."""
    return [path for folder in folders() for path in sorted(folder.glob(f"*{SUFFIX}"), key=_stem)]


def _stem(path: Path) -> str:
    return path.stem  # sorts fovea-s before fovea-s-mse, which whole names do not


@cache
def _loaded(path: Path, _changed: int) -> Model:
    return Model.load(path)


def load_file(path: Path) -> Model:
    """A model file, read once as long as it does not change."""
    try:
        return _loaded(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise ModelError(f"model file {path} cannot be read: {error.strerror}") from error


def find_model(name: str | Path) -> Model:
    """A model by name or by the path of its file.

    Raises:
        ModelError: there is none; the message lists those there are.
    """
    if Path(name).suffix == SUFFIX:
        return load_file(Path(name))
    for path in model_files():
        if path.name == f"{name}{SUFFIX}":
            return load_file(path)
    known = ", ".join(dict.fromkeys(path.name.removesuffix(SUFFIX) for path in model_files())) or "none"
    raise ModelError(f"unknown model {name!r}; installed: {known}. A file of your own is given by its path")


def model_of_id(model_id: bytes) -> Model:
    """The model that a file was encoded with, whatever its name. Model files that cannot be read are passed over.

    Raises:
        ModelError: it is not installed; the message names the files that could not be read.
    """
    unreadable: list[str] = []
    for path in model_files():
        try:
            model = load_file(path)
        except ModelError:
            unreadable.append(str(path))
            continue
        if model.id == model_id:
            return model
    broken = f"; not readable: {', '.join(unreadable)}" if unreadable else ""
    raise ModelError(
        f"the file needs the model with id {model_id.hex()}, which is not installed:"
        f" put its file into a folder that {ENVIRONMENT} names{broken}"
    )
