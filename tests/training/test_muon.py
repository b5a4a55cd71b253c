from unittest.mock import patch

import pytest
import torch
import torch.distributed as dist

from fovea.training.muon import Muon, has_bfloat16, orthogonalized


@pytest.mark.parametrize("shape", [(24, 40), (40, 24), (32, 32)])
def test_singular_values_become_close_to_one(shape):
    matrices = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    made = orthogonalized(matrices).float()
    assert made.shape == (2, *shape)
    matrix, made = matrices[1], made[1]
    singular = torch.linalg.svdvals(made)
    assert singular.min() > 0.3 and singular.max() < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    assert torch.nn.functional.cosine_similarity(made.flatten(), (left @ right).flatten(), dim=0) > 0.97


def test_a_matrix_of_zeros_stays():
    assert not orthogonalized(torch.zeros(2, 4, 6)).any()


def test_steps_are_those_of_torch():
    gradients = torch.randn(3, 12, 20, generator=torch.Generator().manual_seed(1))
    ours, theirs = (torch.nn.Parameter(torch.zeros(12, 20)) for _ in range(2))
    parts = (
        Muon([ours], lr=0.01),
        torch.optim.Muon([theirs], lr=0.01, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
    )
    for gradient in gradients:
        for parameter, optimizer in zip((ours, theirs), parts, strict=True):
            parameter.grad = gradient.clone()
            optimizer.step()
    # Theirs computes in bfloat16.
    torch.testing.assert_close(ours, theirs, rtol=0.1, atol=2e-4)


def test_matrices_of_all_shapes_get_their_own_updates():
    random = torch.Generator().manual_seed(3)
    gradients = [torch.randn(shape, generator=random) for shape in [(6, 10), (10, 6), (6, 10), (4, 4), (10, 6)]]
    matrices = [torch.nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for matrix, gradient in zip(matrices, gradients, strict=True):
        matrix.grad = gradient.clone()
    Muon(matrices, lr=0.01).step()
    for matrix, gradient in zip(matrices, gradients, strict=True):
        alone = torch.nn.Parameter(torch.zeros_like(gradient))
        alone.grad = gradient.clone()
        Muon([alone], lr=0.01).step()
        torch.testing.assert_close(matrix, alone)


def test_parameters_without_a_gradient_stay():
    parameter = torch.nn.Parameter(torch.ones(2, 3))
    optimizer = Muon([parameter], lr=0.1)
    assert optimizer.step(lambda: 4.0) == 4.0
    assert (parameter == 1).all() and not optimizer.state


def test_the_units_of_the_processor_decide():
    assert has_bfloat16(torch.device("cpu")) == torch.ops.mkldnn._is_mkldnn_bf16_supported()
    assert has_bfloat16(torch.device("meta"))


def test_processes_that_share_the_work_make_the_same_steps(tmp_path):
    random = torch.Generator().manual_seed(2)
    gradients = [torch.randn(shape, generator=random) for shape in [(6, 10), (10, 6), (4, 4)]]

    def step() -> list[torch.nn.Parameter]:
        matrices = [torch.nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
        for matrix, gradient in zip(matrices, gradients, strict=True):
            matrix.grad = gradient.clone()
        Muon(matrices, lr=0.01).step()
        return matrices

    alone = step()
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        # The second of two processes, whose partner gives nothing, makes the steps of every second matrix.
        shared = step()
        with patch.object(dist, "get_rank", return_value=1), patch.object(dist, "get_world_size", return_value=2):
            half = step()
    finally:
        dist.destroy_process_group()
    for number, (expected, made, part) in enumerate(zip(alone, shared, half, strict=True)):
        assert torch.equal(made, expected)
        assert torch.equal(part, expected if number % 2 else torch.zeros_like(expected))
