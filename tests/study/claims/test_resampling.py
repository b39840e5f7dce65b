"""Resampling seeds and patients: against a plain loop, known cases and bad tables."""

import numpy as np
import pytest

from rfe_study.claims import resampling


def by_loops(values, draws, generator):
    """The same resampling, table by table."""
    n_seeds, n_patients = values.shape
    means = []
    for _ in range(draws):
        seeds = generator.integers(0, n_seeds, n_seeds)
        patients = generator.integers(0, n_patients, n_patients)
        means.append(values[np.ix_(seeds, patients)].mean())
    return np.array(means)


@pytest.fixture
def values():
    generator = np.random.default_rng(5)
    return 0.6 + generator.normal(0, 0.1, (3, 1)) + generator.normal(0, 0.05, (3, 6))


def test_resampling_is_that_of_the_plain_loop(values):
    fast = resampling.bootstrap_means(values, generator=np.random.default_rng(0), draws=20_000)
    slow = by_loops(values, 20_000, np.random.default_rng(1))
    assert fast.mean() == pytest.approx(values.mean(), abs=0.002)
    assert fast.std() == pytest.approx(slow.std(), rel=0.03)
    np.testing.assert_allclose(resampling.interval(fast), resampling.interval(slow), atol=0.005)


def test_equal_scores_leave_no_interval():
    means = resampling.bootstrap_means(np.full((3, 4), 0.7), generator=np.random.default_rng(0))
    assert resampling.interval(means) == pytest.approx((0.7, 0.7))


def test_seeds_alone_make_an_interval_that_patients_cannot_narrow():
    by_seed = np.array([[0.5], [0.6], [0.7]])
    narrow = resampling.bootstrap_means(by_seed, generator=np.random.default_rng(0))
    same = resampling.bootstrap_means(
        by_seed.repeat(50, axis=1), generator=np.random.default_rng(1)
    )
    assert narrow.std() == pytest.approx(same.std(), rel=0.05)


def test_the_same_generator_gives_the_same_interval(values):
    first, second = (
        resampling.bootstrap_means(values, generator=np.random.default_rng(8), draws=10)
        for _ in range(2)
    )
    assert (first == second).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.1, 0.2], r"values must be \(seeds, heads\), got shape \(2,\)"),
        (np.zeros((0, 3)), r"got shape \(0, 3\)"),
        ([[0.1, np.nan]], r"values must be finite, got 1 gap"),
    ],
)
def test_what_is_no_table_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        resampling.bootstrap_means(values, generator=np.random.default_rng(0))


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_level_is_a_share(level):
    with pytest.raises(ValueError, match=r"level must be in \(0, 1\)"):
        resampling.interval([1.0, 2.0], level=level)
