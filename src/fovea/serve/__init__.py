"""The service: Fovea over HTTP, with limits, metrics and a page to try it. Needs the extra ``serve``."""

from fovea.serve.server import run
from fovea.serve.settings import Limits, Settings, installed_models

__all__ = ["Limits", "Settings", "installed_models", "run"]
