"""Checkpoint to deployable model."""

import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fovea.coding import Model, Region
from fovea.entropy import FrequencyTables
from fovea.errors import FoveaError
from fovea.networks import CodecNetwork, NetworkConfig, decoding, encoding, multiply_accumulates
from fovea.networks.deploy import export_graphs, halo, prove_exact, round_weights
from fovea.spec import QUALITIES, SCALES
from fovea.training.config import TrainingConfig
from fovea.training.module import CodecTraining
from fovea.training.patches import Patch, PatchStream
from fovea.training.run import load_weights
from fovea.training.sources import split_images

_REACH = 256


def load_checkpoint(checkpoint: Path) -> CodecTraining:
    """The training module of a checkpoint, with averaged weights.

    Raises:
        FoveaError: the file is no checkpoint of a training.
    """
    try:
        saved = torch.load(checkpoint, map_location="cpu", weights_only=False)
        config = TrainingConfig.model_validate(saved["hyper_parameters"]["config"])
    except Exception as error:  # what is no pickle raises errors of every kind
        raise FoveaError(f"{checkpoint} is no checkpoint of a training: {error}") from error
    module = CodecTraining(config)
    load_weights(module, checkpoint)
    return module


@torch.no_grad()
def measure_symbols(network: CodecNetwork, patches: list[Patch]) -> list[NDArray[np.int64]]:
    """Histograms of what would be coded at each scale index, over all qualities.

    Args:
        network: trained.
        patches: pictures like those to be coded.

    Returns:
        For each scale index the counts of −256..256, clipped.
    """
    counts = np.zeros((len(SCALES), 2 * _REACH + 1), np.int64)

    def add(symbols: Tensor, index: Tensor) -> None:
        rows = index.long().expand_as(symbols).reshape(-1).numpy()
        columns = symbols.long().clamp(-_REACH, _REACH).reshape(-1).numpy() + _REACH
        np.add.at(counts, (rows, columns), 1)

    for number, patch in enumerate(patches):
        quality = torch.tensor([number * 37 % QUALITIES])
        latent, region = network.analyze(patch.image[None].float(), quality, patch.mask[None] > 0)
        z = network.hyper_analysis(latent, quality, region).round()
        index = network.scales(z, quality)
        _, residual, _ = network.quantize(latent, index, z, quality)
        add(residual.round(), index)
        add(z, network.hyper_indices(quality))
    return list(counts)


def export_model(checkpoint: Path, name: str | None = None, calibration: int = 256) -> Model:
    """Build the deployable model of a checkpoint.

    The frequency tables are measured on training patches: what the network really produces at each scale index,
    smoothed with the Gaussian it was trained for.

    Args:
        checkpoint: of ``fovea train``.
        name: of the model; that of the run by default.
        calibration: training patches to measure on; 0 takes the Gaussian tables.

    Returns:
        The model, ready to save.

    Raises:
        FoveaError: the checkpoint cannot be read, or its network follows the background, which files do not tell yet.
        ModelError: its integer network is not proven exact.
    """
    module = load_checkpoint(checkpoint)
    config, network = module.config, module.network.eval()
    if network.config.background:
        raise FoveaError(f"{checkpoint} follows the background, and files do not say which: it cannot be exported")
    round_weights(network)
    largest = prove_exact(network)
    if calibration:
        data = config.data
        train, _ = split_images(data)
        stream = PatchStream(train, data.size, data.scale, data.objects, seed=config.seed + 1, cache=0)
        tables = FrequencyTables.from_counts(measure_symbols(network, list(islice(iter(stream), calibration))))
    else:
        tables = FrequencyTables.gaussian()
    return Model(
        name=name or config.name,
        latent=network.config.latent,
        hyper=network.config.hyper,
        halo=halo(network.config),
        graphs=export_graphs(network),
        tables=tables,
        hyper_index=_hyper_index(network),
        region=_region(network.config),
        steps=network.config.mean_steps,
        card=_card(checkpoint, config, largest),
    )


def _region(config: NetworkConfig) -> Region:
    if config.roi:
        return Region.GIVEN
    return Region.FOUND if config.objectness else Region.NONE


def _hyper_index(network: CodecNetwork) -> NDArray[np.uint8]:
    index = network.hyper_indices(torch.arange(QUALITIES))[:, :, 0, 0]
    return index.detach().numpy().astype(np.uint8)


def _card(checkpoint: Path, config: TrainingConfig, largest: int) -> dict[str, Any]:
    saved = torch.load(checkpoint, map_location="cpu", weights_only=False)
    counts = multiply_accumulates(config.architecture)
    return {
        "kmac_per_pixel": {
            "encode": round(sum(encoding(counts).values()) / 1000, 2),
            "decode": round(sum(decoding(counts).values()) / 1000, 2),
        },
        "steps": saved["global_step"],
        "patches": saved["global_step"] * config.batch,
        "hours": round(saved.get("hours", 0.0), 2),
        "config": config.model_dump(mode="json"),
        "largest_accumulator": largest,
        "exported": time.strftime("%Y-%m-%d"),
    }
