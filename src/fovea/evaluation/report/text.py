"""The figures of an evaluation as text for a terminal."""

import math
from collections.abc import Iterable, Sequence

from fovea.evaluation.comparison import SHARES, USEFUL_SHARE
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.figures import Estimate
from fovea.evaluation.report.summary import Row, summarize

_WIDTH = 15
"""Characters of a column of figures."""


def summary_text(evaluation: Evaluation) -> str:
    """Return a table of what leads: the bits that keep accuracy, then BD-rates, with intervals below the figures."""
    rows = summarize(evaluation)
    blocks = []
    for metric, original in evaluation.original_accuracy.items():
        title = f"{metric}: {metric.name} {100 * original.value:.1f} on the originals"
        if original.half_width > 0:
            images = original.images_for_a_point(evaluation.images)
            title += f", ±{100 * original.half_width:.1f} with {evaluation.images} images (±1 takes about {images:.2g})"
        blocks.append("\n".join([title, *_table([row for row in rows if row.metric == metric])]))
    if evaluation.best_sizes:
        blocks.append("\n".join(f"{best} draws on {', '.join(sizes)}" for best, sizes in evaluation.best_sizes.items()))
    return "\n\n".join(blocks)


def _table(rows: Sequence[Row]) -> Iterable[str]:
    width = max(len("bits per pixel to keep"), *(len(row.codec) for row in rows))
    useful = f"BD-rate ≥ {100 * USEFUL_SHARE:.0f} %"
    yield _line("bits per pixel to keep", width, [*(f"{100 * share:.0f} %" for share in SHARES), useful, "BD-rate"])
    for row in rows:
        if row.useful is None or row.whole is None:
            rates = [("anchor", ""), ("anchor", "")]
        else:
            rates = [_cell(row.useful, "{:+.0f}", " %"), _cell(row.whole, "{:+.0f}", " %")]
        cells = [*(_cell(row.keeping[share], "{:.3f}") for share in SHARES), *rates]
        yield _line(row.codec, width, [figure for figure, _ in cells])
        if any(interval for _, interval in cells):
            yield _line("", width, [interval for _, interval in cells])


def _cell(estimate: Estimate, pattern: str, unit: str = "") -> tuple[str, str]:
    """Return a figure and its interval."""
    if math.isnan(estimate.value):
        # Only what is short fits; the page has the reasons in full.
        return (estimate.note if len(estimate.note) < _WIDTH else "–"), ""
    return pattern.format(estimate.value) + unit, estimate.interval_text(pattern)


def _line(name: str, width: int, cells: Iterable[str]) -> str:
    return (name.ljust(width) + "".join(cell.rjust(_WIDTH) for cell in cells)).rstrip()
