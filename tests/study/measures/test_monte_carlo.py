"""Sampling as a Monte-Carlo estimate: the quick sums against the loss itself, and the odds."""

import numpy as np
import pytest
import torch
from scipy import stats

from rfe_core import sampling
from rfe_core.losses import label_embedding_loss
from rfe_study.measures import monte_carlo


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([0] * 60 + [1] * 15 + [-1] * 9)[torch.randperm(84, generator=generator)]
    embeddings = torch.rand(84, 5, generator=generator, dtype=torch.float64)
    embeddings[:, 0] += 2 * labels.clamp_min(0)
    embeddings[3] = 0  # a pixel without direction
    return embeddings, labels


def test_draws_of_a_seed_are_nested_across_n_e_and_strategies(batch):
    _, labels = batch
    everything = monte_carlo.draw(labels, 75, "distribution-aware", seed=4).indices.split((60, 15))
    for strategy in sampling.STRATEGIES:
        for n_e in (2, 10, 20):
            drawn = monte_carlo.draw(labels, n_e, strategy, seed=4)
            for own, count, all_of_class in zip(
                drawn.indices.split(drawn.drawn), drawn.drawn, everything, strict=True
            ):
                assert own.tolist() == all_of_class[:count].tolist()


def test_sampled_losses_are_the_loss_of_each_draw(batch):
    embeddings, labels = batch
    sizes = [sampling.counts(labels, 20, strategy) for strategy in sampling.STRATEGIES]
    losses = monte_carlo.sampled_losses(embeddings, labels, [*sizes, (7, 0)], draws=3, seed=5)
    for k in range(3):
        for column, strategy in enumerate(sampling.STRATEGIES):
            chosen = monte_carlo.draw(labels, 20, strategy, seed=5 + k).indices
            loss = label_embedding_loss(embeddings[chosen], labels[chosen], reduction="mean")
            assert losses[k, column] == pytest.approx(loss.item(), rel=1e-12)
        chosen = monte_carlo.draw(labels, 75, "distribution-aware", seed=5 + k).indices[:7]
        loss = label_embedding_loss(embeddings[chosen], labels[chosen], reduction="mean")
        assert losses[k, 3] == pytest.approx(loss.item(), rel=1e-12)


def test_their_mean_is_the_exact_expectation(batch):
    embeddings, labels = batch
    sizes = [(10, 10), (16, 4), (60, 15), (7, 0)]
    losses = monte_carlo.sampled_losses(embeddings, labels, sizes, draws=2000)
    exact = [monte_carlo.expected_loss(embeddings, labels, size) for size in sizes]
    error = losses.std(0, ddof=1) / np.sqrt(2000)
    assert (np.abs(losses.mean(0) - exact) < 4 * error + 1e-12).all()


def test_without_a_lesion_only_background_is_drawn(batch):
    embeddings, labels = batch
    labels = labels.masked_fill(labels == 1, -1)
    losses = monte_carlo.sampled_losses(embeddings, labels, [(20, 0)], draws=500)
    exact = monte_carlo.expected_loss(embeddings, labels, (20, 0))
    assert losses.mean() == pytest.approx(exact, abs=4 * losses.std() / np.sqrt(500))


@pytest.mark.parametrize("counts", [[(61, 2)], [(3, 16)], [(0, 0)], [(-1, 4)]])
def test_counts_that_do_not_fit_are_refused(batch, counts):
    with pytest.raises(ValueError, match=r"counts must be pairs up to \(60, 15\) and not all 0"):
        monte_carlo.sampled_losses(*batch, counts, draws=1)


def test_negative_embeddings_are_refused(batch):
    embeddings, labels = batch
    with pytest.raises(ValueError, match="embeddings must be >= 0, got -"):
        monte_carlo.sampled_losses(embeddings - 1, labels, [(2, 2)], draws=1)


@pytest.mark.parametrize("size", [0, 1, 5, 40, 50])
@pytest.mark.parametrize("drawn", [0, 1, 10, 50])
def test_chance_of_a_pixel_is_hypergeometric(size, drawn):
    expected = 1 - stats.hypergeom.pmf(0, 50, size, drawn)
    assert monte_carlo.chance_of_a_pixel(size, 50, drawn) == pytest.approx(expected, abs=1e-12)
    several = monte_carlo.chance_of_a_pixel([size], 50, drawn, steps=3)
    assert several == pytest.approx(1 - (1 - expected) ** 3, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 6, "available": 5, "drawn": 1}, r"size must lie in 0 \.\.\. 5, got 6 to 6"),
        ({"size": 1, "available": 5, "drawn": 6}, r"drawn must lie in 0 \.\.\. 5, got 6"),
        ({"size": 1, "available": 5, "drawn": 1, "steps": 0}, "steps must be >= 1, got 0"),
    ],
)
def test_odds_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        monte_carlo.chance_of_a_pixel(**arguments)


def test_pair_shares():
    assert monte_carlo.pair_shares((16, 4)) == pytest.approx((0.64, 0.04, 0.32))
    with pytest.raises(ValueError, match=r"not all 0, got \(0, 0\)"):
        monte_carlo.pair_shares((0, 0))
