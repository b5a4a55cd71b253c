"""The configuration of a finder's training."""

from pathlib import Path

from fovea.training.config_file import StrictConfig


class TeacherConfig(StrictConfig):
    """A recognizer whose detections are learned on pictures without labels.

    Attributes:
        recognizer: recognizer, as for :func:`fovea.recognition.load`.
        quarters: whether it also sees four overlapping parts of each picture, enlarged.
        mirrored: whether the whole picture is shown mirrored.
    """

    recognizer: Path
    quarters: bool = False
    mirrored: bool = False
