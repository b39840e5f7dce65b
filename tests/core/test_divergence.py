"""Divergence: against scipy and numpy, its bounds, its null and the excess over it."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import xlogy
from scipy.stats import hypergeom

from rfe_core.divergence import (
    BinnedPopulation,
    bin_index,
    histograms,
    jensen_shannon,
    jsd,
    null_divergence,
)
from rfe_core.sampling import counts, sample


def rng(seed=0):
    return np.random.default_rng(seed)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), bins=st.integers(1, 40))
def test_equals_the_square_of_scipys(seed, bins):
    p, q = rng(seed).integers(0, 5, (2, 3, bins))
    p[:, 0] += 1
    q[:, -1] += 1
    expected = jensenshannon(p, q, axis=1) ** 2
    np.testing.assert_allclose(jsd(p, q), expected, atol=1e-12)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_bounds_symmetry_and_scale(seed):
    p, q = rng(seed).exponential(size=(2, 16)) ** 3
    assert 0 <= jsd(p, q) <= math.log(2)
    assert jsd(p, q) == pytest.approx(jsd(q, p)) == pytest.approx(jsd(7 * p, 0.1 * q))
    assert jsd(p, p) == 0


def test_by_hand():
    assert jsd([1, 0], [0, 1]) == pytest.approx(math.log(2))
    expected = 0.5 * math.log(1 / 0.75) + 0.25 * (math.log(0.5 / 0.75) + math.log(0.5 / 0.25))
    assert jsd([1, 0], [1, 1]) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("edges", ["shared", "own"])
@pytest.mark.parametrize("per", ["channel", "flattened"])
def test_embeddings_equal_numpys_histograms_and_scipy(edges, per, dtype):
    population = rng().normal(size=(500, 3)).astype(dtype) * np.array([1, 5, 0.1], dtype)
    drawn = population[rng(1).choice(500, 60, replace=False)]
    if per == "channel":
        columns = list(zip(drawn.T, population.T, strict=True))
    else:
        columns = [(drawn.ravel(), population.ravel())]
    expected = []
    for one, every in columns:
        one, every = one.astype(float), every.astype(float)
        limits = (every.min(), every.max()) if edges == "shared" else (one.min(), one.max())
        p, q = np.histogram(one, 32, limits)[0], np.histogram(every, 32)[0]
        expected.append(jensenshannon(p, q) ** 2)
    got = jensen_shannon(drawn, population, bins=32, edges=edges, per=per)
    assert isinstance(got, float) == (per == "flattened")
    np.testing.assert_allclose(got, expected if per == "channel" else expected[0], atol=1e-12)


def test_all_pixels_have_no_divergence():
    population = rng().normal(size=(100, 4))
    for edges in ("shared", "own"):
        assert (jensen_shannon(population, population, edges=edges) == 0).all()
        assert jensen_shannon(population, population, edges=edges, per="flattened") == 0


def test_a_dead_channel_has_no_divergence():
    population = np.zeros((50, 2))
    population[:, 1] = rng().normal(size=50)
    found = jensen_shannon(population[:10], population)
    assert found[0] == 0 < found[1]


def test_values_outside_fall_into_the_end_bins():
    values = np.array([[-1e300], [-1.0], [0.0], [0.49], [0.5], [1.0], [2.0], [1e300]])
    low, high = np.array([0.0]), np.array([1.0])
    assert bin_index(values, low, high, 2).ravel().tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert histograms(values, low, high, 2).tolist() == [[4, 4]]


def test_own_edges_measure_mostly_the_range():
    """Section 4 of the chapter: draws of one distribution, far apart only by binning."""
    population = rng().standard_normal((20000, 8))
    drawn = population[:100]
    own = jensen_shannon(drawn, population, bins=32, edges="own").mean()
    assert own > 1.3 * jensen_shannon(drawn, population, bins=32).mean()


# The null


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
ENDS = GOOD.min(0), GOOD.max(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jsd([1, -1], [1, 1]), "p must be finite, >= 0 and not all zero, got"),
        (lambda: jsd([1, 1], [0, 0]), "q must be finite, >= 0 and not all zero, got"),
        (lambda: jsd([1, math.nan], [1, 1]), "p must be finite, >= 0 and not all zero, got"),
        (lambda: jsd([1, 1], [1, math.inf]), "q must be finite, >= 0 and not all zero, got"),
        (lambda: jsd([], []), "p must be finite, >= 0 and not all zero, got"),
        (lambda: jensen_shannon(GOOD[:0], GOOD), r"sample must have shape .* got \(0, 2\)"),
        (lambda: jensen_shannon(GOOD, GOOD[0]), r"population must have shape .* got \(2,\)"),
        (lambda: jensen_shannon(GOOD[:, :1], GOOD), "sample must have .* 2 channels, got 1"),
        (lambda: jensen_shannon(GOOD / 0 * 0, GOOD), "sample must be finite, got NaN"),
        (lambda: jensen_shannon(GOOD, GOOD, bins=0), "bins must be >= 1, got 0"),
        (lambda: jensen_shannon(GOOD, GOOD, edges="mine"), "edges must be .*, got 'mine'"),
        (lambda: jensen_shannon(GOOD, GOOD, per="pixel"), "per must be .*, got 'pixel'"),
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
        (lambda: jensen_shannon(GOOD, GOOD * np.nan), "population must be finite, got NaN"),
        (lambda: histograms(GOOD * np.nan, *ENDS, 2), "values must be finite, got NaN or infinity"),
        (lambda: bin_index(GOOD - np.inf, *ENDS, 2), "values must be finite, got NaN or infinity"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value")
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def null(labels=BOTH, counts=(2, 2), draws=3, **options):
    binned = BinnedPopulation(GOOD, labels, **options)
    return null_divergence(binned, counts, draws=draws, generator=rng())
