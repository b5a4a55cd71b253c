"""What each part of the training gives: ``python benchmarks/ablation.py``.

Trains variants of one configuration, all from the same start with the same seed for the same number of patches, and
compares them by accuracy over bitrate. ``README.md`` explains the columns.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from fovea.evaluation import evaluate
from fovea.evaluation.contender import ROI
from fovea.evaluation.tables import Row as Compared
from fovea.evaluation.tables import summarize
from fovea.recognition import load_dataset
from fovea.training.config import TrainingConfig
from fovea.training.export import export_model
from fovea.training.run import WEIGHTS, train
from images import COCO_BOXES, COCO_IMAGES, RESULTS, SHARED
from tables import Row, markdown, write_csv

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "all": {},
    "plain-mse": {"architecture": "fovea-s", "loss": {"name": "mse"}, "mask_weight": 0.0},
    "nothing-looks-for-objects": {"architecture": "fovea-s", "mask_weight": 0.0},
    "auxiliary-head": {"architecture": "fovea-s"},
    "not-told-masks": {"mask_weight": 0.0},
    "given-a-map": {"architecture": "fovea-s-roi"},
    "background-0": {"loss.background": 0.0},
    "background-0.1": {"loss.background": 0.1},
    "normalized-by-objects": {"loss.normalization": "objects"},
    "labeled-masks-only": {"data.annotations": "../shared/data/coco/train.json"},
    "boxes": {"data.masks": "box"},
    "dilated-masks": {"data.dilation": 8},
    "edges-count-more": {"data.edges": 1.0},
    "all-sizes-alike": {"data.small": 0.0},
    "small-count-more": {"data.small": 0.5},
    "constant-rate": {"decay": 0.0},
}
"""Fields that differ from the configuration, by the name of the variant."""
BASE = "all"
RECOGNIZERS = ("yolox_nano", "yolov5n")
PATH = click.Path(path_type=Path)


def varied(config: Mapping[str, Any], name: str, patches: int) -> TrainingConfig:
    """The configuration of a variant; ``data.small`` names a field of a field."""
    fields: dict[str, Any] = {**config, "name": name, "patches": patches, "validate_every": patches}
    for path, value in VARIANTS[name].items():
        outer, _, inner = path.partition(".")
        fields[outer] = {**fields[outer], inner: value} if inner else value
    return TrainingConfig.model_validate(fields)


def trained(config: TrainingConfig, folder: Path) -> Path:
    """Model file of a variant, trained and exported unless that was done before."""
    model = folder / f"{config.name}.fovea"
    if not model.exists():
        weights = folder / config.name / WEIGHTS
        if not weights.exists():
            train(config, weights.parent, resume=True)
        export_model(weights, config.name).save(model)
    return model


def row(compared: Compared, patches: int) -> Row:
    """One line of the table: a variant for one recognizer."""
    name = compared.codec.removesuffix(ROI)
    rate = compared.bd_rate
    figures = (rate.value, rate.low, rate.high) if rate else (0.0, math.nan, math.nan)
    low, middle, high = "bd_rate_percent_low", "bd_rate_percent", "bd_rate_percent_high"
    return {
        "variant": name,
        "changes": ", ".join(f"{field}: {value}" for field, value in VARIANTS[name].items()),
        "patches": patches,
        "recognizer": compared.question.recognizer,
        "kind": compared.question.kind,
        **{
            column: None if math.isnan(figure) else round(figure, 1)
            for column, figure in zip((middle, low, high), figures, strict=True)
        },
        "note": rate.note if rate else "",
    }


@click.command()
@click.option("--config", type=PATH, default=Path("configs/fovea-s.yaml"), show_default=True, help="What is varied.")
@click.option("--patches", type=click.IntRange(1), default=9600, show_default=True, help="That each is trained on.")
@click.option("--variants", multiple=True, type=click.Choice(list(VARIANTS)), help="May be repeated.  [default: all]")
@click.option("--data", type=PATH, default=COCO_BOXES, help="COCO json to measure on.")
@click.option("--images", type=PATH, default=COCO_IMAGES, help="Folder of its images.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many images.")
@click.option("--recognizers", help="As for fovea eval.  [default: YOLOX-Nano and YOLOv5n]")
@click.option("--work", type=PATH, default=Path("runs/ablation"), show_default=True, help="Folder for runs and models.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(
    config: Path,
    patches: int,
    variants: Sequence[str],
    data: Path,
    images: Path,
    limit: int,
    recognizers: str | None,
    work: Path,
    out: Path,
) -> None:
    """Train variants of one configuration alike and compare them. What is done is not done again."""
    fields = yaml.safe_load(config.read_text())
    runs = [varied(fields, name, patches) for name in VARIANTS if name == BASE or not variants or name in variants]
    folder = work / str(patches)
    codecs = [f"{trained(run, folder)}{ROI if run.architecture.roi else ''}" for run in runs]
    judges = (
        recognizers.split(",") if recognizers else [str(SHARED / "models" / f"{name}.onnx") for name in RECOGNIZERS]
    )
    evaluation = evaluate(load_dataset(data, images).limit(limit), codecs, judges, folder / "cache.sqlite", anchor=BASE)
    rows = [row(compared, patches) for compared in summarize(evaluation)]
    write_csv(out / "ablation.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
