"""The losses that a training configuration can choose."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from fovea.training.config_file import Positive, Share, StrictConfig

VARIABLE = "variable"
BackgroundWeight = float | tuple[float, float] | Literal["variable"]
"""The weight of errors outside the objects: one number; two numbers, at quality 0 and at quality 100, on a log scale in
between; or "variable", the background control of the networks."""
Normalization = Literal["image", "objects"]
Color = Literal["rgb", "bgr"]
ValueRange = Literal["0..1", "0..255"]
Side = Annotated[int, Field(ge=32)]
Zoom = tuple[Positive, Positive]


def _check_weight(value: BackgroundWeight) -> BackgroundWeight:
    if isinstance(value, str):
        return value
    lowest, highest = value if isinstance(value, tuple) else (value, value)
    if not 0 <= lowest <= 1 or not 0 <= highest <= 1:
        raise ValueError("the weight of the background is between 0 and 1")
    if isinstance(value, tuple) and not lowest * highest:
        raise ValueError("two weights of the background are on a log scale: both are above 0")
    return value


CheckedWeight = Annotated[BackgroundWeight, AfterValidator(_check_weight)]


class MseConfig(StrictConfig):
    """Plain mean squared error; every pixel weighs the same."""

    name: Literal["mse"]
    background_weight: ClassVar[float] = 1.0


class ObjectMseConfig(StrictConfig):
    """Object-MSE, see :func:`fovea.training.losses.distortions.object_mse`.

    Attributes:
        background_weight: weight of errors outside the objects.
        normalization: "image" divides by the number of pixels, "objects" by the sum of the weights.
    """

    name: Literal["object_mse"]
    background_weight: CheckedWeight = 0.0
    normalization: Normalization = "image"


class RecognizerConfig(StrictConfig):
    """A recognizer of a task loss that has fields of its own.

    Attributes:
        recognizer: ONNX file. :class:`fovea.training.losses.task.TaskDistortion` explains it and the other fields. A
            field that is not given is that of the loss.
    """

    recognizer: Path
    color: Color | None = None
    range: ValueRange | None = None
    size: Side | None = None
    features: tuple[str, ...] | None = None
    output_share: Share | None = None
    mse_share: Share | None = None
    zoom: Zoom | None = None


def _listed(named: Any) -> Any:
    """Return one recognizer or several as a list of mappings. An invalid value stays, so that the error names it."""
    several = named if isinstance(named, list | tuple) else [named]
    return [{"recognizer": one} if isinstance(one, str | Path) else one for one in several]


class TaskConfig(StrictConfig):
    """Distance between the features and outputs of recognizers on the decoded and on the original image.

    Attributes:
        recognizer: one ONNX file, see :class:`fovea.training.losses.task.TaskDistortion`, which also explains the other
            fields; or several, see :class:`fovea.training.losses.task.AlternatingDistortion`. A recognizer that needs
            fields of its own is given as a :class:`RecognizerConfig` instead of a file.
        background_weight: weight of errors outside the objects; 1 counts all errors alike and needs no masks.
    """

    name: Literal["task"]
    recognizer: Annotated[tuple[RecognizerConfig, ...], Field(min_length=1), BeforeValidator(_listed)]
    color: Color = "rgb"
    range: ValueRange = "0..1"
    size: Side | None = None
    features: tuple[str, ...] | None = None
    output_share: Share = 0.5
    mse_share: Share = 0.1
    zoom: Zoom = (1.0, 1.0)
    background_weight: CheckedWeight = 1.0

    def settings(self, recognizer: RecognizerConfig) -> dict[str, Any]:
        """Return the arguments of :class:`fovea.training.losses.task.TaskDistortion` for one of the recognizers."""
        shared = self.model_dump(exclude={"name", "background_weight", "recognizer"})
        return shared | recognizer.model_dump(exclude_none=True)


class ObjectnessConfig(StrictConfig):
    """Cross entropy of the objects that an encoder finds, with the detections of a recognizer as labels.

    This loss trains only the objectness of an encoder, see :mod:`fovea.training.objectness_module`.

    Attributes:
        recognizer: recognizer whose detections are learned, as for :func:`fovea.recognition.load`.
        score_threshold: score from which on a detection is certain; below, its certainty is in proportion.
        positive_weight: cost of missing an object, relative to finding one where there is none.
    """

    name: Literal["objectness"]
    recognizer: Path
    score_threshold: Annotated[float, Field(gt=0, le=1)] = 0.25
    positive_weight: Positive = 1.0


CodecLossConfig = MseConfig | ObjectMseConfig | TaskConfig
LossConfig = Annotated[CodecLossConfig | ObjectnessConfig, Field(discriminator="name")]
