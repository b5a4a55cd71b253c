import torch

from fovea.training.losses.objects import MaskHead, mask_bits, share_bits


def test_learns_where_objects_are_from_a_latent_that_shows_them():
    torch.manual_seed(0)
    head = MaskHead(8)
    optimizer = torch.optim.Adam(head.parameters(), 0.01)
    mask = (torch.rand(4, 1, 4, 4) > 0.5).float()
    latent = torch.randn(4, 8, 4, 4)
    latent[:, :1] = 5 * mask
    mask = mask.repeat_interleave(16, 2).repeat_interleave(16, 3)
    before = mask_bits(head(latent), mask)
    for _ in range(60):
        optimizer.zero_grad()
        mask_bits(head(latent), mask).mean().backward()
        optimizer.step()
    assert before.mean() > 0.5 and mask_bits(head(latent), mask).mean() < 0.1


def test_partly_covered_positions_cannot_be_told_for_nothing():
    head = MaskHead(8)
    half = torch.zeros(1, 1, 16, 16)
    half[..., :8] = 1
    assert mask_bits(head(torch.zeros(1, 8, 1, 1)), half) >= 1.0 - 1e-6


def test_positive_weight_multiplies_the_odds_of_the_best_prediction():
    share = torch.tensor([0.1, 0.5, 0.8]).view(1, 1, 1, 3)
    guess = (3 * share / (1 - share)).log().requires_grad_()
    (slope,) = torch.autograd.grad(share_bits(guess, share, positive_weight=3.0).sum(), guess)
    assert slope.abs().max() < 1e-6
    assert share_bits(guess.detach(), share) > share_bits((share / (1 - share)).log(), share)
