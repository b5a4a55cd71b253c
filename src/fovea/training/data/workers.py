"""Worker processes that make training samples."""

from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset


def load_with_workers(stream: IterableDataset[Any], batch_size: int, workers: int) -> DataLoader[Any]:
    """Return a loader of endless batches, which workers make ahead of the training.

    Args:
        stream: stream of samples; each worker receives a pickled copy.
        batch_size: number of samples in a batch.
        workers: number of processes.
    """
    return DataLoader(
        stream,
        batch_size=batch_size,
        num_workers=workers,
        prefetch_factor=4,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=True,
        # A forked process would inherit engines without their threads, and would wait forever when it frees one.
        multiprocessing_context="spawn",
    )
