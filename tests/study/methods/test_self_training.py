"""Losses without labels, against loops and finite differences."""

import math

import pytest
import torch

from rfe_core.fine_tuning import Step
from rfe_core.losses import dice_loss
from rfe_core.unet import UNet
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
    for loss in (entropy_loss, pseudo_label_loss):
        logits, valid = some(3)
        assert torch.autograd.gradcheck(lambda x, f=loss, v=valid: f(x, v), logits)


def step(seed=0):
    """What a loss sees of two labelled and two unlabelled images."""
    generator = torch.Generator().manual_seed(seed)
    model = UNet(widths=(4, 6), norm="batch")
    images = torch.rand(4, 3, 8, 8, generator=generator)
    logits, embeddings = model(images)
    valid = torch.rand(4, 8, 8, generator=generator) < 0.7
    return Step(model, images, logits, embeddings, valid, generator)


@pytest.mark.parametrize("kind", KINDS)
def test_a_term_has_its_weight_and_a_gradient(kind):
    seen = step()
    term = SelfTraining(kind=kind, weight=0.3).term(10)
    loss = term.loss(seen)
    assert term.weight == 0.3 and loss.ndim == 0 and loss.isfinite()
    loss.backward()
    gradients = [p.grad for p in seen.model.parameters() if p.grad is not None]
    assert all(g.isfinite().all() for g in gradients) and any(g.any() for g in gradients)


@pytest.mark.parametrize(
    ("kind", "loss"), [("entropy", entropy_loss), ("pseudo-labels", pseudo_label_loss)]
)
def test_predictions_of_the_unlabelled_half_count_alone(kind, loss):
    seen = step()
    found = SelfTraining(kind=kind).term(1).loss(seen)
    assert found == loss(seen.logits[2:], seen.valid[2:])


def test_pseudo_labels_are_the_present_segmentation():
    logits, valid = some()
    by_hand = dice_loss(logits, logits.detach()[:, 0].sigmoid() > 0.5, valid)
    assert pseudo_label_loss(logits, valid).item() == by_hand.item()
    sure, unsure = (pseudo_label_loss(k * logits.detach(), valid) for k in (10, 0.1))
    assert sure < unsure


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "other"}, r"kind must be one of \('entropy', .*, got 'other'"),
        ({"kind": "entropy", "weight": -1.0}, "weight must be >= 0 and finite, got -1.0"),
        ({"kind": "entropy", "weight": math.nan}, "weight must be >= 0 and finite, got nan"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SelfTraining(**settings)
