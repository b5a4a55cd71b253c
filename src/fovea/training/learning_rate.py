"""The schedule of the learning rate of all trainings."""

import math


def learning_rate_factor(step: int, steps: int, warmup_steps: float, decay_fraction: float) -> float:
    """Return the learning rate of a step as a share of its peak: linear warm-up, then constant, then a half cosine.

    Args:
        step: number of steps done.
        steps: number of steps of the training.
        warmup_steps: number of steps of the warm-up.
        decay_fraction: share of the steps, at the end, in which the learning rate falls to zero.

    Example:
        >>> [round(learning_rate_factor(step, 100, 4, 0.5), 2) for step in (0, 1, 40, 75, 100)]
        [0.25, 0.5, 1.0, 0.5, 0.0]
    """
    warm = min(1.0, (step + 1) / max(warmup_steps, 1))
    start = steps * (1 - decay_fraction)
    if step < start:
        return warm
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - start) / max(steps - start, 1))))
