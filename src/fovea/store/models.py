"""Finds and loads models by name, path or id."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from fovea.coding import Model
from fovea.errors import ModelError
from fovea.store.download import cache_folder, download
from fovea.store.index import ModelInfo, describe, released
from fovea.store.model_file import SUFFIX, open_model

FOLDERS = "FOVEA_MODELS"
"""The environment variable that names further folders of models."""
ADDRESS = "FOVEA_MODELS_URL"
"""The environment variable that holds the address to download released models from."""
_ID = re.compile(r"[0-9a-f]{16}")


def list_models() -> list[ModelInfo]:
    """Return all models that :func:`load_model` finds by name.

    The models of this release come first; those that are not installed have no path. Then follow the models in the
    folders that ``FOVEA_MODELS`` names. Of several files with the same name, the one that :func:`load_model` takes is
    listed: that of the package, else that of the first folder, else the download. Files that are no readable models are
    left out.

    Example:
        >>> [model.name for model in list_models()][:2]
        ['fovea-s', 'fovea-s-mse']
    """
    models = {info.name: info for info in released()}
    for path, model in _user_models():
        if isinstance(model, Model) and (path.stem not in models or models[path.stem].path is None):
            models[path.stem] = describe(model, path)
    return [_located(info) for info in models.values()]


def load_model(which: str | Path | bytes) -> Model:
    """Load a model. The networks are read from its file when they are first needed.

    A released model that is not installed is downloaded once from the address in ``FOVEA_MODELS_URL``.

    Args:
        which: name of a model; path of a model file, which ends in ``.fovea``; or the id of a model, as 16 hexadecimal
            digits or as eight bytes.

    Raises:
        ModelError: there is no such model, or its file cannot be read. The message lists the names that there are.
        DownloadError: the model cannot be downloaded.

    Example:
        >>> load_model("fovea-s").name
        'fovea-s'
    """
    if isinstance(which, bytes):
        return _of_id(which.hex())
    if Path(which).suffix == SUFFIX:
        return _opened(Path(which))
    if isinstance(which, str) and _ID.fullmatch(which):
        return _of_id(which)
    return _of_name(str(which))


def unreadable_files() -> list[ModelError]:
    """Return what is wrong with each file in the folders of ``FOVEA_MODELS`` that is no readable model."""
    return [model for _, model in _user_models() if isinstance(model, ModelError)]


def find_id(model_id: bytes) -> ModelInfo | None:
    """Return what is known of the model that files with this id need. Nothing is downloaded.

    Args:
        model_id: the id, eight bytes.

    Returns:
        The facts about the model, without a path where it is not installed; None where the id is unknown.
    """
    return next(iter(_with_id(model_id.hex())), None)


def _of_name(name: str) -> Model:
    release = next((info for info in released() if info.name == name), None)
    if release and release.path:
        return _opened(release.path)
    for path in _user_files():
        if path.stem == name:
            return _opened(path)
    if release:
        return _opened(_downloaded(release))
    known = ", ".join(info.name for info in list_models()) or "none"
    raise ModelError(f"unknown model {name!r}; there are: {known}. A file of your own is given by its path")


def _of_id(model_id: str) -> Model:
    if found := _with_id(model_id):
        return _opened(found[0].path or _downloaded(found[0]))
    unreadable = ", ".join(str(error.path) for error in unreadable_files())
    broken = f"; these files cannot be read: {unreadable}" if unreadable else ""
    raise ModelError(
        f"the model with the id {model_id} is not installed: put its file into a folder that {FOLDERS} names{broken}"
    )


def _with_id(model_id: str) -> list[ModelInfo]:
    """Return all models of an id, also those whose name an earlier model has, the installed ones first."""
    found = [_located(info) for info in released() if info.id == model_id]
    found.sort(key=lambda info: info.path is None)
    if found and found[0].path:
        return found  # the usual case opens no model file
    others = [describe(model, path) for path, model in _user_models() if isinstance(model, Model)]
    return [info for info in others if info.id == model_id] + found


def _user_files() -> list[Path]:
    """The model files in the folders that the user names."""
    folders = [Path(folder) for folder in os.environ.get(FOLDERS, "").split(os.pathsep) if folder]
    return [path for folder in folders for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stem)]


def _user_models() -> Iterator[tuple[Path, Model | ModelError]]:
    """Yield the files in the folders that the user names, each with its model or with what is wrong with it."""
    for path in _user_files():
        try:
            yield path, _opened(path)
        except ModelError as error:
            yield path, error


def _opened(path: Path) -> Model:
    try:
        state = path.stat()
    except OSError as error:
        raise ModelError(f"the model file cannot be read: {error.strerror}", path=path) from error
    return _opened_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _opened_once(path: Path, _changed: int, _size: int) -> Model:
    return open_model(path)


def _target(info: ModelInfo) -> Path:
    return cache_folder() / "models" / info.id / f"{info.name}{SUFFIX}"


def _located(info: ModelInfo) -> ModelInfo:
    """Return the facts about a model with the path of its download, if it is installed nowhere else."""
    target = _target(info)
    return replace(info, path=target) if info.path is None and target.is_file() else info


def _downloaded(info: ModelInfo) -> Path:
    target = _target(info)
    if not target.is_file():
        address = os.environ.get(ADDRESS, "").rstrip("/")
        if not address:
            raise ModelError(
                f"the model {info.name} is not installed: put {info.name}{SUFFIX} into a folder that {FOLDERS} names,"
                f" or set {ADDRESS} to the address of a folder that holds it"
            )
        download(f"{address}/{info.name}{SUFFIX}", target, info.sha256)
    return target
