"""Chapter 09 shows what the rows say, and the rows are whole."""

import re

import pytest
from book_page import until
from chapters import text_of

from rfe_book.tables import adaptation as tables
from rfe_book.tables import adaptation_search, gains
from rfe_book.tables.adaptation import CONTROL
from rfe_study import results
from rfe_study.claims import adaptation
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.rows import read
from rfe_study.claims.verdicts import overall
from rfe_study.methods.adaptation import PAPER, adaptation_methods, search
from rfe_study.methods.profiles import SHOWN
from rfe_study.phantom.domains import TARGETS, patients

#: What the page itself may weigh, gzipped, in bytes.
BUDGET = 1_200_000


def words_of(page):
    """All words of the article, those of closed folds too, in one line."""
    return re.sub(r"\s+", " ", page.tab.locator("article").text_content())


@pytest.mark.browser
def test_page_has_every_verdict_and_difference_with_its_figures(page_for):
    rows = AdaptationRows.stored()
    lesions = results.read("adaptation-lesions")
    parts = adaptation.judge(rows, lesions[lesions["profile"] == SHOWN])[VERDICT]
    page = page_for("09-adaptation")
    every, seen = words_of(page), text_of(page)
    missing = [p.part for p in parts if p.verdict not in every or p.effect not in every]
    assert not missing, f"not on the page {missing}"
    for claim in {p.claim for p in parts if isinstance(p.claim, int)}:
        verdict = overall([p for p in parts if p.claim == claim])
        assert re.search(rf"Claim {claim}, [^.]*: {verdict}", seen), f"claim {claim}"
    for text in gains.difference_table(rows.by_target(), tables.CHAIN).to_numpy().ravel():
        assert text in every


@pytest.mark.browser
def test_page_is_light_and_its_search_is_folded(page_for):
    page = page_for("09-adaptation", width=390)
    own = {path: size for path, size in page.weights.items() if path.startswith("09-adaptation")}
    assert 0 < sum(own.values()) <= BUDGET
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 390
    searched = read("sweep-scores", experiment=adaptation_search.SEARCH)
    table, shown, seen = adaptation_search.searched(searched), words_of(page), text_of(page)
    assert all(f"{value:.3f}" in shown for value in table[[*TARGETS, "mean"]].to_numpy().ravel())
    assert adaptation_search.told(table) in shown and adaptation_search.told(table) not in seen


@pytest.mark.browser
def test_explorer_answers_on_the_page(page_for):
    page = page_for("09-adaptation", dark=True)
    names = [method.name for method in adaptation_methods()]
    assert page.drawn()["domain"] == "1" and page.drawn()["method"] == str(names.index(PAPER))
    rows = AdaptationRows.stored()
    for target, method in (("D", CONTROL), ("B", PAPER)):
        page.choose("Domain", target)
        page.choose("Method", method)
        at = names.index(method)
        until(page.tab, f"document.querySelector('.rfe').dataset.method === '{at}'")
        f = rows.values(target)[method].to_numpy().mean()
        assert f"F on domain {target}: " in page.status()
        assert f"; {method} {f:.3f} (" in page.status()


def test_every_method_has_rows_on_all_heads_of_its_target():
    rows = AdaptationRows.stored()
    names = {method.name for method in adaptation_methods()}
    for target in TARGETS:
        own = rows.scores[(rows.scores["target"] == target) & (rows.scores["domain"] == target)]
        assert set(own["model"]) == names
        everyone = {p.name for p in patients([target], ["test", "paired"])}
        for (model, seed), scored in own.groupby(["model", "seed"]):
            assert set(scored["subject"]) >= everyone, f"{target}, {model}, seed {seed}"


def test_the_search_saw_v1_alone():
    searched = read("sweep-scores", experiment=adaptation_search.SEARCH)
    assert set(searched["subject"]) == {f"{target}train1" for target in TARGETS}
    models = read("sweep-models", experiment=adaptation_search.SEARCH)
    assert set(models["model"]) == {method.name for method in search()}
    assert (searched["target"] == searched["domain"]).all()
