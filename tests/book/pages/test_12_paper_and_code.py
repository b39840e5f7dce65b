"""Chapter 12: the page says what rows and switches say, and its widget shows Python's numbers."""

import pytest

from rfe_book.findings import choices as findings
from rfe_book.findings import choices_trained as trained
from rfe_book.widgets.choice_view import ROWS
from rfe_study import results
from rfe_study.claims.rows import read
from rfe_study.measures.switches import SWITCHES

BUDGET = 600_000


@pytest.mark.browser
def test_every_control(page_for):
    page = page_for("12-paper-and-code")
    for number, switch in enumerate(SWITCHES):
        page.choose("Switch", switch.name)
        assert page.drawn()["switch"] == str(number)
        assert page.status().startswith(switch.name)
    page.choose("Draw", "3")
    assert page.drawn()["redraw"] == "2"
    assert page.tab.locator(".rfe-compared tbody tr").count() == len(ROWS)


@pytest.mark.browser
def test_page_is_light(page_for):
    page = page_for("12-paper-and-code")
    assert 0 < page.own_weight("12-paper-and-code") <= BUDGET


@pytest.mark.browser
def test_the_text_says_what_the_rows_say(page_for):
    swept = read("sweep-scores"), read("sweep-models")
    rows = findings.stored(*swept, results.read("baselines"))
    runs = trained.runs(trained.trained(results.read("sweep-scores")), findings.apart(*swept))
    text = page_for("12-paper-and-code").tab.locator("main").inner_text()
    assert f"Differences in F of single trainings below {rows.limit} say nothing" in text
    assert f"With margin 1 F changes by {runs.margin}" in text
    assert f"(of a mean over pairs) by {runs.text}, less than a seed may" in text
    assert f"F {rows.total} if in total" in text
