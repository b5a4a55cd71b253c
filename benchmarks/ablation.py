"""Measure what each part of the training contributes.

Run ``python benchmarks/ablation.py benchmarks/studies/parts.yaml``. It trains variants of one configuration, all from
the same start with the same seed for the same number of patches, and compares them at equal PSNR inside the objects
and at equal accuracy. ``README.md`` explains the columns.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import click
import numpy as np
from pydantic import Field

from fovea.datasets import load_dataset
from fovea.evaluation import ROI_SUFFIX, Curve, Estimate, Evaluation, bd_rate, evaluate
from fovea.store import save_model
from fovea.training import (
    WEIGHTS,
    StrictConfig,
    TrainingConfig,
    expand_path,
    export_model,
    read_fields,
    read_yaml,
    train,
)
from images import RESULTS
from points import read
from tables import Row, markdown, stamped, write_lines

BASE = "all"
"""The name of the unchanged configuration as a variant."""
Changes = Mapping[str, Any]
PATH = click.Path(path_type=Path)


class Study(StrictConfig):
    """Variants of one configuration, and what they are measured with.

    Attributes:
        config: configuration that is varied.
        common: changes in all variants; ``data.patch.size`` names a nested key.
        patches: number of patches that each variant is trained on.
        variants: changes of each variant.
        against: for a variant, another one that it is compared with, besides the unchanged configuration.
        data: COCO json to measure on.
        images: folder of its images.
        recognizers: recognizers, as for ``fovea eval``.
        qualities: qualities that are coded.
    """

    config: Path
    common: Changes = Field(default_factory=dict)
    patches: Annotated[int, Field(ge=1)]
    variants: Mapping[str, Changes]
    against: Mapping[str, str] = Field(default_factory=dict)
    data: Path
    images: Path
    recognizers: tuple[str, ...]
    qualities: tuple[int, ...]

    def changes(self, name: str) -> Changes:
        """Return the changes of a variant."""
        return {} if name == BASE else self.variants[name]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The comparisons: each variant with the unchanged configuration, then variants with others."""
        return [(name, BASE) for name in self.variants] + list(self.against.items())

    def configuration(self, name: str, patches: int) -> TrainingConfig:
        """Return the configuration of a variant, for this number of patches."""
        return changed(self.config, name, patches, {**self.common, **self.changes(name)})


def changed(config: Path, name: str, patches: int, changes: Changes) -> TrainingConfig:
    """Return a configuration with other values of some keys, which is checked once all are set.

    Args:
        config: YAML file of the configuration that is changed.
        name: name of the run.
        patches: number of patches to train on.
        changes: values by key; ``data.patch.size`` names a nested key.
    """
    fields: dict[str, Any] = {**read_fields(config), "name": name}
    fields |= {"patches": patches, "validate_every": patches}
    for path, value in changes.items():
        *outer, last = path.split(".")
        inner = fields
        for key in outer:
            inner[key] = {**inner.get(key, {})}  # YAML aliases share one mapping
            inner = inner[key]
        inner[last] = value
    return TrainingConfig.model_validate(fields)


def trained(config: TrainingConfig, folder: Path) -> Path:
    """Return the model file of a variant, which is trained and exported unless that was done before."""
    model = folder / f"{config.name}.fovea"
    if not model.exists():
        weights = folder / config.name / WEIGHTS
        if not weights.exists():
            train(config, weights.parent, resume=True)
        save_model(export_model(weights, config.name), model)
    return model


def at_equal_object_psnr(evaluation: Evaluation, anchor: str, codec: str) -> Estimate:
    """Return the BD-rate by PSNR inside the objects, in percent, without an interval."""
    value = bd_rate(_object_psnr(evaluation, anchor), _object_psnr(evaluation, codec)).value
    return Estimate(value, note="no common PSNR" if math.isnan(value) else "")


def _object_psnr(evaluation: Evaluation, codec: str) -> Curve:
    points = [(point.bpp, point.object_psnr) for point in evaluation.points if point.codec == codec]
    rates, levels = np.array(points).T
    return Curve(rates, levels, rates[None], levels[None])


def compared(study: Study, evaluation: Evaluation, patches: int) -> list[Row]:
    """Return the rows of the variants that were evaluated, in the order of the study."""
    codecs = dict.fromkeys(point.codec for point in evaluation.points)
    names = {codec.removesuffix(ROI_SUFFIX): codec for codec in codecs}
    rows: list[Row] = []
    for name, other in study.pairs:
        if name not in names or other not in names:
            continue
        anchor, codec = names[other], names[name]
        rates = {"PSNR inside objects": at_equal_object_psnr(evaluation, anchor, codec)}
        rates |= {str(metric): bd_rate(curves[anchor], curves[codec]) for metric, curves in evaluation.curves.items()}
        changes = ", ".join(f"{key}: {value}" for key, value in study.changes(name).items())
        rows += [
            {
                "variant": name,
                "against": other,
                "changes": changes,
                "patches": patches,
                "equal": equal,
                **_figures(rate),
            }
            for equal, rate in rates.items()
        ]
    return rows


def merged(study: Study, before: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    """Return the lines of a table, with those of the new comparisons replaced, in the order of the study.

    Lines of trainings of another length are dropped, because they cannot be compared.
    """

    def pair(line: Row) -> tuple[str, str]:
        return str(line["variant"]), str(line["against"])

    anew = {pair(line) for line in now}
    alike = [line for line in before if line["patches"] == str(now[0]["patches"])]
    kept = [line for line in alike if pair(line) in study.pairs and pair(line) not in anew]
    return sorted([*kept, *now], key=lambda line: study.pairs.index(pair(line)))


def _figures(rate: Estimate) -> Row:
    columns = {"bd_rate_percent": rate.value, "bd_rate_percent_low": rate.low, "bd_rate_percent_high": rate.high}
    rounded = {column: None if math.isnan(figure) else round(figure, 1) for column, figure in columns.items()}
    return {**rounded, "note": rate.note}


@click.command()
@click.argument("study_file", metavar="STUDY", type=PATH)
@click.option("--patches", type=click.IntRange(1), help="Patches per variant.  [default: as in the study]")
@click.option("--variants", multiple=True, help="Variant to train; may be repeated.  [default: all]")
@click.option("--limit", type=click.IntRange(1), help="Largest number of images.")
@click.option("--work", type=PATH, default=Path("runs/ablation"), show_default=True, help="Folder for runs and models.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(
    study_file: Path,
    patches: int | None,
    variants: Sequence[str],
    limit: int | None,
    work: Path,
    out: Path,
) -> None:
    """Train the variants of a STUDY, a YAML file, and compare them. Complete trainings are not repeated."""
    study = read_yaml(study_file, Study)
    if unknown := set(variants) - set(study.variants):
        raise click.BadParameter(f"{study_file} has no variant {', '.join(sorted(unknown))}")
    patches = patches or study.patches
    folder = work / f"{study_file.stem}-{patches}"
    runs = [study.configuration(name, patches) for name in (BASE, *(variants or study.variants))]
    codecs = [f"{trained(run, folder)}{ROI_SUFFIX if run.architecture.roi else ''}" for run in runs]
    dataset = load_dataset(expand_path(study.data), expand_path(study.images))
    evaluation = evaluate(
        dataset.limit(limit) if limit else dataset,
        codecs,
        [str(expand_path(Path(recognizer))) for recognizer in study.recognizers],
        folder / "cache.sqlite",
        qualities={"": study.qualities},
        anchor=BASE,
    )
    rows = compared(study, evaluation, patches)
    click.echo(markdown(rows))
    table = out / f"ablation_{study_file.stem}.csv"
    write_lines(table, merged(study, read(table) if table.exists() else [], stamped(rows)))


if __name__ == "__main__":
    main()
