"""The precision of the networks follows the quality, where the engine leaves the choice."""

import pytest

from fovea.coding.precision import HIGHEST_FAST_QUALITY, Transform


class StandIn:
    """An engine whose networks tell whether they were loaded as exact."""

    def __init__(self, precision: str) -> None:
        self.name, self.precision, self.threads = "stand-in", precision, 1
        self.loaded: list[bool] = []

    def load(self, graph: bytes, exact: bool = False):
        self.loaded.append(exact)
        return lambda: (graph, exact)


@pytest.mark.parametrize(
    ("quality", "exact"), [(0, False), (HIGHEST_FAST_QUALITY, False), (HIGHEST_FAST_QUALITY + 1, True), (100, True)]
)
def test_high_qualities_run_in_full_precision(quality, exact):
    assert Transform(StandIn("auto"), b"graph").at(quality)() == (b"graph", exact)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_precision_that_the_user_chose_holds_at_all_qualities(precision):
    engine = StandIn(precision)
    transform = Transform(engine, b"graph")
    assert [transform.at(quality)() for quality in (0, 100)] == [(b"graph", False)] * 2
    assert engine.loaded == [False]
