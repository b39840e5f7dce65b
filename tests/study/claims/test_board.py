"""The scoreboard says of each claim what its rows say, and nothing without rows."""

import adaptation_rows
import numpy as np
import pandas as pd
import pytest
import sweep_rows

from rfe_study import results
from rfe_study.claims import board as board_claims
from rfe_study.claims import verdicts
from rfe_study.claims.baselines import setup_parts
from rfe_study.claims.headline import SENTENCES
from rfe_study.claims.verdicts import CONTRADICTED, NO_EFFECT, NOT_TESTED, REPRODUCED, UNDECIDED


def part(claim, verdict, estimate=0.043, *, main=True):
    about = {"part": "p", "statistic": "difference of mean F", "threshold": 0.0, "main": main}
    numbers = {"estimate": estimate, "low": 0.012, "high": 0.074, "p_above": 0.1, "p_below": 0.9}
    return verdicts.Verdict(claim=claim, verdict=verdict, **numbers, **about)


def test_has_the_fourteen_claims():
    assert [claim.number for claim in board_claims.CLAIMS] == list(range(1, 15))


def test_each_verdict_comes_from_its_parts():
    parts = {
        2: [part(2, REPRODUCED), part(2, CONTRADICTED, -0.1)],
        3: [part(3, REPRODUCED), part(3, UNDECIDED)],
        4: [part(4, NO_EFFECT), part(4, REPRODUCED, main=False)],
        9: [part(9, REPRODUCED)],
        "ours": [part("ours", CONTRADICTED)],
    }
    board = board_claims.board(parts)
    lines = board.set_index("claim")
    assert lines["verdict"][[2, 3, 4, 9]].tolist() == [
        CONTRADICTED,
        UNDECIDED,
        NO_EFFECT,
        "reproduced (setup)",
    ]
    assert (lines["verdict"].drop([2, 3, 4, 9]) == NOT_TESTED).all()
    assert lines["parts"][[2, 3, 4, 9]].tolist() == ["1 of 2", "1 of 2", "", ""]
    assert lines["tested"][2] == "F at the two ends, n_E = 20 and 2000, mean of the strategies"
    assert lines["tested"][[1, 3, 7]].tolist() == ["", "", ""]  # 7 is not tested here
    assert lines["effect"][2] == "difference of mean F: −0.10 (0.01 to 0.07)"
    assert lines["effect"][1] == ""
    assert lines["means"][3] == board_claims.MEANS[UNDECIDED]  # that of another verdict is not said
    assert lines["means"][9].endswith("our data were made so.") and lines["means"][1] == ""
    counts = {REPRODUCED: 1, CONTRADICTED: 1, NO_EFFECT: 1, UNDECIDED: 1, NOT_TESTED: 10}
    assert board_claims.counted(board) == counts


def test_each_claim_says_what_its_verdict_means():
    """In a line; of claim 1 also that the fall that it says is there is no evidence."""
    for claim in board_claims.CLAIMS:
        for verdict in verdicts.OUTCOMES:
            line = board_claims.board({claim.number: [part(claim.number, verdict)]})
            means = line.set_index("claim")["means"][claim.number]
            assert (means == "") == (verdict == NOT_TESTED)
            assert len(means) <= 110 and (not means or means.endswith("."))
        assert set(claim.means) < set(verdicts.OUTCOMES)
    first = board_claims.CLAIMS[0].means[REPRODUCED]
    assert "so does that of a perfect sample" in first


def test_setup_is_judged_on_paired_heads():
    """The upper bound of each target is higher on it; off A the lower bound is not worse here."""
    rows = adaptation_rows.rows().baselines
    parts = {p.part: p for p in setup_parts(rows)}
    repaired = parts["repaired by labels, mean of B, C, D"]
    assert (repaired.verdict, repaired.claim, repaired.main) == (REPRODUCED, 9, True)
    assert not parts["B: repaired by labels"].main
    assert parts["D: worse than A"].estimate == pytest.approx(-0.07)
    assert parts["worse than A, mean of B, C, D"].verdict == CONTRADICTED
    papers = setup_parts(rows, "paper's")
    assert [p.part for p in papers] == list(parts)
    assert np.isfinite([p.low for p in papers]).all()  # heads of A and of D differ in number


def test_rows_that_are_not_there_test_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    assert board_claims.all_parts() == board_claims.headline_parts() == {}


def test_verdicts_come_from_stored_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    adapted = adaptation_rows.rows()
    results.write("baselines", adapted.baselines)
    for name, own in (("models", adapted.models), ("scores", adapted.scores)):
        other = getattr(sweep_rows, name)()
        results.write(f"sweep-{name}", pd.concat([own, other]))
    parts = board_claims.all_parts()
    assert set(parts) == {2, 3, 4, 5, 9, "ours"}
    board = board_claims.board(parts).set_index("claim")["verdict"]
    assert board[2] == NO_EFFECT and board[3] == NO_EFFECT  # no model differs from another
    found = board_claims.headline_parts()
    assert list(found) == list(SENTENCES)
    assert {v.verdict for v in found["V1 alone"]} == {CONTRADICTED}  # no embedding has more F here
