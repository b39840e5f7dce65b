"""Expected power: what simulations give; and the power that rows reach."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims import power
from rfe_study.claims.crossed import Spread, crossed_mean
from rfe_study.claims.evidence import of_table
from rfe_study.claims.rows import NotTrained
from rfe_study.claims.verdicts import ERROR, Part

ABOUT = {"sd_seed": 0.015, "sd_head": 0.065, "sd_rest": 0.04}


def tables(n, seeds, heads, mean=0.0):
    rng = np.random.default_rng(0)
    a = ABOUT["sd_seed"] * rng.standard_normal((n, seeds, 1))
    b = ABOUT["sd_head"] * rng.standard_normal((n, 1, heads))
    return mean + a + b + ABOUT["sd_rest"] * rng.standard_normal((n, seeds, heads))


@pytest.mark.parametrize("tests", [1, 3])
def test_chance_to_show_is_how_often_it_is_shown(tests):
    error, freedom = Spread(**ABOUT).error(seeds=5, heads=40)
    shown = crossed_mean(tables(4000, 5, 40, 0.03)).p_above(0) < ERROR / tests
    assert shown.mean() == pytest.approx(power.to_show(0.03, error, freedom, tests=tests), abs=0.03)


def test_chance_to_exclude_is_how_often_it_is_excluded():
    error, freedom = Spread(**ABOUT).error(seeds=8, heads=40)
    low, high = crossed_mean(tables(4000, 8, 40)).interval(0.9)
    within = (low > -0.03) & (high < 0.03)
    assert within.mean() == pytest.approx(power.to_exclude(0.03, error, freedom), abs=0.03)
    assert power.to_exclude(0.001, error, freedom) == 0


def test_expected_power_of_every_part():
    table = power.expected()
    assert table.index.is_unique
    assert set(table.index.get_level_values("claim")) >= {2, 3, 4, 6, 7, 8, 10, 11, 12, "ours"}
    more, fewer = table["shown, 10 seeds"], table["shown, 3 seeds"]
    assert (more >= fewer).all() and more.between(0, 1).all()
    assert table.loc[8, "none, 10 seeds"].isna().all()  # a bound


def test_expected_agreement_of_seeds():
    found = power.expected_agreement(repetitions=40)
    assert len(found) == 2 and (found > 0.6).all()


def test_power_reached_is_that_of_the_rows():
    made = pd.DataFrame(tables(1, 6, 40)[0], columns=[f"Btest{k}" for k in range(40)])

    def missing(scores):
        raise NotTrained("nothing")

    about = {"claim": 3, "statistic": power.DIFFERENCE, "threshold": 0.0, "smallest": 0.03}
    parts = [Part(part="a", compute=of_table, **about), Part(part="b", compute=missing, **about)]
    found = power.reached(parts, made)
    assert found.index.tolist() == [(3, "a")]
    line, mean = found.iloc[0], crossed_mean(made.to_numpy())
    expected = power.to_show(
        0.03, float(mean.standard_error), float(mean.degrees_of_freedom), tests=2
    )
    assert line["shown"] == pytest.approx(expected)
    assert line["head ±"] == pytest.approx(0.065, abs=0.02)
