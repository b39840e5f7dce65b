"""Contrasts by seed and head: paired, linearised, with the seeds that all models have."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims.contrasts import average, combined, log_ratio, minus, over_domains, ratio
from rfe_study.claims.crossed import crossed_mean


def table(values, seeds=None, heads=None):
    values = np.asarray(values, float)
    heads = [f"paired{k:02d}" for k in range(1, values.shape[1] + 1)] if heads is None else heads
    return pd.DataFrame(values, index=range(len(values)) if seeds is None else seeds, columns=heads)


def test_a_contrast_has_the_seeds_that_both_have():
    ten, three = table(np.arange(20.0).reshape(10, 2)), table(np.ones((3, 2)), seeds=[0, 2, 11])
    found = minus(ten, three)
    assert found.index.tolist() == [0, 2] and found.loc[2].tolist() == [3, 4]
    assert average([ten, three]).loc[2].tolist() == [2.5, 3]


def test_what_cannot_be_paired_is_refused():
    with pytest.raises(ValueError, match=r"same heads, got \['paired01'\] and \['Btest1'\]"):
        minus(table([[1]]), table([[1]], heads=["Btest1"]))
    with pytest.raises(ValueError, match=r"a seed in common, got seeds \[\[0\], \[1\]\]"):
        minus(table([[1]]), table([[1]], seeds=[1]))


def test_a_ratio_is_of_means_not_the_mean_of_ratios():
    found = ratio(table([[1, 0]]), table([[1, 3]]))
    assert found.to_numpy().mean() == pytest.approx(0.25)
    assert np.isnan(ratio(table([[1, 0]]), table([[0, 0]])).to_numpy()).all()
    logs = log_ratio(table([[1, 3]]), table([[1, 1]]))
    assert logs.to_numpy().mean() == pytest.approx(np.log(2))
    assert np.isnan(log_ratio(table([[0, 0]]), table([[1, 1]])).to_numpy()).all()


def test_a_constant_share_has_no_spread_however_much_its_whole_varies():
    whole = np.random.default_rng(0).uniform(1, 9, (3, 5))
    found = ratio(table(whole / 4), table(whole))
    np.testing.assert_allclose(found, 0.25)


def test_intervals_of_a_linearised_ratio_cover_the_truth():
    """Shares of lesions found, of heads with few and many: 10 seeds, 40 heads."""
    rng, hit = np.random.default_rng(1), 0
    for _ in range(300):
        lesions = np.round(np.exp(rng.normal(3, 0.8, 40))) + 1
        chance = 0.3 + 0.05 * rng.standard_normal((10, 1)) + 0.08 * rng.standard_normal(40)
        found = rng.binomial(lesions.astype(int), chance.clip(0.02, 0.98))
        share = ratio(table(found), table(np.broadcast_to(lesions, (10, 40))))
        low, high = crossed_mean(share.to_numpy()).interval()
        hit += low < 0.3 < high
    assert 0.90 < hit / 300 <= 0.99


def test_domains_are_averaged_over_the_same_heads_first():
    b, c = table([[0.1, 0.3]]), table([[0.3, 0.1]])
    assert over_domains([b, c]).to_numpy().tolist() == [[0.2, 0.2]]


def test_heads_that_are_not_paired_give_a_mean_over_domains_and_its_spread():
    """Two heads on B, ten on D: the mean is that of the domains, its error that of both means."""
    rng = np.random.default_rng(2)
    means, errors = [], []
    for _ in range(800):
        b, d = (
            table(
                np.repeat(rng.standard_normal((1, n)), 2, axis=0) + level,
                heads=[f"{letter}test{k}" for k in range(n)],
            )
            for letter, n, level in (("B", 6, 1.0), ("D", 20, 3.0))
        )
        found = over_domains([b, d])
        assert found.to_numpy().mean() == pytest.approx(
            (b.to_numpy().mean() + d.to_numpy().mean()) / 2
        )
        means.append(found.to_numpy().mean())
        errors.append(float(crossed_mean(found.to_numpy()).standard_error))
    assert np.mean(means) == pytest.approx(2, abs=0.03)
    assert np.mean(np.square(errors)) ** 0.5 == pytest.approx(np.std(means), rel=0.12)


def test_a_difference_of_domains_is_paired_if_heads_are():
    a = table(np.random.default_rng(3).normal(size=(3, 6)))
    assert combined([a, a - 0.2], (1, -1)).to_numpy() == pytest.approx(0.2)
    other = (a - 0.2).set_axis([f"Btest{k}" for k in range(6)], axis=1)
    found = combined([a, other], (1, -1))
    assert found.shape == (3, 12) and found.to_numpy().mean() == pytest.approx(0.2)
    assert found.to_numpy().std() > 0.5
