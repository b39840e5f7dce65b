"""The Dice loss against loops, its edge cases and its gradient."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rfe_core.losses import dice_loss


def naive_dice_loss(logits, target, mask, smooth):
    overlap = square_p = square_t = 0.0
    for z, t, m in zip(logits.flatten(), target.flatten(), mask.flatten(), strict=True):
        if m:
            p = 1 / (1 + math.exp(-z))
            overlap, square_p, square_t = overlap + p * t, square_p + p * p, square_t + t * t
    return 1 - (2 * overlap + smooth) / (square_p + square_t + smooth)


def example(seed=0, shape=(2, 1, 4, 5)):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    target = torch.rand(shape, generator=generator) < 0.3
    mask = torch.rand(shape, generator=generator) < 0.8
    return logits, target, mask


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), smooth=st.sampled_from([1e-3, 1.0, 10.0]))
def test_equals_the_loops(seed, smooth):
    logits, target, mask = example(seed)
    expected = naive_dice_loss(logits, target, mask, smooth)
    assert dice_loss(logits, target, mask, smooth=smooth).item() == pytest.approx(expected)
    assert 0 <= expected <= 1


def test_gradient_is_the_derivative():
    logits, target, mask = example()
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: dice_loss(z, target, mask), logits)


def test_masked_pixels_have_no_influence_and_no_gradient():
    logits, target, mask = example()
    logits.requires_grad_()
    dice_loss(logits, target, mask).backward()
    assert (logits.grad[~mask] == 0).all() and (logits.grad[mask] != 0).any()
    other = torch.where(mask, logits.detach(), 99.0)
    assert dice_loss(other, target, mask) == dice_loss(logits.detach(), target, mask)


def test_perfect_prediction_costs_nothing():
    target = torch.eye(6)[None]
    assert dice_loss(100 * (2 * target - 1), target).item() == pytest.approx(0, abs=1e-6)


def test_wrong_prediction_costs_nearly_one():
    target = torch.zeros(1, 20, 20)
    target[:, :10] = 1
    assert dice_loss(100 * (1 - 2 * target), target).item() > 0.99


def test_empty_target_rewards_silence_and_stays_finite():
    empty = torch.zeros(1, 8, 8)
    silent, loud = (dice_loss(torch.full((1, 1, 8, 8), z), empty) for z in (-50.0, 50.0))
    assert silent.item() == pytest.approx(0, abs=1e-6)
    assert 0.9 < loud.item() < 1


def test_empty_mask_gives_zero_and_finite_gradient():
    logits, target, mask = example()
    logits.requires_grad_()
    loss = dice_loss(logits, target, torch.zeros_like(mask))
    loss.backward()
    assert loss.item() == 0 and (logits.grad == 0).all()


def test_huge_logits_stay_finite():
    logits = torch.tensor([[[1e30, -1e30]]], requires_grad=True)
    loss = dice_loss(logits, torch.tensor([[[0, 1]]]))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_the_sums_run_over_the_batch():
    logits, target, _ = example()
    swapped = dice_loss(logits.flip(0), target.flip(0))
    assert dice_loss(logits, target).item() == pytest.approx(swapped.item())
    mean_of_images = sum(dice_loss(logits[i], target[i]).item() for i in range(2)) / 2
    assert dice_loss(logits, target).item() != pytest.approx(mean_of_images)


def test_bad_inputs():
    logits, target, mask = example()
    with pytest.raises(ValueError, match="smooth must be > 0, got 0"):
        dice_loss(logits, target, smooth=0)
    with pytest.raises(ValueError, match="target must have the shape of logits"):
        dice_loss(logits, target[..., 1:])
    with pytest.raises(ValueError, match="mask must have the shape of target"):
        dice_loss(logits, target, mask[0])
