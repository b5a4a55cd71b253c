"""The service: Fovea over HTTP, with a page to try it, limits and metrics. Needs the extra ``serve``."""

from fovea.serve.server import run
from fovea.serve.settings import Limits, Settings, installed_models

__all__ = ["Limits", "Settings", "installed_models", "run"]
