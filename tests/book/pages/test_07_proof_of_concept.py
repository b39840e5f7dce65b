"""Chapter 07 and the scoreboard show what the rows say, and change with them."""

import re

import pytest
from chapters import text_of

from rfe_book.tables import claims as tables
from rfe_book.tables import proof_of_concept as proof_tables
from rfe_book.tables import proof_of_concept_search
from rfe_study import results
from rfe_study.claims import board as board_claims
from rfe_study.claims import proof_of_concept
from rfe_study.claims.heads import PATIENTS
from rfe_study.claims.rows import read
from rfe_study.methods.proof_of_concept import SEARCH


def words_of(page):
    """All words of the article, those of closed folds too, in one line."""
    return re.sub(r"\s+", " ", page.tab.locator("article").text_content())


@pytest.mark.browser
def test_page_has_every_verdict_with_its_figures(page_for):
    scores, models = read("sweep-scores"), read("sweep-models")
    table = proof_tables.verdict_table(proof_of_concept.judge(scores, models))
    shown = words_of(page_for("07-proof-of-concept"))
    for who in PATIENTS:
        missing = [text for text in table[who] if text not in shown]
        assert not missing, f"{who}: not on the page {missing}"


@pytest.mark.browser
def test_cost_of_a_step_is_that_of_the_rows(page_for):
    rows = results.read("tuning_cost")
    l2 = rows.loc[rows["variant"].str.startswith("l2"), "ratio"].max()
    assert f"l2 {100 * (l2 - 1):.0f}%" in words_of(page_for("07-proof-of-concept"))


@pytest.mark.browser
def test_search_is_whole_and_folded(page_for):
    page = page_for("07-proof-of-concept", width=390)
    searched = read("sweep-scores", experiment="search")
    shown, seen = words_of(page), text_of(page)
    words = "Settings were chosen on"
    for distance in ("ACD", "l2"):
        grid = proof_of_concept_search.grid(searched, distance)
        assert grid.size == len(SEARCH["cosine"]["weight"]) * len(SEARCH["cosine"]["margin"])
        assert all(f"{f:.3f}" in shown for f in grid.to_numpy().ravel())
    assert words in shown and words not in seen
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index", "claims"])
def test_scoreboard_stands_on_the_index_and_on_its_page(page_for, name):
    page = page_for(name)
    table = page.tab.locator("article table", has=page.tab.locator("th", has_text="verdict")).first
    lines = table.locator("tbody tr").all()
    rows = [[cell.strip() for cell in line.locator("td").all_inner_texts()] for line in lines]
    assert [row[0] for row in rows] == [str(claim.number) for claim in board_claims.CLAIMS]
    board = board_claims.board(board_claims.all_parts())
    shares = [f", {share} parts reproduced" if share else "" for share in board["parts"]]
    told = zip(rows, board["verdict"], shares, board["means"], board["tested"], strict=True)
    for row, verdict, share, means, tested in told:
        sign = tables.SIGNS[verdict.removesuffix(" (setup)")]
        assert " ".join(row[2].split()) == f"{sign} {verdict}{share}"
        assert row[3].startswith(means) and bool(tested) == ("Tested: " in row[3])
    for link in table.locator("tbody a").all():
        assert page.tab.request.get(link.evaluate("a => a.href")).ok
    assert table.locator("tbody a").count() == sum(
        claim.chapter.startswith("ch-") for claim in board_claims.CLAIMS
    )
