"""Binning once gives the numbers of `divergence`."""

import numpy as np
import pytest

from rfe_core import divergence
from rfe_core.divergence import BinnedPopulation


@pytest.fixture
def population():
    generator = np.random.default_rng(0)
    embeddings = generator.gamma(1, 1, (400, 3)) * (generator.random((400, 3)) < 0.7) * [1, 2, 5]
    return embeddings.astype(np.float32), (generator.random(400) < 0.1).astype(int)


@pytest.mark.parametrize("per", ["channel", "flattened"])
@pytest.mark.parametrize("edges", ["shared", "own"])
def test_divergence_is_jensen_shannon(population, per, edges):
    embeddings, labels = population
    binned = BinnedPopulation(embeddings, labels, per=per)
    for n in (2, 20, 400):
        rows = np.random.default_rng(n).permutation(400)[:n]
        found = divergence.jensen_shannon(embeddings[rows], embeddings, edges=edges, per=per)
        assert binned.divergence(rows, edges) == pytest.approx(np.mean(found), rel=1e-12)


@pytest.mark.parametrize("per", ["channel", "flattened"])
@pytest.mark.parametrize("counts", [(10, 10), (16, 4), (20, 0)])
def test_the_null_by_the_histograms_of_what_is_drawn(population, per, counts):
    """Against the mixture of the two classes' histograms, from the values, not the bins."""
    embeddings, labels = population
    found = divergence.null_divergence(
        BinnedPopulation(embeddings, labels, per=per, bins=100),
        counts,
        draws=5,
        generator=np.random.default_rng(1),
    )
    values = embeddings.astype(float)
    low, high = values.min(0), values.max(0)
    if per == "flattened":
        low, high = np.full(3, low.min()), np.full(3, high.max())

    def histogram(rows):
        parts = divergence.histograms(values[rows], low, high, 100)
        return parts.sum(0) if per == "flattened" else parts

    generator, classes = np.random.default_rng(1), [np.flatnonzero(labels == c) for c in (0, 1)]
    mixture = sum(n * histogram(c) / len(c) for n, c in zip(counts, classes, strict=True))
    for value in found:
        rows = [
            generator.choice(c, n, replace=False) for n, c in zip(counts, classes, strict=True) if n
        ]
        expected = divergence.jsd(histogram(np.concatenate(rows)), mixture)
        assert value == pytest.approx(np.mean(expected), rel=1e-12)


def test_labels_must_fit(population):
    with pytest.raises(ValueError, match=r"labels must be one an embedding, got shape \(399,\)"):
        BinnedPopulation(population[0], population[1][1:], per="channel")
