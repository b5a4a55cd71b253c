import torch

from fovea.networks.controls import ControlTable, rate_lambda
from fovea.spec import QUALITIES


def test_lambda_grows_by_the_same_factor_with_every_quality():
    values = rate_lambda(torch.arange(QUALITIES))
    factors = values[1:] / values[:-1]
    assert torch.allclose(factors, factors[0].expand_as(factors))
    assert factors[0] > 1


def test_table_is_linear_between_anchors():
    table = ControlTable(2, 0.0, 1.0, anchors=5)
    with torch.no_grad():
        table.anchors[1] = 7.0
    rows = table.tables()[0]
    assert torch.allclose(rows[25], torch.full((2,), 7.0))
    assert torch.allclose(rows[10], torch.full((2,), 7.0 * 10 / 25))
    assert torch.allclose(rows[100], torch.ones(2))


def test_each_sample_of_a_batch_has_its_own_quality():
    table = ControlTable(3, -1.0, 1.0)
    vectors = table(torch.tensor([0, 100]))
    assert vectors.shape == (2, 3, 1, 1)
    assert vectors[0, 0, 0, 0] == -1 and vectors[1, 0, 0, 0] == 1
