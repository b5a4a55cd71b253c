"""How well recognizers work on decoded images, and at which bitrate.

Example::

    evaluation = evaluate(
        load_dataset("val.json", "val/"), ["fovea-s", "jpeg"], ["yolox_nano.onnx"], Path("out/cache.sqlite")
    )
    write_report(evaluation, Path("out"))

``evaluate.py`` is the place to start reading. An evaluation codes images with the codecs under test (``codecs.py``),
runs recognizers on them (``recognizers.py``), compares their output with a reference (``references.py``) and scores it
(``metrics.py``, ``scoring.py``). ``running`` does that work on all cores and caches it. ``curves.py`` and
``rate_accuracy.py`` make curves of the scores and read them, ``comparison.py`` compares codecs, ``gallery`` shows one
image, and ``report`` writes page, tables and plots.
``docs/evaluation.md`` explains what is measured, and how.
"""

from fovea.evaluation.codecs import find_codec
from fovea.evaluation.comparison import bd_rate
from fovea.evaluation.curves import Curve
from fovea.evaluation.evaluate import Evaluation, evaluate
from fovea.evaluation.figures import Estimate
from fovea.evaluation.gallery.drawing import draw_detections, list_detections
from fovea.evaluation.metrics import Metric, mean_squared_error, psnr
from fovea.evaluation.rate_accuracy import OriginalAccuracy, Point
from fovea.evaluation.report.page import REPORT_FILES, write_report
from fovea.evaluation.report.plots import Panel, plot_curves
from fovea.evaluation.report.text import summary_text
from fovea.evaluation.running.jobs import nearest_quality
from fovea.evaluation.specification import ROI_SUFFIX, CodecSpec

__all__ = [
    "REPORT_FILES",
    "ROI_SUFFIX",
    "CodecSpec",
    "Curve",
    "Estimate",
    "Evaluation",
    "Metric",
    "OriginalAccuracy",
    "Panel",
    "Point",
    "bd_rate",
    "draw_detections",
    "evaluate",
    "find_codec",
    "list_detections",
    "mean_squared_error",
    "nearest_quality",
    "plot_curves",
    "psnr",
    "summary_text",
    "write_report",
]
