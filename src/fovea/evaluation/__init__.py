"""How well recognizers work on what a codec leaves of images, at which bitrate.

Example::

    evaluation = evaluate(
        load_dataset("val.json", "val/"), ["fovea-s", "jpeg"], ["yolox_nano.onnx"], Path("out/cache.sqlite")
    )
    write_report(evaluation, Path("out"))

``docs/evaluation.md`` tells what is measured, and how.
"""

import warnings

# supervision warns on import that it does without OpenCV. Nothing that is used here needs it.
warnings.filterwarnings("ignore", message="OpenCV", module=r"supervision\.")

from fovea.evaluation.evaluate import Evaluation, evaluate  # noqa: E402
from fovea.evaluation.point import Accuracy, Point, Question  # noqa: E402
from fovea.evaluation.report import write_report  # noqa: E402

__all__ = ["Accuracy", "Evaluation", "Point", "Question", "evaluate", "write_report"]
