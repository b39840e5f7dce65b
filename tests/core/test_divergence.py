"""Divergence: against scipy and numpy, its bounds, its null and the excess over it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from rfe_core.divergence import (
    bin_index,
    histograms,
    jensen_shannon,
    jsd,
)


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


GOOD = np.arange(12.0).reshape(6, 2)
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
        (lambda: jensen_shannon(GOOD, GOOD, edges="mine"), "edges must be .*, got 'mine'"),
        (lambda: jensen_shannon(GOOD, GOOD, per="pixel"), "per must be .*, got 'pixel'"),
        (lambda: jensen_shannon(GOOD, GOOD * np.nan), "population must be finite, got NaN"),
        (lambda: histograms(GOOD * np.nan, *ENDS, 2), "values must be finite, got NaN or infinity"),
        (lambda: bin_index(GOOD - np.inf, *ENDS, 2), "values must be finite, got NaN or infinity"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning", "ignore:invalid value")
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("bins", [0, -1, 2.5, math.inf, math.nan, True, "a", None])
def test_bins_are_a_whole_number(bins):
    with pytest.raises(ValueError, match=f"bins must be an integer >= 1, got {bins!r}"):
        jensen_shannon(GOOD, GOOD, bins=bins)


def test_bins_may_be_an_integer_of_numpy():
    one, other = (jensen_shannon(GOOD[:1], GOOD, bins=kind(3)) for kind in (int, np.uint8))
    assert np.array_equal(one, other)
