"""The parts of the service that all requests share."""

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
        settings: how the service runs.
        coding: codecs of the models.
        pool: threads in which the codecs run.
        intake: receiver of bodies, which counts the memory of bodies and answers.
        metrics: metrics of the service.
    """

    settings: Settings
    coding: Coding
    pool: Pool
    intake: Intake
    metrics: Metrics
