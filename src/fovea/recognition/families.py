"""Model descriptions: how a model is fed, how its outputs are read, and what its classes are called.

Models of the families in ``families.yaml`` are recognized by the shapes of their outputs. A new family is an entry
there, and a new layout in ``output_layouts`` where no known one fits.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fovea.errors import RecognizerError
from fovea.recognition.output_layouts import OutputLayout
from fovea.recognition.preprocessing import Preprocessing


class Description(BaseModel):
    """The description of a model, as its YAML file states it.

    Example:
        >>> d = Description.model_validate({"feed": {"size": 320}, "read": {"format": "yolov8"}, "nms": 0.6})
        >>> d.feed.size, d.read.format, d.nms
        ((320, 320), 'yolov8', 0.6)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path | None = None
    """The .onnx file, relative to the folder of the YAML file; None: beside it, under the same name."""
    feed: Preprocessing = Preprocessing()
    read: OutputLayout
    classes: tuple[str, ...] | Literal["coco"] | None = None
    """Names of the classes in the order of the model; None: the names that the model holds, or those of COCO where it
    has 80 classes."""
    nms: Annotated[float, Field(gt=0, le=1)] | None = None
    """Intersection over union above which boxes of one class are one object; None: the model needs no suppression."""


def read_description(path: Path) -> Description:
    """Read the description of a model from a YAML file.

    Args:
        path: path of the YAML file.

    Returns:
        The description, with the whole path of its ``model``.

    Raises:
        RecognizerError: the file cannot be read, or states something unknown.
    """
    try:
        description = Description.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecognizerError(f"cannot be read: {error.strerror or error}", path=path) from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in error.errors()
        )
        raise RecognizerError(f"no description of a model: {wrong}", path=path) from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:  # no text, an impossible date, too many brackets
        raise RecognizerError(f"cannot be read as YAML: {error}", path=path) from error
    model = path.parent / description.model if description.model else path.with_suffix(".onnx")
    return description.model_copy(update={"model": model})


@cache
def families() -> dict[str, Description]:
    """Return the descriptions of the known model families, by name, from ``families.yaml``.

    Example:
        >>> sorted(families())
        ['centernet', 'yolo-end-to-end', 'yolov5', 'yolov8', 'yolov8-seg', 'yolox']
    """
    text = Path(__file__).with_name("families.yaml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, Description]).validate_python(yaml.safe_load(text))
