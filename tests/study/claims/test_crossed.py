"""Crossed random effects: unbiased variances, honest coverage, known special cases."""

import numpy as np
import pytest
from scipy import stats

from rfe_study.claims.crossed import Spread, crossed_mean


def tables(n, seeds, heads, *, sd_seed, sd_head, sd_rest=0.05, mean=0.0, rng=0):
    rng = np.random.default_rng(rng)
    a = sd_seed * rng.standard_normal((n, seeds, 1))
    b = sd_head * rng.standard_normal((n, 1, heads))
    return mean + a + b + sd_rest * rng.standard_normal((n, seeds, heads))


@pytest.mark.parametrize(("seeds", "heads"), [(3, 8), (10, 40)])
@pytest.mark.parametrize(("sd_seed", "sd_head"), [(0.02, 0.07), (0.1, 0.02), (0.0, 0.07), (0, 0)])
def test_intervals_cover_the_truth_as_often_as_they_say(seeds, heads, sd_seed, sd_head):
    made = tables(4000, seeds, heads, sd_seed=sd_seed, sd_head=sd_head, mean=0.3)
    low, high = crossed_mean(made).interval()
    assert 0.935 < ((low < 0.3) & (high > 0.3)).mean() <= 0.99


def test_percentiles_of_resamples_would_not():
    """Why this module exists: with 3 seeds that differ, resampling covers far less."""
    generator, hit = np.random.default_rng(1), 0
    made = tables(150, 3, 8, sd_seed=0.1, sd_head=0.02)
    for table in made:
        seeds, heads = (generator.multinomial(n, [1 / n] * n, 400) / n for n in table.shape)
        low, high = np.quantile(np.einsum("ks,sh,kh->k", seeds, table, heads), [0.025, 0.975])
        hit += low < 0 < high
    assert hit / len(made) < 0.85


def test_standard_deviations_are_found():
    found = crossed_mean(tables(3000, 6, 12, sd_seed=0.02, sd_head=0.07))
    assert np.mean(found.sd_seed**2) ** 0.5 == pytest.approx(0.02, abs=0.004)
    assert np.mean(found.sd_head**2) ** 0.5 == pytest.approx(0.07, abs=0.002)
    assert np.mean(found.sd_rest**2) ** 0.5 == pytest.approx(0.05, abs=0.001)
    true = (0.02**2 / 6 + 0.07**2 / 12 + 0.05**2 / 72) ** 0.5
    assert np.mean(found.standard_error**2) ** 0.5 == pytest.approx(true, rel=0.05)


def test_if_seeds_do_nothing_it_is_the_t_test_over_heads():
    heads = np.random.default_rng(2).normal(0.1, 1, 9)
    values = np.stack([heads, heads, heads])
    found = crossed_mean(values)
    low, high = found.interval()
    expected = stats.ttest_1samp(heads, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert found.degrees_of_freedom == pytest.approx(8)
    p = stats.ttest_1samp(heads, -0.2, alternative="greater").pvalue
    assert found.p_above(-0.2) == pytest.approx(p)
    assert found.p_below(-0.2) == pytest.approx(1 - p)


def test_seeds_and_heads_play_the_same_part():
    values = tables(1, 4, 7, sd_seed=0.1, sd_head=0.05)[0]
    one, other = crossed_mean(values), crossed_mean(values.T)
    assert one.interval() == pytest.approx(other.interval())
    assert (one.sd_seed, one.sd_head) == pytest.approx((other.sd_head, other.sd_seed))


def test_a_covariate_takes_off_what_it_explains():
    load = np.random.default_rng(3).normal(size=40)
    values = tables(1, 5, 40, sd_seed=0.01, sd_head=0.01)[0] + 0.1 * load
    plain, adjusted = crossed_mean(values), crossed_mean(values, covariate=load)
    assert adjusted.mean == plain.mean
    assert adjusted.standard_error < plain.standard_error / 3
    assert adjusted.sd_head < 0.03 < plain.sd_head


def test_expected_error_is_that_of_means():
    about = {"sd_seed": 0.015, "sd_head": 0.065, "sd_rest": 0.04}
    found = crossed_mean(tables(6000, 5, 40, **about))
    error, freedom = Spread(**about).error(seeds=5, heads=40)
    assert error == pytest.approx(found.mean.std(), rel=0.03)
    assert freedom == pytest.approx(np.median(found.degrees_of_freedom), rel=0.15)


def test_no_spread_at_all():
    found = crossed_mean(np.full((3, 4), 0.25))
    assert found.interval() == (0.25, 0.25)
    assert (found.p_above(0.2), found.p_above(0.3), found.p_above(0.25)) == (0, 1, 0.5)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(4), r"seeds >= 2, heads >= 2\), got \(4,\)"),
        (np.zeros((1, 4)), r"got \(1, 4\)"),
        (np.full((3, 3), np.nan), r"finite, got 9 gap\(s\)"),
    ],
)
def test_tables_that_say_nothing_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        crossed_mean(values)


def test_bad_settings_are_refused():
    values = tables(1, 3, 4, sd_seed=1, sd_head=1)[0]
    with pytest.raises(ValueError, match=r"covariate must be \(4,\) finite numbers that differ"):
        crossed_mean(values, covariate=[1, 1, 1, 1])
    with pytest.raises(ValueError, match="at least 3 heads, got 2"):
        crossed_mean(values[:, :2], covariate=[0, 1])
    with pytest.raises(ValueError, match=r"level must be in \(0, 1\), got 1"):
        crossed_mean(values).interval(1)
    with pytest.raises(ValueError, match=">= 2, got 1 and 9"):
        Spread(sd_seed=1, sd_head=1, sd_rest=1).error(seeds=1, heads=9)
    with pytest.raises(ValueError, match="an error needs a spread"):
        Spread(sd_seed=0, sd_head=0, sd_rest=0).error(seeds=2, heads=9)
