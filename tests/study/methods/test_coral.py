"""Deep CORAL: covariances against numpy, the loss against a loop, what it does not see."""

import numpy as np
import pytest
import torch

from rfe_core.fine_tuning import Step
from rfe_study.methods.coral import coral_loss, covariance


def step(seed=0, embeddings=None):
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(4, 3, 5, 6, generator=generator, dtype=torch.float64)
    embeddings = drawn if embeddings is None else embeddings
    valid = torch.rand(4, 5, 6, generator=generator) < 0.7
    return Step(None, None, None, embeddings, valid, generator)


def test_the_covariance_is_numpys():
    h = torch.rand(20, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    np.testing.assert_allclose(covariance(h), np.cov(h.numpy(), rowvar=False), rtol=1e-12)


def test_the_loss_is_the_sum_over_entries():
    seen = step()
    sides = []
    for images in ((0, 1), (2, 3)):
        rows = [
            seen.embeddings[n, :, y, x].numpy()
            for n in images
            for y in range(5)
            for x in range(6)
            if seen.valid[n, y, x]
        ]
        sides.append(np.cov(np.array(rows), rowvar=False))
    total = sum((sides[0][i, j] - sides[1][i, j]) ** 2 for i in range(3) for j in range(3))
    assert coral_loss(seen).item() == pytest.approx(total / (4 * 9), rel=1e-10)


def test_equal_statistics_cost_nothing_and_means_do_not_count():
    half = step().embeddings[:2]
    same = step(embeddings=torch.cat([half, half + 3]))
    same.valid[2:] = same.valid[:2]
    assert coral_loss(same).item() == pytest.approx(0, abs=1e-12)
    assert coral_loss(step(embeddings=torch.cat([half, 2 * half]))) > 1e-3


def test_pixels_that_do_not_count_have_no_gradient():
    seen = step()
    seen.embeddings.requires_grad_()
    coral_loss(seen).backward()
    touched = seen.embeddings.grad.abs().sum(1) > 0
    assert torch.equal(touched, seen.valid)
    assert torch.autograd.gradcheck(lambda h: coral_loss(seen._replace(embeddings=h)), seen[3])


def test_a_half_without_pixels_is_an_error():
    seen = step()
    seen.valid[2:] = False
    with pytest.raises(ValueError, match=r"either half must have 2 valid pixels, got \[\d+, 0\]"):
        coral_loss(seen)
