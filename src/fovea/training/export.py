"""Export of a checkpoint as a deployable model."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fovea.coding import Model, Region
from fovea.entropy import FrequencyTables
from fovea.errors import ArgumentError, FoveaError, about
from fovea.networks import (
    CodecNetwork,
    FinderConfig,
    NetworkConfig,
    decoding,
    encoding,
    export_finder,
    export_graphs,
    finder_multiply_accumulates,
    halo,
    multiply_accumulates,
    prove_exact,
    round_weights,
    stack_controls,
)
from fovea.spec import HIGHEST_BACKGROUND, QUALITIES, SCALES
from fovea.training.checkpoint import Checkpoint
from fovea.training.config import TrainingConfig
from fovea.training.data.codec_patches import read_sample
from fovea.training.data.patches import Patch, PatchStream
from fovea.training.finder.module import load_finder
from fovea.training.start import load_codec

_LARGEST_SYMBOL = 256
CALIBRATION_PATCHES = 256
"""Number of patches on which the frequency tables are measured."""
PATCH_SIZE = 256
"""Side in pixels of the patches in which a card counts the length of all trainings together."""


@torch.no_grad()
def measure_symbols(network: CodecNetwork, patches: Iterable[Patch]) -> list[NDArray[np.int64]]:
    """Count the symbols that would be coded at each scale index, over all qualities and backgrounds.

    Args:
        network: trained network.
        patches: patches like the images to be coded.

    Returns:
        For each scale index the counts of the symbols −256..256, int64 [513]; larger symbols count as the largest.
    """
    counts = np.zeros((len(SCALES), 2 * _LARGEST_SYMBOL + 1), np.int64)

    def add(symbols: Tensor, index: Tensor) -> None:
        rows = index.long().expand_as(symbols).reshape(-1).numpy()
        columns = symbols.long().clamp(-_LARGEST_SYMBOL, _LARGEST_SYMBOL).reshape(-1).numpy() + _LARGEST_SYMBOL
        np.add.at(counts, (rows, columns), 1)

    for number, patch in enumerate(patches):
        # 101 is a prime, so both go through all values, in different orders.
        quality = torch.tensor([number * 37 % QUALITIES])
        background = torch.tensor([number * 61 % QUALITIES]) if network.config.background else None
        controls = stack_controls(quality, background)
        latent, region = network.analyze(patch.image[None].float(), controls, patch.mask[None].clamp(max=1))
        z = network.hyper_analysis(latent, controls, region).round()
        index = network.scales(z, controls)
        _, residual, _ = network.quantize(latent, index, z, controls)
        add(residual.round(), index)
        add(z, network.hyper_indices(controls))
    return list(counts)


def export_model(
    checkpoint: Path,
    name: str | None = None,
    calibration: int = CALIBRATION_PATCHES,
    backgrounds: Mapping[int, int] | None = None,
    finder: Path | None = None,
) -> Model:
    """Build the deployable model of a checkpoint.

    The frequency tables are measured on training patches: they describe what the network produces at each scale index,
    smoothed with the Gaussian that it was trained for.

    Args:
        checkpoint: checkpoint of ``fovea train``.
        name: name of the model; None takes that of the run.
        calibration: number of training patches to measure on; 0 takes the tables of Gaussians.
        backgrounds: for a network with a background control, the background that the model uses at some qualities where
            the user gives none, by quality, both 0 to 100. Between these qualities it is interpolated, and beyond them
            it is constant. None takes 100 for all qualities, which counts all errors alike.
        finder: checkpoint of a finder, which finds the objects for a network with a background control, or in place of
            the objectness of an encoder; None for a model without a finder.

    Returns:
        The model, ready to save.

    Raises:
        FoveaError: the checkpoint cannot be read, or ``backgrounds`` or a finder do not fit its network.
        ModelError: its integer network is not proven exact.
    """
    saved = Checkpoint.read(checkpoint)
    with about(checkpoint):
        module = load_codec(saved)
        config, network = module.config, module.network.eval()
        if backgrounds and not network.config.background:
            raise FoveaError("has no control of the background: leave the backgrounds out")
        if finder and not (network.config.background or network.config.objectness):
            raise FoveaError(
                "cannot use a finder: it has no region of interest, or takes it as a channel of the picture"
            )
        round_weights(network)
        largest = prove_exact(network)
    tables, card = _tables(network, config, calibration), _card(saved, config, largest)
    finder_graph: dict[str, bytes] = {}
    if finder:
        finder_network = load_finder(finder)
        finder_graph = {"finder": export_finder(finder_network)}
        network.analysis.objectness = None
        card |= _finder_card(Checkpoint.read(finder), finder_network.config, config.architecture)
    return Model(
        name=name or config.name,
        latent=network.config.latent,
        hyper=network.config.hyper,
        halo=halo(network.config),
        graphs=export_graphs(network) | finder_graph,
        tables=tables,
        hyper_index=_hyper_index(network),
        region=Region.SEARCHED if finder else _region(network.config),
        backgrounds=background_table(backgrounds or {0: HIGHEST_BACKGROUND}) if network.config.background else None,
        steps=network.config.mean_steps,
        card=card,
    )


def _region(config: NetworkConfig) -> Region:
    if config.takes_map:
        return Region.GIVEN
    return Region.FOUND if config.objectness else Region.NONE


def background_table(backgrounds: Mapping[int, int]) -> tuple[int, ...]:
    """Return the background of each quality, given those of some.

    Args:
        backgrounds: background by quality, both 0 to 100; at least one.

    Raises:
        ArgumentError: a quality or a background is out of range.

    Example:
        >>> background_table({50: 20, 60: 40})[45:62:5]
        (20, 20, 30, 40)
    """
    points = sorted(backgrounds.items())
    if not points or not all(0 <= q < QUALITIES and 0 <= b <= HIGHEST_BACKGROUND for q, b in points):
        raise ArgumentError(f"backgrounds {dict(points)} are out of range: qualities and backgrounds are 0 to 100")
    known, values = (np.array(numbers, float) for numbers in zip(*points, strict=True))
    table = np.interp(np.arange(QUALITIES), known, values)
    return tuple(int(background) for background in np.rint(table))


def _tables(network: CodecNetwork, config: TrainingConfig, calibration: int) -> FrequencyTables:
    if not calibration:
        return FrequencyTables.gaussian()
    images, paint = read_sample(config, calibration, config.seed + 1)
    # Symbols are counted on patches whose classes are as frequent as in the images, and not as in the training.
    patch = config.data.patch.model_copy(update={"repeat_threshold": 0.0})
    stream = PatchStream(images, patch, seed=config.seed + 1, cache=0, paint=paint)
    return FrequencyTables.from_counts(measure_symbols(network, islice(iter(stream), calibration)))


def _hyper_index(network: CodecNetwork) -> NDArray[np.uint8]:
    qualities = torch.arange(QUALITIES)
    if not network.config.background:
        return network.hyper_indices(qualities)[:, :, 0, 0].detach().numpy().astype(np.uint8)
    pairs = torch.cartesian_prod(qualities, torch.arange(HIGHEST_BACKGROUND + 1))
    index = network.hyper_indices(pairs).detach().numpy().astype(np.uint8)
    return index.reshape(QUALITIES, HIGHEST_BACKGROUND + 1, -1)


def _finder_card(saved: Checkpoint, finder: FinderConfig, architecture: NetworkConfig) -> dict[str, Any]:
    """Return the entries of the card that change with a finder, which takes the place of the objectness."""
    return {
        "kmac_per_pixel": _cost(replace(architecture, objectness=0), finder_multiply_accumulates(finder)),
        "finder": saved.summary | {"config": dict(saved.config)},
    }


def _card(saved: Checkpoint, config: TrainingConfig, largest: int) -> dict[str, Any]:
    runs = [*saved.earlier, saved.summary]
    return {
        "kmac_per_pixel": _cost(config.architecture),
        "runs": runs,
        "patches_in_all": round(sum(run["patches"] * (run["patch_size"] / PATCH_SIZE) ** 2 for run in runs)),
        "config": config.model_dump(mode="json"),
        "largest_accumulator": largest,
        "exported": time.strftime("%Y-%m-%d"),
    }


def _cost(architecture: NetworkConfig, finding: float = 0.0) -> dict[str, float]:
    """Return the kMAC per pixel of encoding and of decoding, given the MAC per pixel of a finder."""
    counts = multiply_accumulates(architecture)
    return {
        "encode": round((sum(encoding(counts).values()) + finding) / 1000, 2),
        "decode": round(sum(decoding(counts).values()) / 1000, 2),
    }
