"""The headline: its parts name models that are asked for, and planted shares are found."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims import headline
from rfe_study.claims.evidence import Unknown
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import CONTRADICTED, NOT_TESTED, REPRODUCED, judge_parts, overall

HEADS = [f"paired{k:02d}" for k in range(1, 41)]
EXACT, BAND, OWN = (
    f"RFE, {p}, exact 4x" for p in ("perfect prior", "classifier band", "own predictions")
)


def adapted(shares, gap=0.1, sd=0.02, domains="BCD"):
    """Scores on three domains; `shares` maps a model to its share of the gap."""
    rng, tables = np.random.default_rng(0), {}
    levels = {headline.NONE: 0, headline.NONE_AT_LESIONS: 0, headline.LABELS: 1, **shares}
    for domain in domains:
        of_head = rng.normal(0, 0.05, 40)
        for model, share in levels.items():
            f = 0.5 + gap * share + of_head + sd * rng.standard_normal((10, 40))
            tables[domain, model, "f_score"] = pd.DataFrame(f, columns=HEADS)
    return Scores(tables=tables)


def test_shares_on_their_side_of_the_bound():
    found = judge_parts(headline.ON_ADAPTATION, adapted({EXACT: 1.0, BAND: 0.2, OWN: 0.7}))
    sentences = {s: [v for v in found if v.claim == s] for s in headline.SENTENCES}
    assert overall(sentences[headline.WITH_PERFECT]) == REPRODUCED
    assert overall(sentences[headline.WITH_V1]) == CONTRADICTED
    assert overall(sentences[headline.WITHOUT_LABELS]) == REPRODUCED
    mean, *each = sentences[headline.WITH_PERFECT]
    assert mean.main and mean.estimate == pytest.approx(1.0, abs=0.05)
    assert [part.part[0] for part in each] == ["B", "C", "D"] and not any(p.main for p in each)


def test_a_share_over_domains_is_of_summed_gaps():
    scores = adapted({EXACT: 1.0}, sd=0.0)
    for head in ("none", "exact"):
        model = headline.NONE_AT_LESIONS if head == "none" else EXACT
        scores.tables["B", model, "f_score"][:] = 0.5  # nothing gained of B's gap of .1
    scores.tables["B", headline.LABELS, "f_score"][:] = 0.8  # and that gap is .3
    found = judge_parts(headline.ON_ADAPTATION[:1], scores)[0]
    assert found.estimate == pytest.approx(0.2 / 0.5)


def test_no_share_of_a_gap_that_may_be_none():
    found = judge_parts(headline.ON_ADAPTATION[:1], adapted({EXACT: 1.0}, gap=0.0))
    assert np.isnan(found[0].estimate) and found[0].verdict == "undecided"
    nothing = pd.DataFrame(np.zeros((3, 4)), columns=HEADS[:4])
    assert isinstance(headline.closed(nothing, nothing), Unknown)


def test_models_that_are_not_trained_are_not_tested():
    found = judge_parts(headline.ON_ADAPTATION, adapted({EXACT: 1.0}))
    assert {v.verdict for v in found if v.claim == headline.WITH_V1} == {NOT_TESTED}


def on_proof(recall, precision, average_precision):
    """Scores on B: what 80/20 changes over the natural ratio, 4x half of it."""
    rng, tables = np.random.default_rng(1), {}
    levels = {headline.NATURAL: 0, headline.MIDDLE: 0.5, headline.PAPERS: 1}
    changes = {"recall": recall, "precision": precision, "average_precision": average_precision}
    for model, level in levels.items():
        for column, change in changes.items():
            value = 0.5 + level * change + 0.02 * rng.standard_normal((10, 40))
            tables["B", model, column] = pd.DataFrame(value, columns=HEADS)
    return Scores(tables=tables)


def test_an_operating_point_moves_and_nothing_else():
    found = judge_parts(headline.ON_PROOF[:2], on_proof(0.1, -0.2, 0.01))
    assert [part.verdict for part in found] == [REPRODUCED, REPRODUCED]
    assert found[0].estimate == pytest.approx(0.3, abs=0.01)
    assert found[1].estimate == pytest.approx(-0.01, abs=0.006)
    found = judge_parts(headline.ON_PROOF[:2], on_proof(-0.1, 0.2, -0.1))
    assert [part.verdict for part in found] == [CONTRADICTED, CONTRADICTED]


def test_bounds_as_fixed_in_advance():
    assert (headline.PERFECT_SHARE, headline.REAL_SHARE) == (0.8, 0.4)
    bounds = {(p.claim, p.threshold, p.smallest) for p in headline.ON_ADAPTATION}
    assert bounds == {("perfect prior", 0.8, None), ("V1 alone", 0.4, None),
                      ("no target label", 0.4, None)}  # fmt: skip
