"""Losses on the network's own predictions, against loops and finite differences."""

import math

import pytest
import torch

from rfe_core.losses import dice_loss
from rfe_study.methods.self_training import KINDS, SelfTraining, entropy_loss, pseudo_label_loss


def some(seed=0, scale=3.0):
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(2, 1, 5, 4, generator=generator, dtype=torch.float64)
    return logits.requires_grad_(), torch.rand(2, 5, 4, generator=generator) < 0.7


def test_entropy_is_the_mean_over_valid_pixels():
    logits, valid = some()
    total = 0.0
    for x in logits.detach()[:, 0][valid].tolist():
        p = 1 / (1 + math.exp(-x))
        total -= p * math.log(p) + (1 - p) * math.log(1 - p)
    assert entropy_loss(logits, valid).item() == pytest.approx(total / int(valid.sum()), rel=1e-12)


@pytest.mark.parametrize("x", [-1e4, -50.0, 0.0, 50.0, 1e4])
def test_entropy_is_finite_for_any_logit(x):
    logits = torch.full((1, 1, 2, 2), x, requires_grad=True)
    loss = entropy_loss(logits, torch.ones(1, 2, 2, dtype=torch.bool))
    loss.backward()
    assert 0 <= loss.item() <= math.log(2) + 1e-6 and logits.grad.isfinite().all()
    assert loss.item() == pytest.approx(math.log(2) if x == 0 else 0, abs=1e-6)


def test_entropy_without_a_valid_pixel_is_zero():
    logits, valid = some()
    assert entropy_loss(logits, torch.zeros_like(valid)).item() == 0


def test_a_step_down_the_entropy_makes_predictions_surer():
    logits, valid = some(scale=0.5)
    entropy_loss(logits, valid).backward()
    after = logits.detach() - 0.5 * logits.grad
    before = logits.detach()[:, 0]
    assert (after[:, 0].abs() >= before.abs())[valid].all()
    assert torch.equal(after[:, 0][~valid], before[~valid])


def test_gradients_against_finite_differences():
    for kind in KINDS:
        logits, valid = some(3)
        term = SelfTraining(kind=kind)
        assert torch.autograd.gradcheck(lambda x, t=term, v=valid: t.loss(x, v), logits)


def test_pseudo_labels_are_the_present_segmentation():
    logits, valid = some()
    by_hand = dice_loss(logits, logits.detach()[:, 0].sigmoid() > 0.5, valid)
    assert pseudo_label_loss(logits, valid).item() == by_hand.item()
    sure, unsure = (pseudo_label_loss(k * logits.detach(), valid) for k in (10, 0.1))
    assert sure < unsure


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "other"}, r"kind must be one of \('entropy', 'pseudo-labels'\), got 'other'"),
        ({"kind": "entropy", "weight": -1.0}, "weight must be >= 0 and finite, got -1.0"),
        ({"kind": "entropy", "weight": math.nan}, "weight must be >= 0 and finite, got nan"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SelfTraining(**settings)
