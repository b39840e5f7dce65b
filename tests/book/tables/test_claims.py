"""The scoreboard, the headline and their parts as readers see them."""

from dataclasses import replace

import numpy as np

from rfe_book.tables import claims as tables
from rfe_study.claims import board as boards
from rfe_study.claims import headline
from rfe_study.claims.verdicts import CONTRADICTED, OUTCOMES, REPRODUCED, UNDECIDED, Verdict


def part(claim, verdict, threshold=0.0, **more):
    about = {"part": "F rises with n_E", "statistic": "F per tenfold n_E", "threshold": threshold}
    about |= {"p_above": 0.5, "p_below": 0.5, "estimate": 0.01, "low": -0.02, "high": 0.04}
    return Verdict(claim=claim, verdict=verdict, **about | more)


SIGN = '^<span class="rfe-verdict" aria-hidden="true">.</span>\N{NO-BREAK SPACE}'
BOARD = boards.board(
    {
        1: [part(1, REPRODUCED)],
        3: [part(3, REPRODUCED), part(3, UNDECIDED)],
        6: [part(6, UNDECIDED)],
    }
)


def test_every_claim_links_a_chapter_that_exists():
    board = tables.scoreboard(BOARD)
    assert len(board) == 14 and board.index.tolist() == BOARD["claim"].tolist()
    words = board["The paper says, in our words"]
    assert words[1].endswith(" as n_E grows ([Chapter 6](06-divergence.ipynb))")
    for told in words:
        assert (tables.BOOK / told.rpartition("](")[2].removesuffix("))")).is_file()


def test_verdicts_with_their_shares_and_effects():
    board = tables.scoreboard(BOARD)
    told = board["Our verdict"].str.replace(SIGN, "", regex=True)
    assert told[1] == "**reproduced**" and told[6] == "**undecided**"
    assert told[3] == "**undecided**, 1 of 2 parts reproduced"
    assert told[2] == "*not tested yet*" and board.loc[2, "What it means"] == ""
    effects = board["Effect, 95% interval"]
    told = "rank correlation of the divergence with n_E: −0.01 (−0.04 to 0.02)"
    assert effects[1] == told and effects[2] == ""


def test_each_verdict_has_a_sign_of_its_own_that_is_not_read_aloud():
    assert set(tables.SIGNS) == set(OUTCOMES)
    assert len(set(tables.SIGNS.values())) == len(OUTCOMES)
    shown = tables.with_sign("reproduced (setup)")
    sign = '<span class="rfe-verdict" aria-hidden="true">✓</span>'
    assert shown == f"{sign}\N{NO-BREAK SPACE}**reproduced (setup)**"


def test_a_verdict_on_less_than_the_words_says_so():
    board = tables.scoreboard(boards.board({12: [part(12, REPRODUCED)]}))
    told = board["What it means"]
    means = boards.CLAIMS[11].means[REPRODUCED]
    assert told[12].startswith(f"{means} *Tested:* whether weighing every lesion alike")
    assert told[2] == ""


def test_parts_beside_what_they_would_be_on_other_rows():
    same, moved = part(2, REPRODUCED), part(3, REPRODUCED)
    other = replace(moved, verdict=UNDECIDED, estimate=0.02)
    table = tables.beside({2: [same], 3: [moved]}, [same, other])
    assert table.index.tolist() == [(3, "F rises with n_E")]
    assert table["On all rows"].iloc[0] == f"reproduced: {moved.effect}"
    assert table["Without"].iloc[0] == f"undecided: {other.effect}"


def test_a_row_a_part():
    beside = part(2, UNDECIDED, threshold=-0.005, main=False)
    (line,) = tables.parts([beside]).reset_index().to_numpy().tolist()
    assert line == [
        2, "F rises with n_E (beside)", "F per tenfold n_E", "−0.005",
        "+0.010 (−0.020 to 0.040)", UNDECIDED,
    ]  # fmt: skip


def test_a_row_a_sentence_of_the_headline():
    found = {name: [part(name, UNDECIDED, estimate=np.nan)] for name in headline.SENTENCES}
    beside = part(headline.WITH_V1, CONTRADICTED, main=False, part="on B")
    found[headline.WITH_V1] = [*found[headline.WITH_V1], beside]
    table = tables.headline(found)
    assert len(table) == 4 and "..." not in "".join(table.index)
    known = table.iloc[2]
    assert (known["Our verdict"], known["Decided by"]) == ("**contradicted**", "on B")
    assert table.iloc[0]["Effect, 95% interval"] == "F per tenfold n_E: –"
