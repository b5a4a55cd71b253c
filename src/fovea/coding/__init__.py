"""The steps between pixels and tile bytes, each a function that can be tried alone."""
