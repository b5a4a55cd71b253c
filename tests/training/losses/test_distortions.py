import torch
from hypothesis import given
from hypothesis import strategies as st

from fovea.training.losses.distortions import error_weight, mse, object_mse


def _images(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    decoded, original = (torch.rand(3, 3, 8, 8, generator=generator) * 255 for _ in range(2))
    return decoded, original, torch.randint(0, 2, (3, 1, 8, 8), generator=generator)


@given(st.integers(0, 1000))
def test_object_mse_is_between_nothing_and_mse(seed):
    decoded, original, mask = _images(seed)
    everything = mse(decoded, original, mask)
    inside = object_mse(decoded, original, mask)
    assert (inside >= 0).all() and (inside <= everything).all()
    assert torch.allclose(object_mse(decoded, original, torch.ones_like(mask)), everything)
    everywhere = error_weight(mask.float(), 1.0, torch.zeros(3))
    assert torch.allclose(object_mse(decoded, original, everywhere), everything)


def test_errors_outside_objects_cost_nothing_or_beta():
    original = torch.zeros(1, 3, 4, 4)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2, :] = 1
    decoded = 10.0 * (1 - mask).expand_as(original)
    assert object_mse(decoded, original, mask).item() == 0
    weight = error_weight(mask, 0.1, torch.zeros(1))
    assert torch.allclose(object_mse(decoded, original, weight), torch.tensor([5.0]))


def test_background_follows_the_quality_and_objects_do_not():
    mask = torch.tensor([2.0, 0.0]).expand(3, 1, 1, 2)
    weight = error_weight(mask, (0.01, 1.0), torch.tensor([0, 50, 100]))
    assert (weight[..., 0] == 2).all()
    assert torch.allclose(weight[..., 1].flatten(), torch.tensor([0.01, 0.1, 1.0]))


def test_normalization_over_objects_ignores_how_large_they_are():
    original = torch.zeros(2, 3, 8, 8)
    mask = torch.zeros(2, 1, 8, 8)
    mask[0, :, 0, 0] = 1
    mask[1, :, :4, :] = 1
    error = object_mse(original + 3, original, mask, normalization="objects")
    assert torch.allclose(error, torch.tensor([9.0, 9.0]))
    assert (object_mse(original, original, mask * 0, normalization="objects") == 0).all()


def test_gradient_is_zero_outside_objects():
    decoded, original, mask = _images(3)
    decoded.requires_grad_()
    object_mse(decoded, original, mask).sum().backward()
    assert (decoded.grad[(mask == 0).expand_as(decoded)] == 0).all()
    assert (decoded.grad[(mask == 1).expand_as(decoded)] != 0).any()
