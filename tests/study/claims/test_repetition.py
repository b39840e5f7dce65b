"""Whether repeated trainings agree: known correlations and known differences are found."""

import numpy as np
import pytest

from rfe_study.claims.evidence import Unknown
from rfe_study.claims.repetition import agreement, repeat


def means(rng, seeds, models, *, seed=0.0, model=0.0, rest=0.01):
    return (
        0.5
        + seed * rng.standard_normal((seeds, 1))
        + model * rng.standard_normal(models)
        + rest * rng.standard_normal((seeds, models))
    )


def test_correlation_of_seeds():
    """Its mean over many is the true one; what a seed does to all alike does not count."""
    rng = np.random.default_rng(0)
    found = [agreement(means(rng, 3, 36, seed=0.2, model=0.02)).estimate for _ in range(300)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("model", [0.005, 0.01, 0.03])
def test_intervals_of_the_correlation_cover(model):
    rng, true, hit = np.random.default_rng(1), model**2 / (model**2 + 0.01**2), 0
    for _ in range(400):
        low, high = agreement(means(rng, 3, 36, model=model)).interval()
        hit += low < true < high
    assert 0.92 < hit / 400 < 0.98


def test_p_values_of_the_correlation_are_level():
    rng = np.random.default_rng(2)
    p = [agreement(means(rng, 3, 36, model=0.01)).p_above(0.5) for _ in range(400)]
    assert np.mean(np.less(p, 0.05)) == pytest.approx(0.05, abs=0.025)
    found = agreement(means(rng, 3, 36, model=0.02))
    assert found.p_above(0.5) == pytest.approx(1 - found.p_below(0.5))


@pytest.mark.parametrize("seed", [0.0, 0.01])
def test_difference_of_two_trainings(seed):
    rng, true = np.random.default_rng(3), -np.sqrt(2 * (seed**2 + 0.01**2))
    made = [repeat(means(rng, 10, 12, seed=seed, model=0.05)) for _ in range(300)]
    assert np.mean([m.estimate**2 for m in made]) == pytest.approx(true**2, rel=0.1)
    hit = [low < true < high for low, high in (m.interval() for m in made)]
    assert 0.92 < np.mean(hit) <= 0.99
    low, _ = made[0].interval(0.9)
    assert made[0].p_above(low) == pytest.approx(0.05) and made[0].p_below(low) > 0.9
    assert made[0].p_above(3 * true) < 0.05 and made[0].p_below(true / 3) < 0.05


def test_no_difference_at_all():
    same = np.broadcast_to(np.linspace(0.2, 0.6, 5), (3, 5))
    assert agreement(same).estimate == pytest.approx(1) and agreement(same).p_above(0.9) < 1e-9
    assert repeat(same).estimate == pytest.approx(0) and repeat(same).p_above(-0.01) < 1e-9
    nothing = agreement(np.full((3, 5), 0.5))
    assert nothing.estimate == 0 and nothing.p_above(0.5) > 0.5


def test_one_seed_agrees_with_no_other():
    assert isinstance(agreement(np.ones((1, 5))), Unknown)
    assert isinstance(repeat(np.ones((1, 5))), Unknown)
