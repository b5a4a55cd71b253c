"""What each part of the training gives: ``python benchmarks/ablation.py``.

Trains variants of one configuration, all from the same start with the same seed for the same number of patches, and
compares them at equal PSNR inside the objects and at equal accuracy. ``README.md`` explains the columns.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import yaml

from fovea.evaluation import evaluate
from fovea.evaluation.contender import ROI
from fovea.evaluation.curves import Curve, Estimate, bd_rate
from fovea.evaluation.evaluate import Evaluation
from fovea.evaluation.tables import summarize
from fovea.recognition import load_dataset
from fovea.training.config import TrainingConfig
from fovea.training.export import export_model
from fovea.training.run import WEIGHTS, train
from images import COCO_IMAGES, COCO_MASKS, RESULTS, SHARED
from tables import Row, markdown, write_csv

SIZE = 256
"""Sides of patches, whatever the configuration says: less than half the time of 384, and the same for all."""
FEATURES = {
    "name": "task",
    "recognizer": "checkpoints/segmenter.onnx",
    "range": "0..255",
    "features": ["stride4", "stride8", "stride16"],
    "output_share": 0.0,
    "mse_share": 0.25,
    "background": 0.2,
}
"""Of the segmenter, weighted by object, beside the pixels."""
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "all": {},
    "plain-mse": {"architecture": "fovea-s", "loss": {"name": "mse"}, "mask_weight": 0.0},
    "nothing-looks-for-objects": {"architecture": "fovea-s", "mask_weight": 0.0},
    "auxiliary-head": {"architecture": "fovea-s"},
    "not-told-masks": {"mask_weight": 0.0},
    "given-a-map": {"architecture": "fovea-s-roi"},
    "features-too": {"loss": FEATURES},
    "features-everywhere": {"architecture": "fovea-s", "mask_weight": 0.0, "loss": {**FEATURES, "background": 1.0}},
    "features-of-a-detector": {
        "loss": {
            "name": "task",
            "recognizer": "../shared/models/yolox_nano.onnx",
            "color": "bgr",
            "range": "0..255",
            "size": SIZE,
            "output_share": 0.0,
            "mse_share": 0.25,
            "background": 0.2,
        }
    },
    "background-0": {"loss.background": 0.0},
    "background-0.02": {"loss.background": 0.02},
    "background-0.1": {"loss.background": 0.1},
    "normalized-by-objects": {"loss.normalization": "objects"},
    "labeled-masks-only": {"data.annotations": "../shared/data/coco/train.json"},
    "boxes": {"data.masks": "box"},
    "dilated-masks": {"data.dilation": 8},
    "edges-count-more": {"data.edges": 1.0},
    "all-sizes-alike": {"data.small": 0.0},
    "small-count-more": {"data.small": 0.5},
    "classes-as-they-come": {"data.repeat": 0.0},
    "constant-rate": {"decay": 0.0},
}
"""Fields that differ from the configuration, by the name of the variant."""
BASE = "all"
RECOGNIZERS = ("yolox_nano", "centernet_mbv3_512", "yolov5n")
"""None of them had a part in the labels that the configuration trains on; YOLOX-Nano has one in one variant."""
QUALITIES = (10, 30, 50, 70)
CONFIG = Path("configs/fovea-s-object-mse.yaml")
PATH = click.Path(path_type=Path)


def varied(config: Mapping[str, Any], name: str, patches: int) -> TrainingConfig:
    """The configuration of a variant; ``data.small`` names a field of a field."""
    fields: dict[str, Any] = {**config, "name": name, "patches": patches, "validate_every": patches}
    fields["data"] = {**fields["data"], "size": min(SIZE, fields["data"].get("size", SIZE))}
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


def at_equal_object_psnr(evaluation: Evaluation, codec: str) -> Estimate:
    """BD-rate against the configuration unchanged by PSNR inside the objects, in percent, without an interval."""
    base, varied = (_object_psnr(evaluation, name) for name in (BASE, codec))
    value = bd_rate(base, varied).value
    return Estimate(value, note="no common PSNR" if math.isnan(value) else "")


def _object_psnr(evaluation: Evaluation, codec: str) -> Curve:
    points = [(point.bpp, point.object_psnr) for point in evaluation.points if point.codec == codec]
    rates, levels = np.array(points).T
    return Curve(rates, levels, rates[None], levels[None])


def row(codec: str, patches: int, equal: str, rate: Estimate) -> Row:
    """One line of the table: a variant, compared at one thing equal."""
    name = codec.removesuffix(ROI)
    low, middle, high = "bd_rate_percent_low", "bd_rate_percent", "bd_rate_percent_high"
    figures = {middle: rate.value, low: rate.low, high: rate.high}
    return {
        "variant": name,
        "changes": ", ".join(f"{field}: {value}" for field, value in VARIANTS[name].items()),
        "patches": patches,
        "equal": equal,
        **{column: None if math.isnan(figure) else round(figure, 1) for column, figure in figures.items()},
        "note": rate.note,
    }


def compared(evaluation: Evaluation, patches: int) -> list[Row]:
    """The whole table, variants in their order."""
    codecs = list(dict.fromkeys(point.codec for point in evaluation.points if point.codec != BASE))
    rows = [row(codec, patches, "PSNR inside objects", at_equal_object_psnr(evaluation, codec)) for codec in codecs]
    rows += [row(one.codec, patches, str(one.question), one.bd_rate) for one in summarize(evaluation) if one.bd_rate]
    return sorted(rows, key=lambda line: list(VARIANTS).index(str(line["variant"])))


@click.command()
@click.option("--config", type=PATH, default=CONFIG, show_default=True, help="What is varied.")
@click.option("--patches", type=click.IntRange(1), default=4800, show_default=True, help="That each is trained on.")
@click.option("--variants", multiple=True, type=click.Choice(list(VARIANTS)), help="May be repeated.  [default: all]")
@click.option("--data", type=PATH, default=COCO_MASKS, help="COCO json with masks, to measure on.")
@click.option("--images", type=PATH, default=COCO_IMAGES, help="Folder of its images.")
@click.option("--limit", type=click.IntRange(1), help="At most so many images.")
@click.option("--recognizers", help="As for fovea eval.  [default: YOLOX-Nano, CenterNet and YOLOv5n]")
@click.option("--work", type=PATH, default=Path("runs/ablation"), show_default=True, help="Folder for runs and models.")
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(
    config: Path,
    patches: int,
    variants: Sequence[str],
    data: Path,
    images: Path,
    limit: int | None,
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
    dataset = load_dataset(data, images)
    evaluation = evaluate(
        dataset.limit(limit) if limit else dataset,
        codecs,
        judges,
        folder / "cache.sqlite",
        qualities={"": QUALITIES},
        anchor=BASE,
    )
    rows = compared(evaluation, patches)
    write_csv(out / "ablation.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
