"""What runs the exported networks: one interface, several inference runtimes behind it."""

from fovea.engine.base import Engine, Network, create_engine, engine_names

__all__ = ["Engine", "Network", "create_engine", "engine_names"]
