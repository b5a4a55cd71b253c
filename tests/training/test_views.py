"""Views of patches: what they change, what they leave, and that they are drawn from what was asked for."""

import pytest
import torch
from torch import Tensor

from fovea.training.views import PLAIN, View, Views

HEIGHT, WIDTH = 64, 96


@pytest.fixture
def image() -> Tensor:
    return torch.rand(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)) * 255


def test_the_plain_view_is_the_image(image):
    assert PLAIN.draw() == View()
    assert View().of(image, HEIGHT, WIDTH) is image


def test_a_zoomed_view_is_a_multiple_of_the_stride(image):
    assert View(zoom=2).of(image, HEIGHT, WIDTH).shape == (2, 3, 128, 192)
    assert View(zoom=0.7).of(image, HEIGHT, WIDTH).shape == (2, 3, 32, 64)
    assert View(zoom=0.1).of(image, HEIGHT, WIDTH).shape == (2, 3, 32, 32)
    # Without zoom the size is what the recognizer declares, whatever that is.
    assert View().of(image, 40, 50).shape == (2, 3, 40, 50)


def test_gains_are_of_each_channel_around_middle_gray(image):
    seen = View(gains=(0.5, 1.0, 2.0)).of(image, HEIGHT, WIDTH)
    torch.testing.assert_close(seen[:, 0], image[:, 0] / 2 + 127.5 / 2)
    torch.testing.assert_close(seen[:, 1], image[:, 1])
    torch.testing.assert_close(seen[:, 2], image[:, 2] * 2 - 127.5)


def test_the_eight_orientations_differ_and_turn_weights_as_they_turn_images(image):
    views = [View(orientation=number) for number in range(8)]
    square = image[..., :HEIGHT]
    seen = [view.of(square, HEIGHT, HEIGHT) for view in views]
    assert all(not torch.equal(a, b) for i, a in enumerate(seen) for b in seen[:i])
    for view, turned in zip(views, seen, strict=True):
        torch.testing.assert_close(view.turned(square[:, :1]), turned[:, :1])
        # A network may take one shape alone.
        assert view.of(image, HEIGHT, WIDTH).shape == image.shape


def test_views_are_drawn_between_their_bounds_and_by_the_seed():
    views = Views(zoom=(0.5, 2.0), contrast=(0.8, 1.25), turning=True)
    torch.manual_seed(3)
    drawn = [views.draw() for _ in range(200)]
    assert all(0.5 <= view.zoom <= 2 and all(0.8 <= gain <= 1.25 for gain in view.gains) for view in drawn)
    assert {view.orientation for view in drawn} == set(range(8))
    # On a log scale: as often nearer as farther, and the channels each by themselves.
    assert 80 < sum(view.zoom > 1 for view in drawn) < 120
    assert all(len(set(view.gains)) == 3 for view in drawn)
    torch.manual_seed(3)
    assert [views.draw() for _ in range(200)] == drawn
