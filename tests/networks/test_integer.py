import pytest
import torch

from fovea.errors import ModelError
from fovea.networks.integer import ACTIVATION_STEP, WEIGHT_STEP, IntegerConv


@pytest.mark.parametrize("outputs", [12, None])
def test_outputs_lie_on_the_grid_and_match_integer_arithmetic(outputs):
    torch.manual_seed(0)
    layer = IntegerConv(12, outputs)
    x = torch.randint(0, 256, (2, 12, 5, 6)).float()
    out = layer(x * ACTIVATION_STEP, torch.tensor([3, 90])) / ACTIVATION_STEP
    weight, bias = layer.integer_weight().double(), layer.integer_biases()[0].double()
    groups, padding = (12, 1) if outputs is None else (1, 0)
    accumulator = torch.nn.functional.conv2d(x.double(), weight, bias, padding=padding, groups=groups)
    expected = (accumulator * WEIGHT_STEP).floor().clamp(0, 255)
    assert torch.equal(out.double(), expected)


def test_gradients_pass_through_rounding():
    layer = IntegerConv(4, 4, bias=2.0)
    x = torch.full((1, 4, 1, 1), 1.0, requires_grad=True)
    layer(x, torch.tensor([0])).sum().backward()
    assert x.grad is not None and x.grad.abs().sum() > 0
    assert layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0


def test_proof_bounds_the_largest_accumulator_and_is_reached():
    layer = IntegerConv(4, 1)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.fill_(0.0)
    reached = layer.prove()
    assert reached == 4 * 64 * 255 + 32


def test_proof_refuses_an_accumulator_of_two_to_the_24():
    layer = IntegerConv(4, 1)
    with torch.no_grad():
        layer.bias.fill_(2.0**14)
    with pytest.raises(ModelError, match="not exact"):
        layer.prove()
