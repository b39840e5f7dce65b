"""Chapter 07 and the scoreboard show what the rows say, and change with them."""

import shutil

import nbformat
import pytest
from chapters import BOOK, glued_by, text_of

from rfe_book.tables import proof as proof_tables
from rfe_study import results
from rfe_study.claims import board as board_claims
from rfe_study.claims import proof
from rfe_study.claims.heads import PATIENTS
from rfe_study.claims.rows import read
from rfe_study.methods.proof import SEARCH, proof_of_concept


@pytest.mark.slow
def test_a_changed_row_changes_the_chapter(tmp_path, monkeypatch):
    shutil.copytree(results.DATA / "results", tmp_path / "results")
    monkeypatch.setenv("RFE_DATA", str(tmp_path))
    chapter = nbformat.read(BOOK / "07-proof-of-concept.ipynb", as_version=4)
    before = glued_by(chapter.cells, until="by_strategy")

    scores = results.read("sweep-scores", tmp_path / "results")
    control = (scores["experiment"] == "proof-of-concept") & (scores["model"] == "no embedding")
    scores.loc[control, "f_score"] -= 0.1
    results.write("sweep-scores", scores, folder=tmp_path / "results")
    after = glued_by(chapter.cells, until="by_strategy")

    assert float(after["f_no"]) == pytest.approx(float(before["f_no"]) - 0.1, abs=1e-6)
    gain = {key: float(text.strip("'").split()[0].replace("−", "-")) for key, text in
            (("before", before["gain_ACD"]), ("after", after["gain_ACD"]))}  # fmt: skip
    assert gain["after"] == pytest.approx(gain["before"] + 0.1, abs=0.0011)  # three decimals
    assert after["f_labels"] == before["f_labels"]
    assert after["chosen_f_ACD"] == before["chosen_f_ACD"]


@pytest.mark.browser
def test_page_has_every_verdict_with_its_figures(page_for):
    scores, models = read("sweep-scores"), read("sweep-models")
    table = proof_tables.verdict_table(proof.judge(scores, models))
    shown = text_of(page_for("07-proof-of-concept"))
    for who in PATIENTS:
        missing = [text for text in table[who] if text not in shown]
        assert not missing, f"{who}: not on the page {missing}"


@pytest.mark.browser
def test_cost_of_a_step_is_that_of_the_rows(page_for):
    page = page_for("07-proof-of-concept")
    rows = results.read("tuning_cost")
    lines = page.tab.locator("#tab-step-07 tbody tr").all()
    cells = [line.locator("td").all_inner_texts() for line in lines]
    more = [f"{100 * (ratio - 1):.1f}" for ratio in rows["ratio"]]
    assert [name for name, *_ in cells] == rows["variant"].tolist()
    assert [last for *_, last in cells] == ["", *more[1:]]
    l2 = rows.loc[rows["variant"].str.startswith("l2"), "ratio"].max()
    assert f"and l2 {100 * (l2 - 1):.0f}%" in text_of(page)


@pytest.mark.browser
def test_search_and_models_are_whole(page_for):
    page = page_for("07-proof-of-concept", width=390)
    searched = read("sweep-scores", experiment="search")
    for distance in ("ACD", "l2"):
        box = page.tab.locator(f"#tab-grid-{distance.lower()}")
        cells = [c.inner_text() for c in box.locator("tbody td").all()]
        grid = proof_tables.grid(searched, distance)
        assert grid.size == len(SEARCH["cosine"]["weight"]) * len(SEARCH["cosine"]["margin"])
        assert all(f"{f:.3f}" in cells for f in grid.to_numpy().ravel())
    fold = page.tab.locator("details:has(#tab-models)")
    assert not page.tab.locator("#tab-models").is_visible()
    fold.locator("summary").click()
    table = page.tab.locator("#tab-models")
    assert table.is_visible() and table.locator("tbody tr").count() == len(proof_of_concept())
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index", "claims"])
def test_scoreboard_stands_on_the_index_and_on_its_page(page_for, name):
    page = page_for(name)
    table = page.tab.locator("article table").first
    lines = table.locator("tbody tr").all()
    rows = [[cell.strip() for cell in line.locator("td").all_inner_texts()] for line in lines]
    assert [row[0] for row in rows] == [str(claim.number) for claim in board_claims.CLAIMS]
    board = board_claims.board(board_claims.all_parts())
    shares = [f", {share} parts reproduced" if share else "" for share in board["parts"]]
    assert [row[2] for row in rows] == [
        verdict + share for verdict, share in zip(board["verdict"], shares, strict=True)
    ]
    for link in table.locator("tbody a").all():
        assert page.tab.request.get(link.evaluate("a => a.href")).ok
    assert table.locator("tbody a").count() == sum(
        claim.chapter.startswith("ch-") for claim in board_claims.CLAIMS
    )
