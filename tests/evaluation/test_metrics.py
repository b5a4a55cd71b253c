import math

import numpy as np
import pytest

from fovea.evaluation import mean_squared_error, psnr
from fovea.evaluation.metrics import mean_psnr


def test_error_of_a_part():
    original = np.zeros((4, 4, 3), np.uint8)
    decoded, left = original.copy(), np.zeros((4, 4), np.bool_)
    left[:, :2] = True
    decoded[left] = 10
    assert mean_squared_error(original, decoded) == 50
    assert mean_squared_error(original, decoded, left) == 100
    assert mean_squared_error(original, decoded, ~left) == 0


def test_error_is_the_same_in_both_directions():
    dark, bright = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    assert mean_squared_error(dark, bright) == mean_squared_error(bright, dark) == 255**2
    assert psnr(255**2) == 0


def test_an_image_without_error_counts_as_100_db():
    assert mean_psnr([0, 25]) == pytest.approx((100 + psnr(25)) / 2)


def test_no_image_has_no_psnr():
    assert math.isnan(mean_psnr([]))
