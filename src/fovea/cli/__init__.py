"""The ``fovea`` command: one module a verb, no codec logic of its own. ``docs/cli.md`` shows its use."""

from fovea.cli.app import main

__all__ = ["main"]
