"""How often images and objects are drawn, so that rare classes are drawn often enough."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def repeat_factors(classes: Sequence[Sequence[int]], threshold: float) -> tuple[Floats, list[Floats]]:
    """Return the factors by which each image and each object is drawn more often.

    A class on a share f of the images has the factor max(1, √(t/f)), and an image has the factor of its rarest class:
    the repeat factor sampling of Gupta, Dollár and Girshick, "LVIS: A Dataset for Large Vocabulary Instance
    Segmentation" (CVPR 2019). Without it, images that were chosen for one class, such as persons, teach a network to
    find little else.

    Args:
        classes: classes of the objects on each image.
        threshold: t, the share of the images below which a class is rare; 0 draws all alike.

    Returns:
        The factor of each image, [N], and the factors of its objects.

    Example:
        >>> images, objects = repeat_factors([[1], [1], [1], [1, 2]], threshold=1.0)
        >>> images, objects[3]
        (array([1., 1., 1., 2.]), array([1., 2.]))
    """
    counts = Counter(number for image in classes for number in set(image))
    factor = {number: max(1.0, np.sqrt(threshold * len(classes) / count)) for number, count in counts.items()}
    objects = [np.array([factor[number] for number in image]) for image in classes]
    return np.array([image.max(initial=1.0) for image in objects]), objects
