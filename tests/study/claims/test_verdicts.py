"""Outcomes: their rules one by one, and how often each comes where the truth is known."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims import verdicts
from rfe_study.claims.evidence import Exact, Unknown, of_table
from rfe_study.claims.rows import NotTrained
from rfe_study.claims.verdicts import (
    CONTRADICTED,
    NO_EFFECT,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
    Part,
    Question,
    deciding,
    holm,
    judge,
    overall,
)

HEADS = [f"paired{k:02d}" for k in range(1, 41)]


def question(claim=1, part="p", **about):
    return Question(claim=claim, part=part, **({"statistic": "s", "threshold": 0.0} | about))


def table(rng, mean, *, seeds=10, heads=40, sd_seed=0.012, sd_head=0.06, sd_rest=0.04):
    a = sd_seed * rng.standard_normal((seeds, 1))
    b = sd_head * rng.standard_normal(heads)
    rest = sd_rest * rng.standard_normal((seeds, heads))
    return pd.DataFrame(mean + a + b + rest, columns=HEADS[:heads])


def rates(mean, repetitions=300, **about):
    """Share of each outcome of one part whose smallest effect of interest is .03."""
    rng = np.random.default_rng(0)
    asked = question(smallest=0.03)
    found = [judge([(asked, of_table(table(rng, mean, **about)))])[0] for _ in range(repetitions)]
    counts = Counter(part.verdict for part in found)
    return {outcome: counts[outcome] / repetitions for outcome in verdicts.OUTCOMES}


def test_without_an_effect_hardly_any_is_claimed():
    found = rates(0.0)
    assert found[REPRODUCED] <= 0.04 and found[CONTRADICTED] <= 0.04
    assert found[NO_EFFECT] > 0.75


@pytest.mark.parametrize(("mean", "right"), [(0.045, REPRODUCED), (-0.045, CONTRADICTED)])
def test_a_relevant_effect_is_found_on_its_side(mean, right):
    found = rates(mean)
    assert found[right] > 0.9
    assert found[REPRODUCED] + found[CONTRADICTED] == found[right]  # never on the other side
    assert found[NO_EFFECT] <= 0.02


def test_a_tiny_effect_is_called_irrelevant_or_left_open():
    found = rates(0.008)
    assert found[NO_EFFECT] > 0.5 and found[CONTRADICTED] <= 0.02
    assert found[REPRODUCED] < 0.15


def test_at_the_smallest_effect_itself_it_is_rarely_called_irrelevant():
    assert rates(0.03)[NO_EFFECT] <= 0.08


def test_with_three_seeds_that_differ_little_is_decided():
    found = rates(0.0, seeds=3, sd_seed=0.03)
    assert found[UNDECIDED] > 0.7 and found[REPRODUCED] + found[CONTRADICTED] < 0.1


def test_a_family_without_effects_is_rarely_wrong():
    rng, wrong = np.random.default_rng(1), 0
    for _ in range(200):
        tested = [
            (question(part=str(k)), of_table(table(rng, 0.0, seeds=4, heads=12))) for k in range(5)
        ]
        wrong += any(part.verdict == REPRODUCED for part in judge(tested))
    assert wrong / 200 <= 0.05  # 2.5% is what it may be


def test_rules_one_by_one():
    def outcome(value, **about):
        return judge([(question(**about), Exact(value))])[0].verdict

    assert outcome(0.1) == REPRODUCED and outcome(-0.1) == CONTRADICTED
    assert outcome(0.1, threshold=0.2) == CONTRADICTED
    assert outcome(0.02, smallest=0.03) == NO_EFFECT == outcome(-0.02, smallest=0.03)
    assert outcome(0.03, smallest=0.03) == REPRODUCED  # the effect of interest itself
    assert outcome(0.02) == REPRODUCED  # a bound has no smallest effect
    (unknown,) = judge([(question(), Unknown(0.4))])
    assert unknown.verdict == UNDECIDED and unknown.estimate == 0.4
    (missing,) = judge([(question(), None)])
    assert missing.verdict == NOT_TESTED and missing.effect == "–"


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1] and holm([0.02]) == [0.02]


def test_families_are_corrected_for_themselves_alone():
    rng = np.random.default_rng(2)
    one = of_table(table(rng, 0.02))
    alone = judge([(question(), one)])[0].p_above
    members = [(question(part=str(k)), one) for k in range(3)]
    beside = [(question(part=f"side {k}", main=False), one) for k in range(2)]
    other = [(question(claim=2), one), (question(claim="ours", family="x"), one)]
    found = [part.p_above / alone for part in judge([*members, *beside, *other])]
    assert found == pytest.approx([3, 3, 3, 2, 2, 1, 1])


def verdict(outcome, *, main=True):
    (found,) = judge([(question(main=main), Exact(1.0))])
    return verdicts.Verdict(**{**vars(found), "verdict": outcome})


@pytest.mark.parametrize(
    ("main", "beside", "expected"),
    [
        ([REPRODUCED, REPRODUCED], [], REPRODUCED),
        ([REPRODUCED, UNDECIDED], [], UNDECIDED),
        ([REPRODUCED, NO_EFFECT], [], NO_EFFECT),
        ([NO_EFFECT, UNDECIDED], [], NO_EFFECT),
        ([CONTRADICTED, NO_EFFECT, UNDECIDED], [], CONTRADICTED),
        ([REPRODUCED, NOT_TESTED], [], NOT_TESTED),
        ([REPRODUCED], [UNDECIDED, NO_EFFECT, REPRODUCED], REPRODUCED),
        ([REPRODUCED], [CONTRADICTED], CONTRADICTED),
    ],
)
def test_a_claim_needs_all_its_main_parts(main, beside, expected):
    parts = [verdict(v) for v in main] + [verdict(v, main=False) for v in beside]
    assert overall(parts) == expected == deciding(parts).verdict


def test_a_claim_without_main_parts_is_refused():
    with pytest.raises(ValueError, match="at least one main part, got none"):
        overall([verdict(REPRODUCED, main=False)])


def test_an_effect_in_words():
    def effect(estimate, low, high):
        part = verdict(REPRODUCED)
        return verdicts.Verdict(
            **{**vars(part), "estimate": estimate, "low": low, "high": high}
        ).effect

    assert effect(0.043, 0.012, 0.074) == "+0.043 (0.012 to 0.074)"
    assert effect(-0.0194, -0.082, 0.0444) == "−0.019 (−0.082 to 0.044)"
    assert effect(20.0, 20.0, 20.0) == "+20.000 (20.000 to 20.000)"
    assert effect(0.4, np.nan, np.nan) == "+0.400"


def test_parts_whose_models_are_not_trained_are_not_tested():
    def nothing(scores):
        raise NotTrained("'x' has no f_score on B")

    about = {"claim": 1, "statistic": "s", "threshold": 0.0}
    parts = [Part(part="a", compute=lambda s: Exact(s), **about)]
    parts.append(Part(part="b", compute=nothing, **about))
    found = verdicts.judge_parts(parts, 0.5)
    assert [part.verdict for part in found] == [REPRODUCED, NOT_TESTED]
