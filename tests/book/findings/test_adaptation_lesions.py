"""What chapter 09 says of false positives, small lesions and V1, of made-up numbers."""

import adaptation_rows
import numpy as np
import pandas as pd
import pytest

from rfe_book.findings import adaptation_lesions as findings
from rfe_book.tables.adaptation import ALL_PIXELS, BY_SIZE, CONTROL, LUCK
from rfe_book.words import percent
from rfe_study.claims.adaptation import EVERY_LESION, OF_SMALL
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import CONTRADICTED, REPRODUCED, UNDECIDED, Verdict
from rfe_study.methods.adaptation import PAPER, PERFECT
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

MEAN = ", mean of B, C, D"


def verdict(claim, part, outcome, estimate=0.0):
    numbers = dict.fromkeys(("threshold", "p_above", "p_below"), 0.0)
    numbers |= {"estimate": estimate, "low": estimate - 0.1, "high": estimate + 0.1}
    return Verdict(claim=claim, part=part, statistic="x", verdict=outcome, **numbers)


def scores(plan, other):
    """What `plan` says of a model, on two seeds and two heads of each target."""
    names = [LOWER_BOUND, UPPER_BOUND, *adaptation_rows.NAMES]
    own = {m: pd.DataFrame(np.full((2, 2), plan.get(m, other)), columns=["x", "y"]) for m in names}
    return dict.fromkeys("BCD", own)


def alarms(estimate):
    return [
        verdict(7, f"fewer false positives{MEAN}", UNDECIDED, estimate),
        verdict(7, f"precision gains more than recall{MEAN}", REPRODUCED, 0.05),
        verdict(7, "B: precision gains more than recall", UNDECIDED, 0.2),
    ]


def test_false_positives_are_a_ratio():
    said = findings.false_positives(scores({}, 1.0), alarms(-np.log(2)))
    assert (said.times, said.fewer, said.gains) == ("2.0", UNDECIDED, REPRODUCED)
    assert float(said.times_low) < 2 < float(said.times_high)
    with pytest.raises(ValueError, match="more pieces than fewer"):
        findings.false_positives(scores({}, 1.0), alarms(0.3))


def small(found_by_all_pixels):
    share = dict.fromkeys(BY_SIZE, 0.2) | {UPPER_BOUND: 0.4, EVERY_LESION: 0.3}
    share |= {ALL_PIXELS: found_by_all_pixels}
    rows = [
        {"model": m, "domain": d, "seed": 0, "size": size, "found": x + 0.5 * (size != "0-10")}
        for m, x in share.items()
        for d in "BCD"
        for size in ("0-10", "10-30")
    ]
    parts = [
        verdict(8, f"most lesions below 10 mm³ missed{MEAN}", REPRODUCED, 0.8),
        verdict(12, "every lesion equally likely finds more below 10 mm³, perfect prior" + MEAN,
                REPRODUCED, 0.1),
        verdict(11, f"finds lesions that the upper bound misses{MEAN}", UNDECIDED, 0.06),
        verdict("ours", f"more of those than another upper bound{MEAN}", UNDECIDED, -0.01),
    ]  # fmt: skip
    f = scores({}, 0.5)
    return findings.small(pd.DataFrame(rows), f, scores({EVERY_LESION: 2.0}, 1.0), parts)


def test_small_lesions_and_their_cause():
    said = small(0.2)
    assert (said.missed, said.upper) == ("80% (70% to 90%)", "60%")
    assert (said.every, said.perfect, said.all_pixels) == ("30%", "20%", "20%")
    assert said.more == "10 points (0 to 20)" and said.another == "−1 points (−11 to 9)"
    assert float(said.pieces) == pytest.approx(2.0, abs=0.1)
    with pytest.raises(ValueError, match="taking all pixels does not"):
        small(0.3)


def drawn(**found):
    """How many of ten very small lesions models find on three heads, seed by seed one more."""
    found = {PERFECT: 3, ALL_PIXELS: 3, CONTROL: 3} | found
    tables = {}
    for model, n in found.items():
        for domain in "BCD":
            made = np.random.default_rng(len(model)).normal(n, 0.5, (2, 3))
            lesions = pd.DataFrame(np.full((2, 3), 10), columns=list("xyz"))
            detected = pd.DataFrame(made, columns=list("xyz"))
            tables |= {
                (domain, model, c): t for c, t in zip(OF_SMALL, (detected, lesions), strict=True)
            }
    return findings.drawn(Scores(tables=tables))


def test_being_seldom_drawn_is_not_the_cause():
    said = drawn()
    assert abs(float(said.all.split(" ")[0].replace("−", "-"))) < 5 and " to " in said.none
    with pytest.raises(ValueError, match="as many small lesions are missed"):
        drawn(**{ALL_PIXELS: 8})


def test_luck_is_the_range_over_v1():
    index = pd.MultiIndex.from_product([list("BC"), ["patient 1", "patient 2"]])
    table = pd.DataFrame(
        {LUCK[0]: [0.5, 0.54, 0.6, 0.6], LUCK[1]: [0.6, 0.4, 0.5, 0.4], LUCK[2]: 0.7},
        index=index.set_names(["domain", "V1 is"]),
    )
    seeds = {t: {PAPER: pd.DataFrame([[0.5, 0.6], [0.54, 0.62]])} for t in "BC"}
    said = findings.luck(table, seeds)
    assert said.ncc == "0.04 on B and 0.00 on C" and said.band == "0.20 on B and 0.10 on C"
    assert said.seeds == "0.03 on B and 0.03 on C"
    with pytest.raises(ValueError, match="V1 changes no more than a seed may"):
        findings.luck(table, {t: {PAPER: of[PAPER] * 0.1} for t, of in seeds.items()})


def test_verdicts_come_from_the_part_that_decides():
    claims = (6, 7, 8, 10, 11, 12, 14)
    (papers,) = set(PATIENTS) - {VERDICT}
    first = [verdict(c, "a", REPRODUCED, 0.5) for c in claims]
    judged = {
        VERDICT: [*first, verdict(6, "b", CONTRADICTED, -0.5)],
        papers: [verdict(c, "a", UNDECIDED) for c in claims],
    }
    said = findings.verdicts(judged)
    assert (said.all_6, said.all_8) == (CONTRADICTED, REPRODUCED)


def test_shares_of_lesions_in_per_cent():
    assert percent(verdict(8, "a", REPRODUCED, 0.05)) == "5% (−5% to 15%)"
    assert findings.small_share(
        pd.DataFrame(
            [
                {"model": PERFECT, "domain": d, "seed": 0, "size": s, "found": x}
                for d, s, x in (("B", "0-10", 0.2), ("C", "0-10", 0.4), ("B", "10-30", 0.9))
            ]
        ),
        PERFECT,
    ) == pytest.approx(0.3)
