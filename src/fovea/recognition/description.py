"""What must be known of a model to use it: how it is fed, how it is read, what its classes are called."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fovea.errors import RecognizerError
from fovea.recognition.feed import Feed
from fovea.recognition.read import Read


class Description(BaseModel):
    """How a model is fed and read.

    Example:
        >>> d = Description.model_validate({"feed": {"size": 320}, "read": {"format": "yolov8"}, "nms": 0.6})
        >>> d.feed.size, d.read.format, d.nms
        ((320, 320), 'yolov8', 0.6)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path | None = None
    """The .onnx file, from the folder of the YAML file; None: beside it under the same name."""
    feed: Feed = Feed()
    read: Read
    classes: tuple[str, ...] | Literal["coco"] | None = None
    """Names of the classes in the model's order; None: told by the model, or COCO where it has 80."""
    nms: Annotated[float, Field(gt=0, le=1)] | None = None
    """Overlap (IoU) above which boxes of one class are one object; None: the model needs no suppression."""


def read_description(path: Path) -> Description:
    """Reads the description of a model from a YAML file.

    Args:
        path: the YAML file.

    Returns:
        The description, its ``model`` a path that can be opened from here.

    Raises:
        RecognizerError: the file cannot be read, or says something unknown.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        told = Description.model_validate(found)
    except OSError as error:
        raise RecognizerError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in error.errors()
        )
        raise RecognizerError(f"{path}: no description of a model: {wrong}") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:  # no text, no such date, thousands of brackets
        raise RecognizerError(f"{path}: cannot be read as YAML: {error}") from error
    model = path.parent / told.model if told.model else path.with_suffix(".onnx")
    return told.model_copy(update={"model": model})


@cache
def families() -> dict[str, Description]:
    """The model families that are known, by name.

    Returns:
        Their descriptions, from ``families.yaml``.

    Example:
        >>> sorted(families())
        ['centernet', 'yolov5', 'yolov8', 'yolov8-seg', 'yolox']
    """
    text = Path(__file__).with_name("families.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Description]).validate_python(yaml.safe_load(text))
