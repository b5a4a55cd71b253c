"""Worker processes that make training samples."""

import sys
from types import ModuleType

import pytest

from fovea.training.data.workers import load_with_workers

from .inherited import INHERITED, Inherited


@pytest.fixture
def _in_one_process():
    """The processes are what these tests are about."""


def test_engines_stay_with_the_parent(monkeypatch):
    monkeypatch.setitem(sys.modules, INHERITED, ModuleType(INHERITED))
    batch = next(iter(load_with_workers(Inherited(), 3, workers=1)))
    assert batch.tolist() == [False] * 3
