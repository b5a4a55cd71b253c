"""Start a training from the weights of another one."""

from collections.abc import Iterable
from pathlib import Path

import torch

from fovea.errors import about
from fovea.networks import copy_channels, copy_shared, fit_detail, latent_places, start_network
from fovea.training.checkpoint import Checkpoint
from fovea.training.codec_module import CodecTraining
from fovea.training.config import TrainingConfig
from fovea.training.data.patches import Patch
from fovea.training.training_module import NetworkTraining


def load_checkpoint(path: Path) -> CodecTraining:
    """Return the codec training of a checkpoint, with averaged weights.

    Raises:
        FoveaError: the file is no checkpoint of a codec training, or its weights do not fit its configuration.
    """
    saved = Checkpoint.read(path)
    with about(path):
        return load_codec(saved)


def load_codec(saved: Checkpoint) -> CodecTraining:
    """Return the codec training of a checkpoint in memory, with averaged weights.

    Raises:
        FoveaError: the checkpoint is not one of a codec training, or its weights do not fit its configuration.
    """
    module = CodecTraining(saved.validated_config(TrainingConfig))
    module.load_weights(saved)
    return module


def start_from(module: NetworkTraining, checkpoint: Path, patches: Iterable[Patch]) -> None:
    """Copy the averaged weights of a checkpoint into a module, which may have parts that the checkpoint lacks.

    Such parts keep their initial weights, see :func:`fovea.networks.start_network`. New detail is fitted to what the
    network loses without it. Parts that only the checkpoint has are left out. The module notes the run of the
    checkpoint and the runs before it.

    Args:
        module: module to start; changed.
        checkpoint: checkpoint of a codec training.
        patches: patches to fit detail on.

    Raises:
        FoveaError: the file is no checkpoint of a codec training, or does not fit the network of the module.
    """
    saved = Checkpoint.read(checkpoint)
    with about(checkpoint):
        with torch.random.fork_rng(devices=[]):  # the random numbers of this run stay those of a run without start
            source = load_codec(saved)
        start_network(module.network, source.network)
    module.earlier = [*map(dict, saved.earlier), saved.summary]
    config = module.network.config
    grown = config.detail != source.network.config.detail
    if isinstance(module, CodecTraining) and module.mask_head is not None and source.mask_head is not None:
        copy_shared(module.mask_head, source.mask_head)
        if grown:
            places, _ = latent_places(config)
            copy_channels(module.mask_head.stem.weight, source.mask_head.stem.weight, places, 1)
    if grown:
        fit_detail(module.network, (patch.image for patch in patches))
