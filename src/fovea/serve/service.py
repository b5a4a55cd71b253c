"""The parts of the service that requests share."""

from dataclasses import dataclass

from fovea.serve.bodies import Intake
from fovea.serve.coding import Coding
from fovea.serve.metrics import Metrics
from fovea.serve.pool import Pool
from fovea.serve.settings import Settings


@dataclass(frozen=True)
class Service:
    """The parts of the service.

    Attributes:
        settings: what the operator decided.
        coding: the codecs.
        pool: the threads in which they work.
        intake: what receives bodies.
        metrics: the metrics.
    """

    settings: Settings
    coding: Coding
    pool: Pool
    intake: Intake
    metrics: Metrics
