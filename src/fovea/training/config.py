"""What a training run is: one YAML file, checked before anything starts."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fovea.errors import FoveaError
from fovea.models import ARCHITECTURES, NetworkConfig
from fovea.training.losses import Background, Normalization
from fovea.training.masks import MaskSource
from fovea.training.task import Color, Range


class Strict(BaseModel):
    """Fields that are checked, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(Strict):
    """Images and annotations to train on; see :class:`fovea.training.patches.PatchStream`.

    Attributes:
        pasted: see :func:`fovea.training.augmentation.pasted`; 0 leaves patches as they are.
        relit: whether they are shown in other light, see :func:`fovea.training.augmentation.relit`.
        workers: processes that draw the patches.
        resident: whether decoded images stay on the device that trains; see
            :class:`fovea.training.patches.ResidentImages`.
    """

    images: Path
    annotations: Path | None = None
    validation: Annotated[int, Field(ge=1)] = 32
    size: Annotated[int, Field(ge=64, multiple_of=64)] = 256
    scale: tuple[float, float] = (0.7, 1.5)
    objects: Annotated[float, Field(ge=0, le=1)] = 0.8
    repeat: Annotated[float, Field(ge=0, le=1)] = 0.0
    masks: MaskSource = "mask"
    dilation: Annotated[int, Field(ge=0)] = 0
    small: Annotated[float, Field(ge=0, le=1)] = 0.0
    edges: Annotated[float, Field(ge=0, le=8)] = 0.0
    pasted: Annotated[float, Field(ge=0, le=1)] = 0.0
    relit: bool = False
    workers: Annotated[int, Field(ge=1)] = 1
    resident: bool = False


def _background(value: Background) -> Background:
    lowest, highest = value if isinstance(value, tuple) else (value, value)
    if not 0 <= lowest <= 1 or not 0 <= highest <= 1:
        raise ValueError("weights of the background are between 0 and 1")
    if isinstance(value, tuple) and not lowest * highest:
        raise ValueError("weights of the background on a log scale are above 0")
    return value


Weight = Annotated[Background, AfterValidator(_background)]


class MseConfig(Strict):
    """Plain mean squared error."""

    name: Literal["mse"]
    background: ClassVar[float] = 1.0


class ObjectMseConfig(Strict):
    """Object-MSE; see :func:`fovea.training.losses.object_mse`, and for the background ``error_weight`` there."""

    name: Literal["object_mse"]
    background: Weight = 0.0
    normalization: Normalization = "image"


class TaskConfig(Strict):
    """Distance of what a recognizer sees; see :class:`fovea.training.task.TaskDistortion`, for several ``Committee``.

    The background is that of Object-MSE; 1, everything an object, needs no masks.
    """

    name: Literal["task"]
    recognizer: Path | Annotated[tuple[Path, ...], Field(min_length=1)]
    color: Color = "rgb"
    range: Range = "0..1"
    size: Annotated[int, Field(ge=32)] | None = None
    features: tuple[str, ...] | None = None
    output_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    mse_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    zoom: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (1.0, 1.0)
    background: Weight = 1.0

    @property
    def recognizers(self) -> tuple[Path, ...]:
        """All of them, also if there is one."""
        return self.recognizer if isinstance(self.recognizer, tuple) else (self.recognizer,)


class FindingConfig(Strict):
    """Not a loss of pictures: what finds objects in an encoder is trained alone; see :mod:`fovea.training.finding`.

    Attributes:
        recognizer: whose detections it learns to find; as for :func:`fovea.recognition.load`.
        sure: the score from which on the recognizer is sure of an object.
        overlooked: how many times as much it costs to overlook an object as to see one where there is none.
    """

    name: Literal["finding"]
    recognizer: Path
    sure: Annotated[float, Field(gt=0, le=1)] = 0.25
    overlooked: Annotated[float, Field(gt=0)] = 1.0


CodecLossConfig = MseConfig | ObjectMseConfig | TaskConfig
LossConfig = Annotated[CodecLossConfig | FindingConfig, Field(discriminator="name")]


class TrainingConfig(Strict):
    """One training run.

    Attributes:
        name: of the run; its folder below ``runs/``.
        architecture: a name in ``fovea.models.ARCHITECTURES``, or the fields of a :class:`NetworkConfig`.
        data: what to train on.
        loss: the distortion.
        mask_weight: weight of the cross entropy, in bits a latent position, of where the encoder finds objects; or, of
            an encoder that does not look for them, where an auxiliary head finds them in the latent, which is dropped
            at export. 0 trains without.
        patches: how many to train on in all; the schedule follows it.
        batch: patches a step, over all devices.
        learning_rate: of the matrices (Muon).
        vector_learning_rate: of everything else (Adam).
        warmup: steps of linear warm-up.
        decay: last part of the run over which the rates fall to zero along a half cosine; 0 keeps them constant,
            for a pretraining that others go on from.
        ema: decay of the moving average of the weights, which is what is validated and exported.
        start: checkpoint whose weights the run starts from.
        seed: of weights and patches.
        validate_every: patches between validations and checkpoints.
    """

    name: str
    architecture: NetworkConfig
    data: DataConfig
    loss: LossConfig
    mask_weight: Annotated[float, Field(ge=0)] = 0.0
    patches: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)] = 8
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    vector_learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    warmup: Annotated[int, Field(ge=0)] = 200
    decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    start: Path | None = None
    seed: int = 0
    validate_every: Annotated[int, Field(ge=1)] = 8000

    @field_validator("architecture", mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value not in ARCHITECTURES:
            raise ValueError(f"unknown architecture {value!r}: choose {', '.join(ARCHITECTURES)}, or give its fields")
        return ARCHITECTURES[value]

    @model_validator(mode="after")
    def _has_what_it_trains(self) -> Self:
        if isinstance(self.loss, FindingConfig):
            if not self.architecture.objectness:
                raise ValueError("the architecture has no part that finds objects: give it objectness")
            if self.data.resident:
                raise ValueError("data.resident: a recognizer sees patches before they reach the device")
        return self


Config = TypeVar("Config", bound=Strict)


def read_config(path: Path) -> TrainingConfig:
    """Read and check a training configuration; see :func:`read_yaml`."""
    return read_yaml(path, TrainingConfig)


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
