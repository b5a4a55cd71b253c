"""Measure what it brings to refine latents: ``python benchmarks/refinement.py``.

An encoder may search for a better latent than its analysis gives, by gradients through the decoder, and every decoder
reads the result. The search is that of Yang, Bamler and Mandt, "Improving Inference for Neural Image Compression"
(NeurIPS 2020): values are rounded up or down at random, and less and less at random. The question is whether
recognizers gain that the search does not know. The table has the bits at equal distance to the original, against the
same model without a search, as BD-rates: by the squared error of the objects, and by inner features of recognizers.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from fovea.datasets import read_coco
from fovea.evaluation import Curve, bd_rate
from fovea.networks import CodecNetwork, TwoStepMeans, gaussian_bits, rate_lambda
from fovea.training import Distortion, TaskDistortion, load_checkpoint, object_mse
from images import COCO_IMAGES, COCO_MASKS, RESULTS, SHARED
from objects import choose
from tables import Row, markdown, write_csv

CHECKPOINTS = Path(__file__).resolve().parents[1] / "checkpoints"
QUALITIES = (20, 35, 50, 70)
SIDE = 448
"""Side in pixels of the middle of an image, which is coded."""
BACKGROUND = 0.1
"""Weight of the distances outside of the objects."""
LEARNING_RATE = 0.02
"""Learning rate of Adam, in quantization steps."""
HOTTEST, COLDEST = 0.5, 0.04
"""The temperature of the rounding at the begin and at the end of the search."""


class Start(NamedTuple):
    """What the search starts from and does not change.

    Attributes:
        image: original image, [1, 3, H, W].
        latent: output of the analysis, [1, latent, h, w].
        indices: scale indices, same shape.
        features: input of the networks of the means.
        step: quantization steps, [1, 1, h, w].
        hyper_bits: estimated bits of z.
        quality: int64 [1].
    """

    image: Tensor
    latent: Tensor
    indices: Tensor
    features: Tensor
    step: Tensor
    hyper_bits: Tensor
    quality: Tensor


@torch.no_grad()
def start(network: CodecNetwork, image: Tensor, quality: int) -> Start:
    """Return what the encoder gives for an image, [1, 3, H, W], 0..255."""
    control = torch.tensor([quality])
    latent, region = network.analyze(image, control)
    z = network.hyper_analysis(latent, control, region).round()
    hyper_bits = gaussian_bits(z, network.hyper_indices(control).expand_as(z)).sum()
    features = network.means.features(z, control)
    steps = network.means.steps(features, control)
    step = torch.ones_like(latent[:, :1]) if steps is None else steps[0]
    return Start(image, latent, network.scales(z, control), features, step, hyper_bits, control)


def code(
    network: CodecNetwork, begin: Start, change: Tensor, rounding: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the decoded image and the estimated bits of a changed latent.

    Args:
        network: the codec.
        begin: what the encoder gives.
        change: change of the latent in quantization steps, same shape.
        rounding: function that rounds residuals.
    """
    means = network.means
    assert isinstance(means, TwoStepMeans)
    latent, coded, board = begin.latent + change * begin.step, begin.indices > 0, means.first_board(begin.latent)
    mean = means.first(begin.features).float()
    first = rounding((latent - mean) / begin.step) * coded
    mean = torch.where(board > 0, mean, means.second_means(begin.features, (mean + first * begin.step) * board).float())
    residual = torch.where(board > 0, first, rounding((latent - mean) / begin.step) * coded)
    bits = (gaussian_bits(residual, begin.indices) * coded).sum() + begin.hyper_bits
    return network.synthesis(mean + residual * begin.step, begin.quality), bits


def rounded_at_random(residual: Tensor, temperature: float) -> Tensor:
    """Round up or down with probabilities that the distances give, softly where the temperature is high."""
    below = residual.floor()
    above = (residual - below).clamp(1e-4, 1 - 1e-4)
    logits = torch.stack([-above.atanh(), -(1 - above).atanh()]) / temperature
    gumbel = -(-torch.rand_like(logits).clamp(1e-9, 1 - 1e-7).log()).log()
    return below + ((logits + gumbel) / temperature).softmax(0)[1]


def refined(network: CodecNetwork, begin: Start, distance: Distortion, steps: int) -> Tensor:
    """Return the change of the latent that lowers ``R + λ·D``, where D is a distance weighted as the decoder does."""
    change = torch.zeros_like(begin.latent, requires_grad=True)
    optimizer = torch.optim.Adam([change])
    weight = F.interpolate(begin.step**-2, begin.image.shape[2:])  # steps are proportional to weights to the power -½
    scale = rate_lambda(begin.quality) * begin.image[0, 0].numel()
    for number in range(steps):
        done = number / steps
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (0.55 + 0.45 * math.cos(math.pi * done))
        temperature = HOTTEST * (COLDEST / HOTTEST) ** done
        rounding = partial(rounded_at_random, temperature=temperature)
        with torch.autocast("cpu", torch.bfloat16):
            decoded, bits = code(network, begin, change, rounding)
        loss = bits + (scale * distance(decoded.float(), begin.image, weight)).sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return change.detach()


def recognizers() -> dict[str, Distortion]:
    """Return the distance by the features of each recognizer that taught none of the codecs."""

    def features_of(name: str, **settings: object) -> Distortion:
        path = SHARED / "models" / f"{name}.onnx"
        return TaskDistortion(path, output_share=0, mse_share=0, **settings)  # type: ignore[arg-type]

    return {
        "yolox_nano": features_of("yolox_nano", color="bgr", range="0..255"),
        "centernet_mbv3_512": features_of("centernet_mbv3_512", range="0..255"),
        "yolov5n": features_of("yolov5n"),
    }


def segmenter() -> Distortion:
    """Return what ``fovea-s`` is trained for: pixels, and the features of a segmenter."""
    features = ["stride4", "stride8", "stride16"]
    path = CHECKPOINTS / "segmenter.onnx"
    return TaskDistortion(path, range="0..255", features=features, output_share=0, mse_share=0.25)


def images(number: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the middle of images, [1, 3, SIDE, SIDE], and the weights of distances on it, [1, 1, SIDE, SIDE]."""
    data = read_coco(COCO_MASKS, COCO_IMAGES)
    for image, mask in choose(data, number):
        pixels = np.dstack([image.load(), mask])
        padded = np.pad(pixels, [*((0, max(0, SIDE - side)) for side in mask.shape), (0, 0)], mode="edge")
        top, left = ((side - SIDE) // 2 for side in padded.shape[:2])
        cut = torch.from_numpy(padded[top : top + SIDE, left : left + SIDE]).permute(2, 0, 1)[None].float()
        yield cut[:, :3].contiguous(memory_format=torch.channels_last), cut[:, 3:].clamp(min=BACKGROUND)


@click.command()
@click.option("--images", "number", type=click.IntRange(1), default=6, show_default=True, help="Number of images.")
@click.option("--steps", type=click.IntRange(1), default=100, show_default=True, help="Steps of the search.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS, help="Folder for the table.")
def main(number: int, steps: int, out: Path) -> None:
    """Refine the latents of several models, and compare them with those that are not refined."""
    torch.manual_seed(0)
    judges = {"object_mse": object_mse, **recognizers()}
    ways = [
        ("fovea-s-mse", "pixels", object_mse),
        ("fovea-s-object-mse", "pixels", object_mse),
        ("fovea-s", "pixels", object_mse),
        ("fovea-s", "features", segmenter()),
    ]
    rows: list[Row] = []
    for model, target, distance in ways:
        network = load_checkpoint(CHECKPOINTS / f"{model}.ckpt").network.eval().requires_grad_(False)
        sums = torch.zeros(2, len(QUALITIES), 1 + len(judges))
        for image, weight in tqdm(images(number), desc=f"{model}, {target}", total=number, leave=False):
            for place, quality in enumerate(QUALITIES):
                begin = start(network, image, quality)
                unchanged = torch.zeros_like(begin.latent)
                for way, change in enumerate((unchanged, refined(network, begin, distance, steps))):
                    with torch.no_grad():
                        decoded, bits = code(network, begin, change, torch.round)
                        pixels = decoded.float().round().clamp(0, 255)
                        distances = [judge(pixels, image, weight).squeeze() for judge in judges.values()]
                    sums[way, place] += torch.stack([bits / image[0, 0].numel(), *distances]) / number
        bits, *distances = sums.unbind(-1)
        rows.append(
            {
                "model": model,
                "search_for": target,
                "images": number,
                "steps": steps,
                "bits_percent": round(100 * (bits[1].sum() / bits[0].sum() - 1).item(), 1),
                **{f"{judge}_percent": _change(bits, of) for judge, of in zip(judges, distances, strict=True)},
            }
        )
        write_csv(out / "refinement.csv", rows)
    click.echo(markdown(rows))


def _change(bits: Tensor, distances: Tensor) -> float:
    """Return the BD-rate of the second row against the first, in percent: bits at equal distance."""
    rates, levels = bits.numpy(), -10 * distances.log10().numpy()
    plain, searched = (Curve(rate, level, rate[None], level[None]) for rate, level in zip(rates, levels, strict=True))
    return round(bd_rate(plain, searched).value, 1)


if __name__ == "__main__":
    main()
