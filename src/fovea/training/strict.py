"""YAML files whose fields are checked before anything starts."""

import os
from pathlib import Path
from string import Template
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from fovea.errors import FoveaError

SHARED = "FOVEA_SHARED"
"""Variable that names the folder of data sets and recognizers."""
_DEFAULTS = {SHARED: "../shared"}


class Strict(BaseModel):
    """Fields that are checked, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Config = TypeVar("Config", bound=Strict)


def read_yaml(path: Path, kind: type[Config]) -> Config:
    """Read and check a configuration. Relative paths in it are relative to the working folder.

    Args:
        path: YAML file.
        kind: of configuration that it is.

    Raises:
        FoveaError: the file cannot be read, or a field is unknown, missing or out of range; names file and field.
    """
    try:
        return kind.model_validate(yaml.safe_load(path.read_text()))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "top level"
        raise FoveaError(f"{path}: {field}: {first['msg']}") from error
    except OSError as error:
        raise FoveaError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:  # no text, no such date, thousands of brackets
        raise FoveaError(f"{path} cannot be read as YAML: {error}") from error


def located(path: Path) -> Path:
    """Where a path of a configuration is on this machine: variables of the environment such as ``$FOVEA_SHARED``.

    Configurations keep the name, so that a run can go on where the folder is another.

    Args:
        path: as written in a configuration.

    Raises:
        FoveaError: a variable is not set. ``FOVEA_SHARED`` is ``../shared`` by default.

    Example:
        >>> located(Path("data/coco"))
        PosixPath('data/coco')
    """
    try:
        return Path(Template(str(path)).substitute(_DEFAULTS | os.environ))
    except KeyError as error:
        raise FoveaError(
            f"{path}: the variable {error.args[0]} is not set: set it to the folder that is meant"
        ) from error
    except ValueError as error:
        raise FoveaError(f"{path}: {error}: a variable is written $NAME or ${{NAME}}, a dollar sign $$") from error
