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
def test_null_is_null_divergence(population, per, counts):
    embeddings, labels = population
    quick = BinnedPopulation(embeddings, labels, per=per).null(
        counts, draws=5, generator=np.random.default_rng(1)
    )
    plain = divergence.null_divergence(
        embeddings, labels, counts, draws=5, generator=np.random.default_rng(1), per=per
    )
    np.testing.assert_allclose(quick, plain, rtol=1e-12)


def test_labels_must_fit(population):
    with pytest.raises(ValueError, match=r"labels must be one an embedding .* got \(399,\)"):
        BinnedPopulation(population[0], population[1][1:], per="channel")
