"""Choose the background that goes with each quality: ``python benchmarks/backgrounds.py MODEL RUN.yaml -r a.onnx``.

The model codes the images that its training held out, at several backgrounds and qualities. A rule gives a background
for each quality. The rule is chosen with which recognizers need the fewest bits: the mean over all accuracies, and that
over the accuracies above 80 % of that on the originals. ``README.md`` explains the columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean

import click
import numpy as np
from PIL import Image

from fovea.datasets import Dataset, DatasetImage
from fovea.evaluation import Curve, Evaluation, Metric, OriginalAccuracy, bd_rate, evaluate
from fovea.spec import HIGHEST_BACKGROUND
from fovea.training import read_config, split_images
from images import RESULTS, evenly_spaced
from tables import Row, markdown, write_csv

BACKGROUNDS = (0, 20, 40, 60, 80, 100)
QUALITIES = (5, 15, 25, 35, 45, 60, 75, 90)
KNOTS = (0, 50, 100)
"""Qualities at which a rule sets the background. Between them it is interpolated, as ``fovea export`` does."""
SHARES = (0.0, 0.8)
"""Parts of the accuracy on the originals: accuracies below do not count."""
PATH = click.Path(path_type=Path, exists=True)
Rule = tuple[int, ...]
"""The background at each of the knots."""


@dataclass(frozen=True)
class Measured:
    """The curves of one recognizer.

    Attributes:
        curves: curve by background, each with a point for every quality of ``QUALITIES``.
        original: accuracy on the originals.
    """

    curves: Mapping[int, Curve]
    original: OriginalAccuracy

    @property
    def without_samples(self) -> "Measured":
        """The same with a single resample, for a search that needs no intervals."""
        curves = {background: _few_samples(curve) for background, curve in self.curves.items()}
        return Measured(curves, replace(self.original, samples=self.original.samples[:1]))

    def following(self, rule: Rule) -> Curve:
        """Return the curve of a model whose background follows the quality, interpolated between the measured ones."""
        backgrounds = sorted(self.curves)
        wanted = np.interp(QUALITIES, KNOTS, rule)
        place = np.interp(wanted, backgrounds, np.arange(len(backgrounds)))
        below = np.minimum(place.astype(int), len(backgrounds) - 2)
        share, points = place - below, np.arange(len(QUALITIES))
        curves = [self.curves[background] for background in backgrounds]

        def between(name: str) -> np.ndarray:
            values = np.stack([getattr(curve, name) for curve in curves])  # [B, P] or [B, R, P]
            low, high = (np.moveaxis(values, -1, 1)[index, points] for index in (below, below + 1))
            weight = share.reshape(-1, *[1] * (low.ndim - 1))
            return np.moveaxis((1 - weight) * low + weight * high, 0, -1)

        return Curve(*map(between, ("rates", "scores", "rate_samples", "score_samples")))

    def bits(self, rule: Rule, share: float) -> tuple[float, float, float]:
        """Return the bits in percent against the background 100 at equal accuracy, with their 95 % interval."""
        found = bd_rate(self.curves[HIGHEST_BACKGROUND], self.following(rule), self.original, share)
        return found.value, found.low, found.high


def _few_samples(curve: Curve) -> Curve:
    return replace(curve, rate_samples=curve.rate_samples[:1], score_samples=curve.score_samples[:1])


def held_out(config: Path, limit: int) -> Dataset:
    """Return images that a training held out: from each folder as many as from the others, evenly spaced.

    Args:
        config: configuration of the training.
        limit: largest number of images of a folder.
    """
    _, images = split_images(read_config(config).data)
    folders: dict[Path, list[Path]] = {}
    for path in sorted(image.path for image in images):
        folders.setdefault(path.parent, []).append(path)
    chosen = [path for paths in folders.values() for path in evenly_spaced(paths, limit)]
    sizes = [Image.open(path).size for path in chosen]
    pictures = [DatasetImage(number, path, *sizes[number]) for number, path in enumerate(chosen)]
    return Dataset("held out", tuple(pictures), (), {})


def measured(result: Evaluation, names: Mapping[int, str]) -> dict[Metric, Measured]:
    """Return what an evaluation measured of a model at several backgrounds.

    Args:
        result: the evaluation.
        names: name of the codec by background.
    """
    return {
        metric: Measured({background: curves[name] for background, name in names.items()}, original)
        for (metric, curves), original in zip(result.curves.items(), result.original_accuracy.values(), strict=True)
    }


def best_rule(recognizers: Sequence[Measured]) -> Rule:
    """Return the rule with which the recognizers need the fewest bits, on average."""
    quick = [one.without_samples for one in recognizers]

    def mean_bits(rule: Rule) -> float:
        return fmean(one.bits(rule, share)[0] for one in quick for share in SHARES)

    rules = product(sorted(quick[0].curves), repeat=len(KNOTS))
    return min(rules, key=lambda rule: float(np.nan_to_num(mean_bits(rule), nan=np.inf)))


def rows_of(rule: Rule, recognizers: Mapping[Metric, Measured]) -> list[Row]:
    """Return the rows of a rule, one for each recognizer."""
    named = {f"background_at_{quality}": background for quality, background in zip(KNOTS, rule, strict=True)}
    columns = ("bits_percent", "bits_above_80_percent")
    return [
        {"recognizer": metric.recognizer, "kind": metric.kind, **named}
        | {
            f"{column}{suffix}": round(value, 1)
            for column, share in zip(columns, SHARES, strict=True)
            for suffix, value in zip(("", "_low", "_high"), one.bits(rule, share), strict=True)
        }
        for metric, one in recognizers.items()
    ]


@click.command()
@click.argument("model")
@click.argument("config", type=PATH)
@click.option("-r", "--recognizer", "recognizers", multiple=True, required=True, help="Recognizer; may be repeated.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Images of each folder.")
@click.option("--cache", type=click.Path(path_type=Path), default=Path(".accuracy/cache.sqlite"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder of the table.")
def main(model: str, config: Path, recognizers: tuple[str, ...], limit: int, cache: Path, out: Path) -> None:
    """Choose the background of each quality for MODEL, on images that the training of CONFIG held out."""
    codecs = [f"{model}%{background}" for background in BACKGROUNDS]
    result = evaluate(held_out(config, limit), codecs, recognizers, cache, qualities={"": QUALITIES}, reference="self")
    names = dict(zip(BACKGROUNDS, (codec.name for codec in result.codecs), strict=True))
    found = measured(result, names)
    rule = best_rule(list(found.values()))
    constant = [(background,) * len(KNOTS) for background in BACKGROUNDS]
    rows = [row for one in [*constant, rule] for row in rows_of(one, found)]
    write_csv(out / "backgrounds.csv", rows)
    click.echo(markdown(rows))
    pairs = ",".join(f"{quality}:{background}" for quality, background in zip(KNOTS, rule, strict=True))
    click.echo(f"fovea export --backgrounds {pairs}")


if __name__ == "__main__":
    main()
