"""Shares of a gap, and gaps, on scores whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims.comparisons import Share, gain, mean_interval, means, share_closed
from rfe_study.claims.crossed import crossed_mean

HEADS = [f"paired{k:02d}" for k in range(1, 5)]
LOWER = pd.DataFrame(0.4 + 0.05 * np.arange(12.0).reshape(3, 4) / 12, columns=HEADS)


def test_share_of_a_constant_gap_is_exact():
    found = share_closed(LOWER + 0.05, LOWER, LOWER + 0.2)
    assert (found.share, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))
    assert (found.gap, found.gap_low, found.gap_high) == pytest.approx((0.2, 0.2, 0.2))
    assert found.text == "25% (25% to 25%)"


@pytest.mark.parametrize(("method", "share"), [(0.0, 0.0), (0.2, 1.0), (-0.1, -0.5), (0.3, 1.5)])
def test_ends_of_the_gap_and_beyond(method, share):
    assert share_closed(LOWER + method, LOWER, LOWER + 0.2).share == pytest.approx(share)


def test_is_the_ratio_of_means_not_the_mean_of_ratios():
    upper = LOWER + np.array([0.1, 0.1, 0.1, 0.2])
    method = LOWER + np.array([0.1, 0.1, 0.1, 0.0])
    found = share_closed(method, LOWER, upper)
    assert found.share == pytest.approx(0.3 / 0.5)
    assert found.low < found.share < found.high


def test_a_method_that_always_closes_half_has_no_uncertainty():
    """However much the gap varies."""
    gap = np.array([0.3, 0.35, 0.4, 0.5])
    found = share_closed(LOWER + gap / 2, LOWER, LOWER + gap)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
    assert found.gap_low < found.gap < found.gap_high


def test_no_share_of_a_gap_that_may_be_none():
    found = share_closed(LOWER, LOWER, LOWER + np.array([0.3, -0.3, 0.2, -0.1]))
    assert np.isnan(found.share) and found.text == "no share: the gap may be 0"
    assert found.gap == pytest.approx(0.025) and found.gap_low < 0 < found.gap_high


def test_text_has_a_minus_sign():
    share = Share(share=-0.1, low=-0.2, high=0.05, gap=0.2, gap_low=0.1, gap_high=0.3)
    assert share.text == "−10% (−20% to 5%)"


def test_means_and_differences_are_those_of_crossed_effects():
    rng = np.random.default_rng(0)
    values = {name: LOWER + 0.1 * rng.standard_normal((3, 4)) for name in "ab"}
    values["b"] = values["b"].iloc[1:]  # one seed less
    plain = means({"a": values["a"].rename(columns=lambda h: f"B{h}")}).loc["a"]
    expected = crossed_mean(values["a"].to_numpy())
    assert (plain["low"], plain["high"]) == pytest.approx(expected.interval())
    paired = means(values, over="a")
    assert paired.index.tolist() == ["b"]
    assert tuple(paired.loc["b"]) == pytest.approx(gain(values, "b", "a"))
    difference = values["b"].to_numpy() - values["a"].iloc[1:].to_numpy()
    assert paired.loc["b", "mean"] == pytest.approx(difference.mean())
    assert np.isnan(mean_interval(LOWER.iloc[:1])[1:]).all()
