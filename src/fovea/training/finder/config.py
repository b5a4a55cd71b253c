"""The configuration of a finder's training."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from fovea.networks import FinderConfig
from fovea.training.config import RunConfig
from fovea.training.config_file import Positive, Share, StrictConfig, refuse_unknown_keys
from fovea.training.data.config import DataConfig


class TeacherConfig(StrictConfig):
    """A recognizer whose detections the finder learns.

    Attributes:
        recognizer: recognizer of the classes of COCO, as for :func:`fovea.recognition.load`.
        score_threshold: score from which on a detection is certain; below, its certainty is in proportion.
        quarters: names of folders. On their pictures the recognizer also sees four overlapping parts, which are
            enlarged.
        mirrored: whether the recognizer sees the whole picture mirrored.
    """

    recognizer: Path
    score_threshold: Annotated[float, Field(gt=0, le=1)] = 0.25
    quarters: tuple[str, ...] = ()
    mirrored: bool = False


class ShapesConfig(StrictConfig):
    """How shapes are learned, for objects of which only the box is known.

    Attributes:
        recognizer: ONNX file of a detector, from whose features the shapes are predicted.
        tensors: names of the tensors of the detector that are the features.
        width: number of channels of the network that predicts the shapes.
        steps: number of steps of its training, each on 64 objects.
        learning_rate: its peak learning rate.
    """

    recognizer: Path
    tensors: Annotated[tuple[str, ...], Field(min_length=1)]
    width: Annotated[int, Field(ge=1)] = 64
    steps: Annotated[int, Field(ge=1)] = 600
    learning_rate: Positive = 3e-3


class FinderTrainingConfig(RunConfig):
    """One training run of a finder.

    Attributes:
        network: sizes of the network, the fields of :class:`fovea.networks.FinderConfig`.
        teachers: recognizers that label all pictures.
        annotation_certainty: certainty of an annotated object that no teacher detects, 0..1. Below 1, because an object
            that detectors overlook need not be kept for them.
        shapes: how the shapes of objects without a mask are learned from those with a mask.
        labels: folder in which the labels are kept, so that they are made only once.
        positive_weight: cost of missing an object, relative to finding one where there is none.
        learning_rate: learning rate of the matrices, which Muon trains.
        adam_learning_rate: learning rate of all other parameters, which Adam trains.
    """

    network: FinderConfig = FinderConfig()
    teachers: Annotated[tuple[TeacherConfig, ...], Field(min_length=1)]
    annotation_certainty: Share = 0.5
    shapes: ShapesConfig
    labels: Path = Path("runs/finder-labels")
    positive_weight: Positive = 1.0
    adam_learning_rate: Positive = 1e-3

    @property
    def needs_recognizer(self) -> bool:
        """Whether the training needs the extra ``eval``: its teachers are recognizers."""
        return True

    @field_validator("network", mode="before")
    @classmethod
    def _check_network(cls, value: Any) -> Any:
        if isinstance(value, dict):
            refuse_unknown_keys(value, [field.name for field in fields(FinderConfig)])
        return value

    @field_validator("data")
    @classmethod
    def _check_data(cls, data: DataConfig) -> DataConfig:
        if data.on_device:
            raise ValueError("data.on_device: the patches of a finder are cut by the workers")
        return data
