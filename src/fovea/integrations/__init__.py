"""Fovea in other libraries: one module for each, which is imported by its name when it is needed.

Importing this package imports none of these modules and none of the libraries.
"""

__all__: list[str] = []
