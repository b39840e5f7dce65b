"""Binning once gives the numbers of `divergence`; the null, exactly, by formula and by rules."""

import math

import numpy as np
import pytest
import torch
from scipy.special import xlogy
from scipy.stats import hypergeom

from rfe_core import divergence
from rfe_core.divergence import histograms, jensen_shannon, jsd
from rfe_core.sampling import counts, sample
from rfe_study.measures.perfect_samples import BinnedPopulation, null_divergence


def rng(seed=0):
    return np.random.default_rng(seed)


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
    found = null_divergence(
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


def uniform(size=40000, bins=256):
    """Every bin equally full, by construction."""
    return np.tile(np.arange(bins) + 0.5, size // bins)[:, None], np.zeros(size // bins * bins)


@pytest.mark.parametrize("n", [20, 100, 2000])
def test_the_null_equals_its_exact_expectation(n):
    """Of equally full bins: a bin's count is hypergeometric, and the divergence a sum over bins."""
    population, labels = uniform(size=25600)
    null = null_divergence(BinnedPopulation(population, labels), (n, 0), draws=200, generator=rng())
    p, q = np.arange(101) / n, 1 / 256  # a bin holds 100 pixels
    m = (p + q) / 2
    terms = (xlogy(p, p / m) + q * np.log(q / m)) / 2
    expected = 256 * hypergeom(25600, 100, n).pmf(np.arange(101)) @ terms
    assert null.shape == (200,)
    assert null.mean() == pytest.approx(expected, abs=4 * null.std() / 200**0.5)
    # 0.557 and 0.331 for 20 and 100, where (K - 1) / (8 n) says 1.59, above ln 2, and 0.319
    assert (255 / (8 * n) > expected) == (n != 100)


def test_the_null_of_many_draws_is_the_formula():
    population, labels = uniform(bins=32)
    binned = BinnedPopulation(population, labels, bins=32)
    null = null_divergence(binned, (3000, 0), draws=200, generator=rng())
    # 1 - 3000 / 40000: drawn without replacement
    assert null.mean() == pytest.approx(31 / (8 * 3000) * (1 - 3000 / 40000), rel=0.06)


def two_classes(n=6000, share=0.1, shift=1.5):
    source = rng(5)
    labels = (source.random(n) < share).astype(int)
    return source.normal(size=(n, 3)) + shift * labels[:, None], labels


@pytest.mark.parametrize("per", ["channel", "flattened"])
def test_the_null_falls_with_n_and_vanishes_for_all_pixels(per):
    population, labels = two_classes()
    here = counts(torch.from_numpy(labels), len(labels), "distribution-aware")
    binned = BinnedPopulation(population, labels, bins=64, per=per)
    nulls = [
        null_divergence(binned, c, draws=5, generator=rng()).mean()
        for c in ((18, 2), (180, 20), (1800, 200), here)
    ]
    assert nulls == sorted(nulls, reverse=True)
    assert nulls[-1] == pytest.approx(0, abs=1e-12)


def excess(strategy, n_e, draws=40):
    """Mean excess over the null, and its standard error."""
    population, labels = two_classes()
    tensor, source = torch.from_numpy(labels), torch.Generator().manual_seed(0)
    observed = [
        jensen_shannon(
            population[sample(tensor, n_e, strategy=strategy, generator=source).indices],
            population,
            bins=32,
        ).mean()
        for _ in range(draws)
    ]
    binned = BinnedPopulation(population, labels, bins=32)
    wanted = counts(tensor, n_e, strategy)
    null = null_divergence(binned, wanted, draws=draws, generator=rng(1))
    error = math.hypot(np.std(observed), np.std(null)) / math.sqrt(draws)
    return np.mean(observed) - null.mean(), error


@pytest.mark.parametrize("n_e", [20, 200, 1000])
def test_distribution_aware_sampling_has_no_excess(n_e):
    found, error = excess("distribution-aware", n_e)
    assert abs(found) < 4 * error


@pytest.mark.parametrize("strategy", ["50/50", "80/20"])
def test_another_class_mix_is_a_floor_that_n_e_does_not_lower(strategy):
    found, error = excess(strategy, 1000)
    population, labels = two_classes()
    share = {"50/50": 0.5, "80/20": 0.2}[strategy]
    low, high = population.min(0), population.max(0)
    by_class = [histograms(population[labels == c], low, high, 32) for c in (0, 1)]
    mixed = sum(
        s * h / h.sum(1, keepdims=True) for s, h in zip((1 - share, share), by_class, strict=True)
    )
    floor = jsd(mixed, sum(by_class)).mean()
    assert found > 10 * error
    assert found == pytest.approx(floor, rel=0.25)


def test_the_null_takes_more_than_there_is_with_replacement():
    population, labels = two_classes(60)
    lesion = int(labels.sum())
    binned = BinnedPopulation(population, labels)
    null = null_divergence(binned, (5, lesion + 1), draws=3, generator=rng())
    assert np.isfinite(null).all()


def test_ignored_pixels_are_in_no_null():
    population, labels = two_classes(400)
    labels = np.where(population[:, 0] > 1, -1, labels)
    binned, every = BinnedPopulation(population, labels), int((labels == 0).sum())
    alone = null_divergence(binned, (every, 0), draws=1, generator=rng())
    assert alone == pytest.approx(0, abs=1e-12)


def test_the_generator_alone_decides_the_null():
    population, labels = two_classes(300)
    binned = BinnedPopulation(population, labels)
    one, same, other = (
        null_divergence(binned, (8, 2), draws=3, generator=rng(s)) for s in (1, 1, 2)
    )
    assert (one == same).all() and (one != other).any()


GOOD = np.arange(12.0).reshape(6, 2)
BOTH = np.array([0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: null(per="pixel"), "per must be .*, got 'pixel'"),
        (lambda: null(draws=0), "draws must be >= 1, got 0"),
        (lambda: null(counts=(0, 0)), r"counts must draw something, got \(0, 0\)"),
        (lambda: null(counts=(-1, 2)), "count of background pixels must fit the 3 there, got -1"),
        (
            lambda: null(labels=BOTH * 0, counts=(1, 1)),
            "count of lesion pixels must fit the 0 there, got 1",
        ),
        (lambda: null(labels=BOTH[:4]), r"labels must be one an embedding, got shape \(4,\)"),
        (
            lambda: BinnedPopulation(GOOD + np.inf, BOTH),
            "population must be finite, got NaN or infinity",
        ),
    ],
)
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def null(labels=BOTH, counts=(2, 2), draws=3, **options):
    binned = BinnedPopulation(GOOD, labels, **options)
    return null_divergence(binned, counts, draws=draws, generator=rng())
