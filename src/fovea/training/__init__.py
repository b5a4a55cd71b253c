"""Training: data, masks, losses, the Lightning module, export. Needs the extra ``train``."""
