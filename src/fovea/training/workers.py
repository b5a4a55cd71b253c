"""Processes beside a training that draw what it is trained on."""

from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset


def drawn_by_workers(stream: IterableDataset[Any], batch: int, workers: int) -> DataLoader[Any]:
    """Batches without end, ahead of the training that takes them.

    Args:
        stream: of samples; each worker gets a copy of it, pickled.
        batch: samples in a batch.
        workers: processes.
    """
    return DataLoader(
        stream,
        batch_size=batch,
        num_workers=workers,
        prefetch_factor=4,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=True,
        # A fork would inherit engines without their threads, and wait for these for ever when it frees one.
        multiprocessing_context="spawn",
    )
