"""The teachers of a training, and how the shapes of objects are drawn."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from fovea.training.config_file import Positive, Share, StrictConfig


class TeacherConfig(StrictConfig):
    """A recognizer whose detections are learned.

    Attributes:
        recognizer: recognizer of the classes of COCO, as for :func:`fovea.recognition.load`.
        score_threshold: score from which on a detection counts fully; below, it counts in proportion.
        quarters: names of the folders on whose pictures it also sees four overlapping parts, enlarged.
        mirrored: whether the whole picture is shown mirrored.
    """

    recognizer: Path
    score_threshold: Annotated[float, Field(gt=0, le=1)] = 0.25
    quarters: tuple[str, ...] = ()
    mirrored: bool = False


class ShapesConfig(StrictConfig):
    """How the shapes of objects are learned of which only the box is known.

    Attributes:
        recognizer: ONNX file of a detector, from whose features the shapes are drawn.
        tensors: names of its tensors that are the features.
        width: number of channels of the network that draws them.
        steps: number of steps of the training, each on 64 objects.
        learning_rate: peak learning rate.
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
        annotation_certainty: how certain an annotated object is that no teacher sees. What detectors overlook need not
            be kept for them.
        shapes: how the shapes of objects without a mask are drawn, by what the masks of the annotations teach.
        labels: folder in which the labels are kept, so that they are made once.
    """

    teachers: Annotated[tuple[TeacherConfig, ...], Field(min_length=1)]
    annotation_certainty: Share = 0.5
    shapes: ShapesConfig
    labels: Path = Path("runs/labels")
