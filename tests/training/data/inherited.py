"""A stream that worker processes draw from, in a module of its own: they import it, and nothing else of the tests."""

import sys
from collections.abc import Iterator

from torch.utils.data import IterableDataset

INHERITED = "what_only_the_parent_has"


class Inherited(IterableDataset[bool]):
    """Whether a worker process has the modules of its parent in memory."""

    def __iter__(self) -> Iterator[bool]:
        while True:
            yield INHERITED in sys.modules
