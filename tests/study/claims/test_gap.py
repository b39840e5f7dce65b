"""Shares of a gap, on scores whose answers are known."""

import numpy as np
import pytest

from rfe_study.claims.comparisons import Share, share_closed

LOWER = 0.4 + 0.05 * np.arange(12.0).reshape(3, 4) / 12
FEW = {"draws": 400}


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_share_of_a_constant_gap_is_exact(generator):
    found = share_closed(LOWER + 0.05, LOWER, LOWER + 0.2, generator=generator, **FEW)
    assert (found.share, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))
    assert (found.gap, found.gap_low, found.gap_high) == pytest.approx((0.2, 0.2, 0.2))
    assert found.text == "25% (25% to 25%)"


@pytest.mark.parametrize(("method", "share"), [(0.0, 0.0), (0.2, 1.0), (-0.1, -0.5), (0.3, 1.5)])
def test_ends_of_the_gap_and_beyond(generator, method, share):
    found = share_closed(LOWER + method, LOWER, LOWER + 0.2, generator=generator, **FEW)
    assert found.share == pytest.approx(share)


def test_is_the_ratio_of_means_not_the_mean_of_ratios(generator):
    upper = LOWER + np.array([0.1, 0.1, 0.1, 0.5])
    method = LOWER + np.array([0.1, 0.1, 0.1, 0.0])
    found = share_closed(method, LOWER, upper, generator=generator, **FEW)
    assert found.share == pytest.approx(0.3 / 0.8)
    assert 0 <= found.low < found.share < found.high <= 1


def test_method_and_gap_are_resampled_together(generator):
    """A method that always closes half has no uncertainty, however much the gap varies."""
    gap = np.array([0.1, 0.2, 0.4, 0.6])
    found = share_closed(LOWER + gap / 2, LOWER, LOWER + gap, generator=generator, **FEW)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
    assert found.gap_low < found.gap < found.gap_high


def test_no_share_of_a_gap_that_may_be_none(generator):
    upper = LOWER + np.array([0.3, -0.3, 0.2, -0.1])
    found = share_closed(LOWER, LOWER, upper, generator=generator, **FEW)
    assert np.isnan(found.share) and found.text == "no gap to close"
    assert found.gap == pytest.approx(0.025) and found.gap_low < 0 < found.gap_high


def test_text_has_a_minus_sign():
    share = Share(share=-0.1, low=-0.2, high=0.05, gap=0.2, gap_low=0.1, gap_high=0.3)
    assert share.text == "−10% (−20% to 5%)"


def test_refuses_what_cannot_be_paired(generator):
    with pytest.raises(ValueError, match=r"must be \(seeds, patients\), got .*\(3, 3\)"):
        share_closed(LOWER[:, :3], LOWER, LOWER, generator=generator)
    with pytest.raises(ValueError, match=r"must be finite, got 1 gap"):
        share_closed(np.where(LOWER == LOWER[1, 1], np.nan, LOWER), LOWER, LOWER,
                     generator=generator)  # fmt: skip
