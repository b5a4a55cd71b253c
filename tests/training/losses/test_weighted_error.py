import pytest
import torch

from fovea.training.losses.weighted_error import weighted_error


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("weight_shape", [(2, 1, 4, 6), (1, 1, 1, 1), ()])
def test_value_and_gradient_are_those_of_the_formula(memory_format, weight_shape):
    random = torch.Generator().manual_seed(0)
    original, start = (torch.randn(2, 3, 4, 6, generator=random) for _ in range(2))
    weight, scale = torch.rand(weight_shape, generator=random), torch.tensor([1.0, -3.0])
    results = []
    for error in (weighted_error, lambda x, y, w: (w * (x - y).square()).mean(dim=(1, 2, 3))):
        decoded = start.contiguous(memory_format=memory_format).requires_grad_()
        value = error(decoded, original.contiguous(memory_format=memory_format), weight)
        (value * scale).sum().backward()
        results.append((value.detach(), decoded.grad))
    torch.testing.assert_close(*results)


def test_only_the_decoded_image_gets_gradients():
    decoded, original, weight = (torch.rand(1, 3, 2, 2, requires_grad=True) for _ in range(3))
    weighted_error(decoded, original, weight[:, :1]).sum().backward()
    assert decoded.grad is not None and original.grad is None and weight.grad is None
