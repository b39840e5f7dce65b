"""Evidence of each kind: estimates, intervals, p values on either side."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims.evidence import Exact, Least, Resampled, Unknown, of_table
from rfe_study.claims.heads import log_load


def table(values, heads="Btest"):
    values = np.asarray(values, float)
    width = 2 if heads == "paired" else 1
    names = [f"{heads}{k:0{width}d}" for k in range(1, values.shape[1] + 1)]
    return pd.DataFrame(values, columns=names)


@pytest.mark.parametrize("values", [[[0.1, 0.2]], [[0.1], [0.2]]])
def test_one_seed_or_one_head_shows_nothing(values):
    found = of_table(table(values))
    assert isinstance(found, Unknown) and found.estimate == pytest.approx(0.15)
    assert found.p_above(-9) == found.p_below(9) == 1
    assert np.isnan(found.interval()).all()


def test_a_share_of_nothing_is_unknown():
    found = of_table(table(np.full((3, 3), np.nan)))
    assert isinstance(found, Unknown) and np.isnan(found.estimate)


def test_loads_of_paired_heads_are_taken_off():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.01, (4, 40)) + 0.05 * log_load(
        [f"paired{k:02d}" for k in range(1, 41)]
    )
    adjusted, plain = of_table(table(values, "paired")), of_table(table(values))
    assert adjusted.estimate == plain.estimate
    assert adjusted.standard_error < plain.standard_error / 3


def test_exact_numbers():
    assert (Exact(2.0).p_above(1), Exact(2.0).p_above(2), Exact(2.0).p_below(3)) == (0, 1, 0)
    assert Exact(2.0).interval() == (2, 2)


def test_resampled_p_values_never_vanish():
    found = Resampled(0.5, np.linspace(0.4, 0.6, 99))
    assert found.p_above(0.3) == found.p_below(0.7) == pytest.approx(0.01)
    assert found.p_above(0.5) == pytest.approx(0.51)
    assert found.interval() == pytest.approx((0.405, 0.595))


def test_all_must_be_above():
    """Intersection-union: as sure as the least sure; below if the surest is, corrected."""
    rng = np.random.default_rng(1)
    members = [of_table(table(m + 0.05 * rng.standard_normal((4, 9)))) for m in (0.3, 0.1, 0.2)]
    found = Least(members)
    assert found.estimate == members[1].estimate and found.interval() == members[1].interval()
    assert found.p_above(0.05) == max(m.p_above(0.05) for m in members)
    assert found.p_below(0.15) == pytest.approx(3 * members[1].p_below(0.15))
    with pytest.raises(ValueError, match="at least one number, got none"):
        Least([])
