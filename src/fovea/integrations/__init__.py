"""Fovea in other libraries: one module for each, imported by its name when it is needed.

Importing this package loads none of them, and none of those libraries.
"""

__all__: list[str] = []
