"""The figures that a report consists of: those of each codec, and those of each pair of codecs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fovea.evaluation.comparison import SHARES, USEFUL_SHARE, Comparison, bd_rate, compare, mean_over_recognizers
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.figures import Estimate
from fovea.evaluation.metrics import Metric, MetricKind
from fovea.evaluation.rate_accuracy import rate_keeping, share_kept

FURTHER_SHARES = (0.99,)
"""Parts of the accuracy on the originals whose bitrates stand behind the figures that lead, in ``summary.csv`` alone:
few sets of images are so large that these have intervals."""
RATES = (0.15, 0.23)
"""Bitrates in bits per pixel at which the kept part of the accuracy is given: those of published comparisons."""
MEAN = "mean"
"""What stands for the recognizer where figures are means over recognizers."""


@dataclass(frozen=True)
class Row:
    """Figures of one codec for one metric.

    Attributes:
        metric: the metric.
        codec: name of the codec.
        keeping: bits per pixel that keep each of ``SHARES`` and ``FURTHER_SHARES``.
        useful: BD-rate in percent against the anchor above ``USEFUL_SHARE``; None for the anchor itself.
        whole: BD-rate in percent against the anchor; None for the anchor itself.
        kept: percent of the accuracy on the originals that is kept at each of ``RATES``.
    """

    metric: Metric
    codec: str
    keeping: Mapping[float, Estimate]
    useful: Estimate | None
    whole: Estimate | None
    kept: Mapping[float, Estimate]


@dataclass(frozen=True)
class Group:
    """All pairs of codecs for one metric, or in the mean over recognizers.

    Attributes:
        recognizer: name of the recognizer; ``MEAN`` for the mean over all that have this kind of output.
        kind: kind of output that is scored.
        pairs: a comparison for each ordered pair.
    """

    recognizer: str
    kind: MetricKind
    pairs: Sequence[Comparison]

    def against(self, codec: str) -> list[Comparison]:
        """Return the comparisons of all other codecs with one."""
        return [pair for pair in self.pairs if pair.against == codec]

    @property
    def title(self) -> str:
        """The title of a table of the group."""
        return str(Metric("mean over recognizers" if self.recognizer == MEAN else self.recognizer, self.kind))


def summarize(evaluation: Evaluation) -> list[Row]:
    """Compare all curves with that of the anchor and with the accuracy on the originals."""
    rows = []
    for metric, curves in evaluation.curves.items():
        original, anchor = evaluation.original_accuracy[metric], curves[evaluation.anchor]
        for codec, curve in curves.items():
            itself = codec == evaluation.anchor
            row = Row(
                metric,
                codec,
                {share: rate_keeping(curve, original, share) for share in (*SHARES, *FURTHER_SHARES)},
                None if itself else bd_rate(anchor, curve, original, USEFUL_SHARE),
                None if itself else bd_rate(anchor, curve),
                {rate: share_kept(curve, original, rate) for rate in RATES},
            )
            rows.append(row)
    return rows


def compare_pairs(evaluation: Evaluation) -> list[Group]:
    """Compare all codecs with each other, for each metric, and in the mean where there are several recognizers."""
    groups = [
        Group(metric.recognizer, metric.kind, compare(curves, evaluation.original_accuracy[metric]))
        for metric, curves in evaluation.curves.items()
    ]
    means = []
    for kind in dict.fromkeys(group.kind for group in groups):
        alike = [group.pairs for group in groups if group.kind == kind]
        if len(alike) > 1:
            means.append(Group(MEAN, kind, mean_over_recognizers(alike)))
    return [*means, *groups]
