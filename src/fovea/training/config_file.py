"""YAML files whose keys are checked before anything starts."""

import os
from functools import reduce
from pathlib import Path
from string import Template
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fovea.errors import FoveaError, about

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]

_EXTENDS = "extends"
"""Key with the name of the file that a configuration extends."""
_DEFAULTS = {"FOVEA_SHARED": "../shared"}
"""Values of variables that are not set. ``FOVEA_SHARED`` names the folder of data sets and recognizers."""


class StrictConfig(BaseModel):
    """A configuration that refuses unknown keys and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            refuse_unknown_keys(value, cls.model_fields)
        return value


def refuse_unknown_keys(given: Any, known: Any) -> None:
    """Raise a ValueError that lists the valid keys if a mapping has others."""
    if unknown := [str(key) for key in given if key not in known]:
        raise ValueError(f"unknown key {unknown[0]!r}: the keys are {', '.join(known)}")


Config = TypeVar("Config", bound=StrictConfig)


def read_yaml(path: Path, kind: type[Config]) -> Config:
    """Read and check a configuration. Relative paths in it are relative to the working folder.

    Args:
        path: YAML file.
        kind: class of the configuration.

    Raises:
        FoveaError: the file cannot be read, or a key is unknown, missing or out of range; the error names file and key.
    """
    fields = read_fields(path)
    with about(path):
        return validated(fields, kind)


def read_fields(path: Path) -> Any:
    """Read a YAML file, and the file that it extends.

    The key ``extends`` names another file in the same folder, which may extend a further one. The fields of the file
    are laid over those of the other: a mapping changes the keys that it has, and any other value takes the place of the
    old one.

    Raises:
        FoveaError: a file cannot be read, or extends itself; the error names it.
    """
    layers: dict[Path, Any] = {}
    source: Path | None = path
    while source:
        if source in layers:
            raise FoveaError("the file extends itself: name another one", path=source, entry=_EXTENDS)
        layers[source] = fields = _read_layer(source)
        source = _extended(source, fields)
    return reduce(_over, reversed(layers.values()))


def _extended(path: Path, fields: Any) -> Path | None:
    """Return the file that the fields of a file extend. The key ``extends`` is removed from them."""
    name = fields.pop(_EXTENDS, None) if isinstance(fields, dict) else None
    if name is None:
        return None
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise FoveaError(f"{name!r} is not the name of a file in the same folder", path=path, entry=_EXTENDS)
    return path.with_name(name)


def _over(below: Any, above: Any) -> Any:
    """Return fields with others laid over them; neither is changed."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _over(below[key], value) if key in below else value for key, value in above.items()}


def _read_layer(path: Path) -> Any:
    """Read a YAML file without the one that it extends."""
    with about(path):
        try:
            return yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise FoveaError(f"cannot be read: {error.strerror or error}") from error
        except (ValueError, RecursionError, yaml.YAMLError) as error:  # no text, no such date, thousands of brackets
            reason = " ".join(str(error).split())
            raise FoveaError(f"cannot be read as YAML: {reason}") from error


def validated(fields: Any, kind: type[Config]) -> Config:
    """Check the fields of a configuration.

    Args:
        fields: mapping of keys to values.
        kind: class of the configuration.

    Raises:
        FoveaError: a key is unknown, missing or out of range; the entry of the error names it.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
        raise FoveaError(reason, entry=".".join(str(part) for part in first["loc"]) or "top level") from error


def expand_path(path: Path) -> Path:
    """Replace the environment variables in a path of a configuration, such as ``$FOVEA_SHARED``.

    Configurations keep the name of the variable, so that a run can be resumed where the folder is another.

    Args:
        path: path as written in a configuration.

    Raises:
        FoveaError: a variable is not set. ``FOVEA_SHARED`` is ``../shared`` by default.

    Example:
        >>> expand_path(Path("data/coco"))
        PosixPath('data/coco')
    """
    try:
        return Path(Template(str(path)).substitute(_DEFAULTS | os.environ))
    except KeyError as error:
        raise FoveaError(f"the variable {error.args[0]} is not set: set it to the folder", path=path) from error
    except ValueError as error:
        raise FoveaError(
            f"{error}: write a variable as $NAME or ${{NAME}}, and a dollar sign as $$", path=path
        ) from error
