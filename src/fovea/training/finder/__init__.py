"""The finder: its configuration, its training patches and its training."""
