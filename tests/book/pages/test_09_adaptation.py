"""Chapter 09 shows what the rows say, changes with them, and the rows are whole."""

import re
import shutil

import nbformat
import pytest
from chapters import BOOK, glued_by, text_of

from rfe_book.tables import adaptation as adaptation_tables
from rfe_book.tables import adaptation_search, gains, proof
from rfe_book.tables.adaptation import CONTROL
from rfe_study import results
from rfe_study.claims import adaptation
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.rows import read
from rfe_study.command.sweep import OTHERS
from rfe_study.methods.adaptation import PAPER, adaptation_methods, search
from rfe_study.methods.profiles import SHOWN
from rfe_study.phantom.domains import DOMAINS, TARGETS, patients

#: What the page itself may weigh, gzipped, in bytes.
BUDGET = 1_200_000


@pytest.mark.slow
def test_a_changed_row_changes_the_chapter(tmp_path, monkeypatch):
    shutil.copytree(results.DATA / "results", tmp_path / "results")
    monkeypatch.setenv("RFE_DATA", str(tmp_path))
    chapter = nbformat.read(BOOK / "09-adaptation.ipynb", as_version=4)
    before = glued_by(chapter.cells, until="count_lower")

    scores = results.read("sweep-scores", tmp_path / "results")
    ours = (scores["experiment"] == "adaptation") & (scores["model"] == PAPER)
    scores.loc[ours & (scores["target"] == "C"), "f_score"] += 0.3
    results.write("sweep-scores", scores, folder=tmp_path / "results")
    after = glued_by(chapter.cells, until="count_lower")

    def gains(text):
        found = re.findall(r"on ([BCD]) [^,]*, (−?\d\.\d{3})", text)
        return {target: float(value.replace("−", "-")) for target, value in found}

    for key in ("against_lower", "against_control", "against_lower_two"):
        old, new = gains(before[key]), gains(after[key])
        assert set(old) == set(new) == set(TARGETS)
        assert new == pytest.approx({**old, "C": old["C"] + 0.3}, abs=0.0011)  # three decimals
    assert "on C better" in after["against_control"]
    assert after["search_told"] == before["search_told"]


def verdicts(rows):
    lesions = results.read("adaptation-lesions")
    return adaptation.judge(rows, lesions[lesions["profile"] == SHOWN])


@pytest.mark.browser
def test_page_has_every_verdict_and_difference_with_its_figures(page_for):
    rows = AdaptationRows.stored()
    judged = verdicts(rows)
    shown = text_of(page_for("09-adaptation"))
    for which, parts in judged.items():
        texts = [f"{p.verdict}: {p.effect}" for p in parts]
        missing = [text for text in texts if text not in shown]
        assert not missing, f"{which}: not on the page {missing}"
    words = proof.overall_table(judged)
    for claim, verdict in words[VERDICT].items():
        assert re.search(rf"Claim {claim}, [^.]*: {verdict} \(", shown), f"claim {claim}"
    by_target = rows.by_target()
    for text in adaptation_tables.chain_table(by_target).to_numpy().ravel():
        assert text in shown
    assert gains.sentence(by_target, PAPER, CONTROL) in shown
    assert adaptation_tables.comparisons(judged[VERDICT]) in shown


@pytest.mark.browser
def test_page_is_light_and_its_tables_are_whole(page_for):
    page = page_for("09-adaptation", width=390)
    own = {path: size for path, size in page.weights.items() if path.startswith("09-adaptation")}
    assert 0 < sum(own.values()) <= BUDGET
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 390
    searched = read("sweep-scores", experiment=adaptation_search.SEARCH)
    table = adaptation_search.searched(searched)
    cells = [c.inner_text() for c in page.tab.locator("#tab-search-09 tbody td").all()]
    for value in table[[*TARGETS, "mean"]].to_numpy().ravel():
        assert f"{value:.3f}" in cells
    fold = page.tab.locator("details:has(#tab-models-09)")
    assert not page.tab.locator("#tab-models-09").is_visible()
    fold.locator("summary").click()
    table = page.tab.locator("#tab-models-09")
    assert table.is_visible()
    assert table.locator("tbody tr").count() == len(TARGETS) * (2 + len(adaptation_methods()))


@pytest.mark.browser
def test_explorer_answers_on_the_page(page_for):
    page = page_for("09-adaptation", dark=True)
    names = [method.name for method in adaptation_methods()]
    assert page.drawn()["domain"] == "1" and page.drawn()["method"] == str(names.index(PAPER))
    rows = AdaptationRows.stored()
    for target, method in (("D", CONTROL), ("B", PAPER)):
        page.choose("Domain", target)
        page.choose("Method", method)
        page.tab.wait_for_function(
            "at => document.querySelector('.rfe').dataset.method === at",
            arg=str(names.index(method)),
        )
        f = rows.values(target)[method].to_numpy().mean()
        assert f"F on domain {target}: " in page.status()
        assert f"; {method} {f:.3f} (" in page.status()


def test_stored_rows_are_whole():
    rows = AdaptationRows.stored()
    assert rows.seeds == [0, 1, 2]
    for target in TARGETS:
        of_target = rows.models[rows.models["target"] == target]
        assert sorted(of_target["model"]) == sorted(
            m.name for m in adaptation_methods() for _ in rows.seeds
        )
        everyone = {p.name for p in patients([target], ["test", "extra"])}
        others = patients([d for d in DOMAINS if d != target], ["test"])
        everyone |= {p.name for p in others if p.number <= OTHERS}
        own = rows.scores[rows.scores["target"] == target]
        for (model, seed), scored in own.groupby(["model", "seed"]):
            assert set(scored["subject"]) == everyone, f"{target}, {model}, seed {seed}"


def test_the_search_saw_v1_alone():
    searched = read("sweep-scores", experiment=adaptation_search.SEARCH)
    assert set(searched["subject"]) == {f"{target}train1" for target in TARGETS}
    models = read("sweep-models", experiment=adaptation_search.SEARCH)
    assert set(models["model"]) == {method.name for method in search()}
    assert (searched["target"] == searched["domain"]).all()
