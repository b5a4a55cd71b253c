"""How well recognizers work on what a codec leaves of images, at which bitrate.

Example::

    evaluation = evaluate(
        load_dataset("val.json", "val/"), ["fovea-s", "jpeg"], ["yolox_nano.onnx"], Path("out/cache.sqlite")
    )
    write_report(evaluation, Path("out"))

``docs/evaluation.md`` tells what is measured, and how.
"""

from fovea.evaluation.evaluate import Evaluation, evaluate
from fovea.evaluation.point import Accuracy, Point, Question
from fovea.evaluation.report import REPORT_FILES, write_report

__all__ = ["REPORT_FILES", "Accuracy", "Evaluation", "Point", "Question", "evaluate", "write_report"]
