"""Distortions, the task loss, and the supervision of objects."""
