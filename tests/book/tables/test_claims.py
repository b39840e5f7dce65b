"""The scoreboard and its parts as readers see them."""

import sweep_rows

from rfe_book.findings import claims as findings
from rfe_book.tables import claims as tables
from rfe_study.claims import board as boards
from rfe_study.claims.verdicts import REPRODUCED, UNDECIDED, Verdict


def part(claim, verdict, threshold=0.0):
    about = {"part": "F rises with n_E", "statistic": "F per tenfold n_E", "threshold": threshold}
    return Verdict(claim=claim, estimate=0.01, low=-0.02, high=0.04, verdict=verdict, **about)


BOARD = boards.board({1: [part(1, REPRODUCED)], 3: [part(3, REPRODUCED), part(3, UNDECIDED)]})


def test_every_claim_links_a_chapter_that_exists():
    board = tables.scoreboard(BOARD)
    assert len(board) == 14 and board.index.tolist() == BOARD["claim"].tolist()
    assert board.loc[1, "Chapter"] == "[Is the sample representative?](06-divergence.ipynb)"
    assert board["Chapter"].notna().all()
    for link in board["Chapter"]:
        assert (tables.BOOK / link.partition("](")[2].removesuffix(")")).is_file()


def test_verdicts_with_their_shares():
    board = tables.scoreboard(BOARD)
    assert board.loc[1, "Our verdict"] == "**reproduced**"
    assert board.loc[3, "Our verdict"] == "**undecided**, 1 of 2 parts reproduced"
    assert board.loc[2, "Our verdict"] == "*not tested yet*"
    assert "n_E" in board.loc[1, "The paper says"]
    assert "n_E" not in board.loc[1, "The paper says"].replace("$n_E$", "")


def test_thresholds_are_not_rounded():
    table = tables.parts([part(2, UNDECIDED, threshold=0.005)])
    (line,) = table.reset_index().to_numpy().tolist()
    assert line == [
        2, "F rises with $n_E$", "F per tenfold $n_E$", "0.005", "0.010 (−0.020 to 0.040)",
        UNDECIDED,
    ]  # fmt: skip


def test_counts():
    found = findings.counts(BOARD, sweep_rows.models())
    assert (found.claims, found.reproduced, found.undecided, found.seeds) == (14, 1, 1, 3)
    assert (found.not_reproduced, found.not_tested_yet) == (0, 12)
