"""The teachers of a training, and how the shapes of objects are drawn."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from fovea.training.config_file import Positive, Share, StrictConfig


class TeacherConfig(StrictConfig):
    """A recognizer whose detections are learned.

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


class TeachingConfig(StrictConfig):
    """Where the objects are, as annotations and several recognizers say together.

    Attributes:
        teachers: recognizers that label all pictures.
        annotation_certainty: certainty of an annotated object that no teacher detects, 0..1. Below 1, because an object
            that detectors overlook need not be kept for them.
        shapes: how the shapes of objects without a mask are learned from those with a mask.
        labels: folder in which the labels are kept, so that they are made only once.
    """

    teachers: Annotated[tuple[TeacherConfig, ...], Field(min_length=1)]
    annotation_certainty: Share = 0.5
    shapes: ShapesConfig
    labels: Path = Path("runs/labels")
