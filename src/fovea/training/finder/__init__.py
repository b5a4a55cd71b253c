"""The finder: its configuration, its teachers, its training patches and its training."""
