"""The command ``fovea``, with one module for each verb and no logic of the codec. ``docs/cli.md`` describes its use."""

from fovea.cli.app import main

__all__ = ["main"]
