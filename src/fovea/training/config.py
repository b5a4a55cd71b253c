"""The configuration of a training run: one YAML file, checked before anything starts."""

import math
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from fovea.networks import ARCHITECTURES, NetworkConfig, TransformConfig
from fovea.training.config_file import Positive, Share, StrictConfig, read_yaml, refuse_unknown_keys
from fovea.training.data.config import DataConfig, PatchConfig
from fovea.training.losses.config import VARIABLE, LossConfig, ObjectnessConfig
from fovea.training.teaching.config import TeachingConfig

_OF_ANNOTATIONS = ("mask_source", "mask_dilation", "small_object_exponent", "edge_weight")
"""Fields of a patch that tell how annotated objects are painted."""


class RunConfig(StrictConfig):
    """What all trainings have in common.

    Attributes:
        name: name of the run, and of its folder below ``runs/``.
        data: images to train on.
        patches: number of patches to train on in all; the schedule follows it.
        batch_size: patches per step, over all devices.
        learning_rate: peak learning rate.
        warmup_steps: steps of linear warm-up.
        decay_fraction: last part of the run, over which the learning rate falls to zero along a half cosine; 0 keeps it
            constant, for a pretraining that other runs start from.
        ema_decay: decay per step of the exponential moving average of the weights, which is validated and exported; 0
            takes the last weights.
        seed: seed of weights, patches and noise.
        validate_every: patches between validations.
        checkpoint_every: patches between checkpoints; None writes one with each validation.
    """

    name: str
    data: DataConfig
    patches: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)] = 8
    learning_rate: Positive = 1e-3
    warmup_steps: Annotated[int, Field(ge=0)] = 200
    decay_fraction: Share = 0.0
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.999
    seed: int = 0
    validate_every: Annotated[int, Field(ge=1)] = 8000
    checkpoint_every: Annotated[int, Field(ge=1)] | None = None

    @property
    def steps(self) -> int:
        """The number of steps of the run."""
        return math.ceil(self.patches / self.batch_size)

    @property
    def needs_recognizer(self) -> bool:
        """Whether the training needs the extra ``eval``, which runs recognizers."""
        return False

    def steps_of(self, patches: int) -> int:
        """Return an interval in patches as steps: at least one, and at most the whole run."""
        return max(1, min(patches // self.batch_size, self.steps))


class TrainingConfig(RunConfig):
    """One training run of a codec.

    Attributes:
        architecture: a name of ``fovea.networks.ARCHITECTURES``, or the fields of a :class:`NetworkConfig`.
        loss: the distortion, or the loss of the objectness.
        mask_weight: weight of the cross entropy of the objects, in bits per latent position. The objects are those that
            the encoder finds, or those that an auxiliary head finds in the latent; the head is dropped at export. 0
            leaves this cross entropy out.
        learning_rate: learning rate of the matrices, which Muon trains.
        adam_learning_rate: learning rate of all other parameters, which Adam trains.
        start: checkpoint whose weights the run starts from.
        objects: what tells where the objects are on all images, labeled or not; None takes the annotations alone.
    """

    architecture: NetworkConfig
    loss: LossConfig
    objects: TeachingConfig | None = None
    mask_weight: Annotated[float, Field(ge=0)] = 0.0
    adam_learning_rate: Positive = 1e-3
    start: Path | None = None

    @property
    def needs_recognizer(self) -> bool:
        """Whether the training needs the extra ``eval``, which runs recognizers."""
        return isinstance(self.loss, ObjectnessConfig) or self.objects is not None

    @field_validator("architecture", mode="before")
    @classmethod
    def _find_architecture(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value not in ARCHITECTURES:
                names = ", ".join(ARCHITECTURES)
                raise ValueError(f"unknown architecture {value!r}: choose {names}, or give its fields")
            return ARCHITECTURES[value]
        if isinstance(value, dict):
            refuse_unknown_keys(value, [field.name for field in fields(NetworkConfig)])
            if isinstance(decoder := value.get("decoder"), dict):
                refuse_unknown_keys(decoder, [field.name for field in fields(TransformConfig)])
        return value

    @model_validator(mode="after")
    def _check_loss_fits_network(self) -> Self:
        network, loss = self.architecture, self.loss
        if isinstance(loss, ObjectnessConfig):
            if not network.objectness:
                raise ValueError("loss objectness: the architecture has no part that finds objects, set its objectness")
            if self.data.on_device:
                raise ValueError("data.on_device: a recognizer needs the patches before they reach the device")
            if self.objects:
                raise ValueError("objects: the loss objectness learns what its own recognizer detects, leave them out")
        elif network.background != (loss.background_weight == VARIABLE):
            raise ValueError(
                f"loss.background_weight is {VARIABLE!r} if and only if the networks have a background control"
                " (architecture.background)"
            )
        elif self.mask_weight and not (network.takes_map or self.data.labeled or self.objects):
            raise ValueError("mask_weight: images without annotations do not show where the objects are")
        return self

    @model_validator(mode="after")
    def _check_objects_are_painted(self) -> Self:
        given, default = self.data.patch, PatchConfig()
        changed = [name for name in _OF_ANNOTATIONS if getattr(given, name) != getattr(default, name)]
        if self.objects and changed:
            raise ValueError(f"data.patch.{changed[0]}: is for objects of annotations, and objects names teachers")
        return self


def read_config(path: Path) -> TrainingConfig:
    """Read and check the configuration of a codec training; see :func:`fovea.training.config_file.read_yaml`."""
    return read_yaml(path, TrainingConfig)
