"""Worker processes that make training samples."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from torch.utils.data import IterableDataset

from fovea.training.data.workers import load_with_workers

INHERITED = "what_only_the_parent_has"


@pytest.fixture
def _in_one_process():
    """The processes are what these tests are about."""


class _Inherited(IterableDataset[bool]):
    """Whether a worker process has the modules of its parent in memory."""

    def __iter__(self) -> Iterator[bool]:
        while True:
            yield INHERITED in sys.modules


def test_engines_stay_with_the_parent(monkeypatch):
    monkeypatch.setitem(sys.modules, INHERITED, ModuleType(INHERITED))
    batch = next(iter(load_with_workers(_Inherited(), 3, workers=1)))
    assert batch.tolist() == [False] * 3
