"""What a training run is: one YAML file, checked before anything starts."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from fovea.networks import ARCHITECTURES, NetworkConfig
from fovea.training.losses import KNOB, Background, Normalization
from fovea.training.sources import DataConfig
from fovea.training.strict import Strict, read_yaml
from fovea.training.task import Color, Range


def _background(value: Background) -> Background:
    if isinstance(value, str):
        return value
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
        architecture: a name in ``fovea.networks.ARCHITECTURES``, or the fields of a :class:`NetworkConfig`.
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
        validate_every: patches between validations.
        checkpoint_every: patches between checkpoints; by default one is written with each validation.
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
    checkpoint_every: Annotated[int, Field(ge=1)] | None = None

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
        network, loss = self.architecture, self.loss
        if isinstance(loss, FindingConfig):
            if not network.objectness:
                raise ValueError("the architecture has no part that finds objects: give it objectness")
            if self.data.resident:
                raise ValueError("data.resident: a recognizer sees patches before they reach the device")
        elif network.background != (loss.background == KNOB):
            raise ValueError(
                f"loss.background is {KNOB!r} where the networks follow the background (architecture.background), and"
                " only there"
            )
        elif self.mask_weight and not (network.given or self.data.labeled):
            raise ValueError("mask_weight: pictures without annotations do not tell where objects are to be found")
        return self


def read_config(path: Path) -> TrainingConfig:
    """Read and check a training configuration; see :func:`fovea.training.strict.read_yaml`."""
    return read_yaml(path, TrainingConfig)
