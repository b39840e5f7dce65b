"""The scoreboard says of each claim what its rows say, and nothing without rows."""

import shutil

import numpy as np
import pandas as pd
import pytest
import sweep_rows

from rfe_study import results
from rfe_study.claims import baselines, comparisons
from rfe_study.claims import board as board_claims
from rfe_study.claims.board import NOT_TESTED
from rfe_study.claims.verdicts import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Verdict


def part(claim, verdict):
    about = {"part": "p", "statistic": "s", "threshold": 0.0}
    return Verdict(claim=claim, estimate=0.0, low=-1.0, high=1.0, verdict=verdict, **about)


def test_has_the_fourteen_claims():
    assert [claim.number for claim in board_claims.CLAIMS] == list(range(1, 15))


def test_each_verdict_comes_from_its_parts():
    parts = {
        2: [part(2, REPRODUCED), part(2, NOT_REPRODUCED)],
        3: [part(3, REPRODUCED), part(3, UNDECIDED)],
        9: [part(9, REPRODUCED)],
        "ours": [part("ours", NOT_REPRODUCED)],
    }
    board = board_claims.board(parts)
    verdicts = board.set_index("claim")["verdict"]
    assert verdicts[[2, 3, 9]].tolist() == [NOT_REPRODUCED, UNDECIDED, "reproduced (setup)"]
    assert (verdicts.drop([2, 3, 9]) == NOT_TESTED).all()
    assert board.set_index("claim")["parts"][[2, 3, 9]].tolist() == ["1 of 2", "1 of 2", ""]
    counts = {REPRODUCED: 1, NOT_REPRODUCED: 1, UNDECIDED: 1, NOT_TESTED: 11}
    assert board_claims.counted(board) == counts


def test_setup_follows_the_gaps():
    gaps = pd.DataFrame({
        "domain": ["B"], "drop": [0.2], "drop_low": [0.1], "drop_high": [0.3],
        "gap": [0.1], "low": [-0.1], "high": [0.3],
    })  # fmt: skip
    parts = baselines.setup_parts(gaps)
    assert [p.verdict for p in parts] == [REPRODUCED, UNDECIDED]
    assert [p.part for p in parts] == ["B worse than A", "labels repair B"]


def test_rows_that_are_not_there_test_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    assert board_claims.all_parts() == {}


@pytest.mark.slow
def test_verdicts_come_from_stored_rows(tmp_path, monkeypatch):
    stored = results.DATA / "results"
    (tmp_path / "results").mkdir()
    for name in ("baselines", "representativeness"):
        shutil.copy(stored / f"{name}.csv", tmp_path / "results")
    monkeypatch.setattr(results, "DATA", tmp_path)
    results.write("sweep-models", sweep_rows.models())
    results.write("sweep-curves", sweep_rows.curves())
    results.write("sweep-scores", sweep_rows.scores())
    parts = board_claims.all_parts()
    assert set(parts) == {1, 2, 3, 4, 5, 9, 13, "ours"}
    board = board_claims.board(parts).set_index("claim")["verdict"]
    assert board[2] == NOT_REPRODUCED and board[3] == UNDECIDED  # no model differs from another
    rows = results.read("baselines")
    gaps = comparisons.gaps(rows[rows["profile"] == "laptop"], generator=np.random.default_rng(0))
    assert [p.estimate for p in parts[9]][1] == pytest.approx(gaps["gap"].iloc[0])
