"""What chapter 09 says of F and average precision, of made-up rows whose answers are known."""

import adaptation_rows
import numpy as np
import pandas as pd
import pytest

from rfe_book.findings import adaptation as findings
from rfe_book.tables.adaptation import ALONE, CONTROL, SHARES, STATISTICS, V1
from rfe_book.words import span
from rfe_study.claims.verdicts import CONTRADICTED, NO_EFFECT, REPRODUCED, UNDECIDED, Verdict
from rfe_study.methods.adaptation import AT_BEST, PAPER, PERFECT
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND
from rfe_study.phantom.domains import TARGETS

#: F over 0.5 by model, on all targets or on one: as the chapter tells it.
STORY = {
    LOWER_BOUND: {"B": -0.2},
    UPPER_BOUND: 0.2,
    ALONE: {"B": -0.2},
    CONTROL: {"B": -0.05},
    PAPER: {"D": -0.02},
    STATISTICS: {"B": 0.1},
    V1: 0.12,
    PERFECT: {"C": -0.05},
    "Dice on NCC": -0.3,
    "entropy": {"B": 0.1, "C": -0.1},
    f"{PAPER}{AT_BEST}": {"B": -0.25},
}


def by_target(changes=None):
    """Scores of two seeds on three heads, 0.5 and what the story says."""
    plan, heads = STORY | (changes or {}), np.array([-0.1, 0, 0.1])

    def own(model, target):
        value = plan.get(model, 0.0)
        value = value.get(target, 0.0) if isinstance(value, dict) else value
        return pd.DataFrame([heads + 0.5 + value, heads + 0.52 + value], columns=list("xyz"))

    names = [LOWER_BOUND, UPPER_BOUND, *adaptation_rows.NAMES]
    return {t: {model: own(model, t) for model in names} for t in TARGETS}


def verdict(part, outcome, claim="ours", main=True, estimate=0.0, low=0.0, high=0.0):
    numbers = dict.fromkeys(("threshold", "p_above", "p_below"), 0.0)
    numbers |= {"estimate": estimate, "low": low, "high": high}
    return Verdict(
        claim=claim, part=part, statistic="x", main=main, verdict=outcome, **numbers
    )  # fmt: skip


OURS = [
    verdict(f"better than {other}, mean of B, C, D", outcome)
    for other, outcome in (
        (CONTROL, NO_EFFECT), (STATISTICS, CONTRADICTED), (V1, CONTRADICTED),
        ("Dice on NCC", REPRODUCED), ("entropy", UNDECIDED), ("pseudo-labels", UNDECIDED),
        ("histogram matching", CONTRADICTED),
    )
]  # fmt: skip


def test_spans():
    assert span([3, 5, 4]) == "3 to 5" and span([2, 2]) == "2"


def test_experiment_counts_models_and_their_own_seeds():
    rows = adaptation_rows.rows()
    f = rows.by_target()
    f["B"] = f["B"] | {PAPER: f["B"][PAPER].loc[[0]]}
    said = findings.experiment(rows, f)
    assert said.models == len(rows.models) and said.heads == 40
    assert said.seeds == "1 to 2"


def test_the_papers_comparison():
    told = by_target()
    for bound in (LOWER_BOUND, UPPER_BOUND):
        told["B"][bound].loc[1] += 0.01
    told["C"][PAPER] += np.array([[-0.1], [0.1]])
    said = findings.paper(told)
    assert (said.least, said.most) == ("0.30", "0.33")
    assert said.B.startswith("+0.19 (0.1") and said.below_C.startswith("−0.20 (−")
    assert said.closed.startswith("49%")
    with pytest.raises(ValueError, match="shown on B, not on average"):
        findings.paper(by_target())
    with pytest.raises(ValueError, match="on C and D there is hardly one"):
        findings.paper(by_target({PAPER: {"C": -0.1}}))


def test_controls_take_away_one_thing():
    said = findings.controls(by_target(), OURS)
    assert said.own_B == "+0.05 (0.05 to 0.05)" and said.own_mean == "+0.01 (0.01 to 0.01)"
    assert said.statistics_B.startswith("+0.30") and said.images_B.startswith("+0.15")
    assert said.own_verdict == "no relevant difference"
    unsure = [verdict(f"better than {STATISTICS}, mean of B, C, D", UNDECIDED)]
    with pytest.raises(ValueError, match="statistics alone do better"):
        findings.controls(by_target(), [*OURS, *unsure])
    assert said.own_C == "+0.00 (0.00 to 0.00)"
    with pytest.raises(ValueError, match="B gains, D loses, C is open"):
        findings.controls(by_target({PAPER: {"C": 0.01, "D": -0.02}}), OURS)
    with pytest.raises(ValueError, match="own share is small"):
        findings.controls(by_target({PAPER: 0.1}), OURS)


def test_priors_at_a_threshold_and_without():
    pulls = pd.DataFrame({"a": {"B": 0.04, "C": 0.7, "D": 0.05}})
    f = by_target({PERFECT: {"B": 0.0, "C": -0.1}})
    ap = by_target({PERFECT: 0.1})
    said = findings.priors(f, ap, pulls)
    assert said.perfect_ap.startswith("+0.12") and said.perfect_f_C.startswith("−0.10")
    assert said.pull_C == "0.70"
    with pytest.raises(ValueError, match="ranks pixels better"):
        findings.priors(f, f, pulls)


def test_shares_trade_precision_for_recall():
    steps = list(SHARES.values())
    recall = by_target({m: 0.05 * k for k, m in enumerate(steps)})
    precision = by_target({m: -0.05 * k for k, m in enumerate(steps)})
    f = by_target({steps[1]: 0.05})
    said = findings.shares(f, recall, precision, recall)
    assert said.best == "2x" and said.ap_gain.startswith("+0.15")
    assert float(said.recall_high) - float(said.recall_low) == pytest.approx(0.15, abs=0.011)
    with pytest.raises(ValueError, match="more lesion means more recall"):
        findings.shares(f, recall, recall, precision)


def test_rivals_ahead_are_named():
    said = findings.rivals(by_target({"CORAL": 0.05, "entropy": {"B": 0.1, "C": -0.2}}), OURS)
    assert "“CORAL”" in said.ahead and "“entropy”" not in said.ahead
    assert said.v1.startswith("−0.13") and said.dice_lower.startswith("−0.23")
    assert said.matched.startswith("+0.01 (")
    assert said.exact_B == "0.20" and said.entropy_B.startswith("−0.10")
    with pytest.raises(ValueError, match="V1's labels are worth most"):
        findings.rivals(by_target({"CORAL": 0.3}), OURS)
    settled = [verdict("better than entropy, mean of B, C, D", REPRODUCED)]
    with pytest.raises(ValueError, match="entropy and pseudo-labels are open"):
        findings.rivals(by_target(), [*OURS, *settled])
    sure = [verdict("better than pseudo-labels, mean of B, C, D", CONTRADICTED)]
    with pytest.raises(ValueError, match="three surely do better"):
        findings.rivals(by_target({"CORAL": 0.05}), [*OURS, *sure])
