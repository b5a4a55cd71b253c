"""The precision in which the networks run."""

from fovea.engine import Engine, Network

HIGHEST_FAST_QUALITY = 70
"""Highest quality at which a 16-bit precision costs about 1 % of the bits or less.

``benchmarks/results/precision.csv`` has the measurement. The rounding errors of the networks are about the
same at each quality, but the quantization steps become smaller."""


class Transform:
    """A network that runs in the fastest precision that the quality allows, where the engine leaves the choice.

    The bits of a file can be decoded in every precision, because the scales come from a network of integers.

    Args:
        engine: inference runtime.
        graph: serialized ONNX model.
    """

    def __init__(self, engine: Engine, graph: bytes) -> None:
        self._fast = engine.load(graph)
        self._full = engine.load(graph, exact=True) if engine.precision == "auto" else self._fast

    def at(self, quality: int) -> Network:
        """Return the network for a quality, 0 to 100."""
        return self._fast if quality <= HIGHEST_FAST_QUALITY else self._full
