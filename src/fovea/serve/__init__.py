"""The service: Fovea over HTTP, with a page to try it, limits and metrics. Needs the extra ``serve``."""

from fovea.serve.app import create_app
from fovea.serve.server import run
from fovea.serve.settings import Limits, Settings, installed_models

__all__ = ["Limits", "Settings", "create_app", "installed_models", "run"]
