"""Compare the rates of several priors.

Run ``python benchmarks/priors.py benchmarks/networks/priors.yaml``. The transforms of a trained codec stay unchanged,
and priors of several sizes learn, from random weights and with the same data, to code its latents. The comparison is
that of the bits of held-out patches, with rounding, at fixed qualities.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import click
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from ablation import PATH
from fovea.networks import (
    CodecNetwork,
    NetworkConfig,
    gaussian_bits,
    multiply_accumulates,
    rate_lambda,
    straight_through,
)
from fovea.training import (
    VALIDATION_QUALITIES,
    MuonAdam,
    PatchStream,
    StrictConfig,
    load_checkpoint,
    read_yaml,
    split_images,
)
from images import RESULTS
from tables import Row, markdown, write_csv

# Qualities that are learned, each once, in an irregular order.
_QUALITIES = tuple(5 + 37 * number % 91 for number in range(91))


class Priors(StrictConfig):
    """Priors that are trained with the same data.

    Attributes:
        checkpoint: checkpoint of the codec whose latents are coded. The images are those of its training.
        patches: number of patches whose latents are learned.
        held_out: number of patches of held-out images to measure on.
        steps: number of training steps.
        batch_size: latents per step.
        learning_rate: learning rate of Muon and Adam, which falls to zero along a half cosine.
        priors: fields of each network that differ from those of the codec. The others are compared with the first.
    """

    checkpoint: Path
    patches: Annotated[int, Field(ge=1)]
    held_out: Annotated[int, Field(ge=1)]
    steps: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: float = 0.003
    priors: Annotated[Mapping[str, Mapping[str, Any]], Field(min_length=1)]


class Latents(NamedTuple):
    """Latents float16 [N, latent, h, w], and the quality of each, [N]."""

    latent: Tensor
    quality: Tensor


@torch.no_grad()
def latents(network: CodecNetwork, patches: Iterable[Tensor], qualities: Sequence[int]) -> Latents:
    """Return the latents of patches, which take the qualities in turn."""
    found, used = [], []
    for number, patch in enumerate(patches):
        quality = torch.tensor([qualities[number % len(qualities)]])
        found.append(network.analyze(patch[None].float(), quality)[0].half())
        used.append(quality)
    return Latents(torch.cat(found), torch.cat(used))


class Prior(nn.Module):
    """A network without its transforms."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        network = CodecNetwork(config)
        del network.analysis, network.synthesis
        self.network = network

    def forward(self, latent: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        """Return the bits of y and of z, [B] each."""
        network = self.network
        z = network.hyper_analysis(latent, quality)
        hyper = gaussian_bits(self._rounded(z), network.hyper_indices(quality).expand_as(z))
        z = straight_through(z, z.round())
        index = network.scales(z, quality)
        _, residual, _ = network.quantize(latent, index, z, quality)
        bits = gaussian_bits(self._rounded(residual), index)
        bits = bits if self.training else bits * (index > 0)
        return bits.sum(dim=(1, 2, 3)), hyper.sum(dim=(1, 2, 3))

    def _rounded(self, value: Tensor) -> Tensor:
        return value + torch.rand_like(value) - 0.5 if self.training else value.round()


def train(prior: Prior, training: Latents, study: Priors) -> None:
    """Train a prior on latents, with the weights of qualities of :class:`fovea.training.CodecTraining`."""
    optimizer = MuonAdam(prior, study.learning_rate, study.learning_rate)
    schedule = LambdaLR(optimizer, lambda step: 0.5 * (1 + math.cos(math.pi * step / study.steps)))
    random = torch.Generator().manual_seed(0)
    for _ in tqdm(range(study.steps), leave=False):
        chosen = torch.randint(len(training.quality), (study.batch_size,), generator=random)
        quality = training.quality[chosen]
        with torch.autocast("cpu", torch.bfloat16):
            bits, hyper = prior(training.latent[chosen].float(), quality)
        loss = ((bits + hyper) * rate_lambda(quality) ** -0.5).mean() / bits[0].new_tensor(training.latent[0].numel())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        optimizer.step()
        schedule.step()


@torch.no_grad()
def measured(prior: Prior, latents: Latents) -> dict[int, tuple[float, float]]:
    """Return the mean bits of y and of z by quality."""
    bits, hyper = zip(*(prior(y[None].float(), q[None]) for y, q in zip(*latents, strict=True)), strict=True)
    by_quality = {}
    for quality in VALIDATION_QUALITIES:
        of = latents.quality == quality
        by_quality[quality] = torch.cat(bits)[of].mean().item(), torch.cat(hyper)[of].mean().item()
    return by_quality


@click.command()
@click.argument("study_file", metavar="STUDY", type=PATH)
@click.option("--out", type=PATH, default=RESULTS, help="Folder for the table.")
def main(study_file: Path, out: Path) -> None:
    """Train the priors of a STUDY, a YAML file, and compare them."""
    study = read_yaml(study_file, Priors)
    module = load_checkpoint(study.checkpoint)
    codec, data = module.network.eval(), module.config.data
    train_images, held_out = split_images(data)
    streams = [PatchStream(images, data.patch, cache=0) for images in (train_images, held_out)]
    drawn = (patch.image for patch in islice(iter(streams[0]), study.patches))
    training = latents(codec, drawn, _QUALITIES)
    fixed = (patch.image for patch in islice(iter(streams[1]), study.held_out))
    repeated = [patch for patch in fixed for _ in VALIDATION_QUALITIES]
    validation = latents(codec, repeated, VALIDATION_QUALITIES)

    rows: list[Row] = []
    first: dict[int, tuple[float, float]] = {}
    for name, fields in study.priors.items():
        torch.manual_seed(0)
        config = replace(codec.config, **fields)
        prior = Prior(config)
        train(prior.train(), training, study)
        bits = measured(prior.eval(), validation)
        first = first or bits
        counts = multiply_accumulates(config)
        changes = {q: 100 * (sum(bits[q]) / sum(first[q]) - 1) for q in VALIDATION_QUALITIES}
        rows.append(
            {
                "prior": name,
                "fields": " ".join(f"{field}={value}" for field, value in fields.items()),
                "kmac": round(sum(n for step, n in counts.items() if step not in ("analysis", "synthesis")) / 1000, 2),
                **{f"q{quality}_percent": round(change, 2) for quality, change in changes.items()},
                "mean_percent": round(sum(changes.values()) / len(changes), 2),
                "z_share_q10": round(bits[10][1] / sum(bits[10]), 3),
            }
        )
        write_csv(out / f"{study_file.stem}.csv", rows)
    click.echo(markdown(rows))


if __name__ == "__main__":
    main()
