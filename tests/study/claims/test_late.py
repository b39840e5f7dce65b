"""The training that came late: its rows are left out, and what it turns is told."""

import adaptation_rows
import pandas as pd
import pytest

from rfe_study.claims import late
from rfe_study.claims.verdicts import REPRODUCED, UNDECIDED
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import UPPER_BOUND

BETTER = "better than the lower bound, mean of B, C, D"


def f_score(target, model, seed, domain):
    """The paper's method is better, but for the late training, which spoils it."""
    gained = {PAPER: 0.1}.get(model, 0.0)
    spoilt = (target, model, seed) == ("D", PAPER, 3)
    return 0.4 + gained + 0.001 * seed - 0.4 * spoilt


@pytest.fixture(scope="module")
def stored():
    rows = adaptation_rows.rows(f_score, seeds=(0, 1, 3))
    heads = rows.scores[rows.scores["model"] == PAPER]
    heads = heads[heads["domain"] == heads["target"]][["target", "seed", "subject", "role"]]
    lesions = [heads.assign(model=m, found="10" * 10) for m in (PAPER, UPPER_BOUND)]
    return rows, pd.concat(lesions, ignore_index=True)


def test_only_that_training_is_left_out(stored):
    rows, _ = stored
    kept = late.without_late(rows.models)
    gone = rows.models.drop(kept.index)
    assert gone[list(late.LATE)].to_dict("records") == [late.LATE]
    with pytest.raises(ValueError, match="must hold the training"):
        late.without_late(kept)


def test_what_it_turned_is_told_with_it_and_without(stored):
    turned = {now.part: (now.verdict, then.verdict) for now, then in late.turned(*stored)}
    assert turned[BETTER] == (UNDECIDED, REPRODUCED)
    assert not [part for part in turned if part.startswith(("B: ", "C: "))]


def test_the_claims_that_it_decides_are_told(stored):
    assert late.decided(*stored)[6] == (UNDECIDED, REPRODUCED)
    _, lesions = stored
    other = adaptation_rows.rows(lambda t, m, *_: 0.4 + 0.1 * (m == PAPER), seeds=(0, 1, 3))
    assert 6 not in late.decided(other, lesions)
