"""The losses: distortions of pixels, the task loss, and the losses that teach a network where the objects are."""
