"""How often images and objects are shown, so that rare classes are not forgotten over the common ones."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def repeat_factors(classes: Sequence[Sequence[int]], threshold: float) -> tuple[Floats, list[Floats]]:
    """How much more often than others images and objects are to be drawn.

    A class on a share f of the images has the factor max(1, √(t/f)), and an image that of its rarest class: repeat
    factor sampling, "LVIS: A Dataset for Large Vocabulary Instance Segmentation" (Gupta, Dollár and Girshick, 2019).
    A data set whose images were chosen for one class, such as persons, teaches to find little else without it.

    Args:
        classes: of the objects on each image.
        threshold: t, share of the images below which a class is rare; 0 draws all alike.

    Returns:
        The factor of each image, [N], and of each of its objects.

    Example:
        >>> images, objects = repeat_factors([[1], [1], [1], [1, 2]], threshold=1.0)
        >>> images, objects[3]
        (array([1., 1., 1., 2.]), array([1., 2.]))
    """
    seen = Counter(number for image in classes for number in set(image))
    factor = {number: max(1.0, np.sqrt(threshold * len(classes) / count)) for number, count in seen.items()}
    objects = [np.array([factor[number] for number in image]) for image in classes]
    return np.array([image.max(initial=1.0) for image in objects]), objects
