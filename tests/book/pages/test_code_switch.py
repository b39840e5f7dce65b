"""One switch a page shows or hides its code; the download button gives the student notebook."""

import json

import pytest

pytestmark = pytest.mark.browser
SWITCH = ".rfe-code-switch"
INPUTS = ".bd-article .cell:not(.tag_solution, .tag_imports, .rfe-deeper .cell) .cell_input"


def seen(page):
    """How many of the page's code cells a reader sees, of how many."""
    cells = page.tab.locator(INPUTS)
    return sum(cells.nth(n).is_visible() for n in range(cells.count())), cells.count()


def test_switch_hides_all_code_and_is_remembered(page_for):
    page = page_for("02-unet")
    switch = page.tab.locator(SWITCH)
    assert switch.get_attribute("aria-pressed") == "true"
    shown, count = seen(page)
    assert shown == count > 10
    switch.press("Enter")
    assert switch.get_attribute("aria-pressed") == "false" and seen(page) == (0, count)
    page.tab.reload()
    assert seen(page) == (0, count)
    switch.click()
    assert seen(page) == (count, count)
    for folded in (".tag_solution > details", ".tag_imports > details"):
        assert page.tab.locator(folded).first.is_visible()


def test_a_page_without_code_has_no_switch(page_for):
    assert not page_for("glossary").tab.locator(SWITCH).count()


@pytest.mark.parametrize("name", ["02-unet", "08-prior"])
def test_download_button_gives_the_student_notebook(page_for, built_book, name):
    page = page_for(name)
    links = page.tab.locator(".dropdown-download-buttons a")
    addresses = [links.nth(n).get_attribute("href") for n in range(links.count())]
    assert f"_static/notebooks/{name}.ipynb" in addresses
    path = built_book / "_static" / "notebooks" / f"{name}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert json.loads(text)["nbformat"] == 4 and "BEGIN SOLUTION" not in text


def test_no_page_offers_what_is_not_there(built_book):
    for path in built_book.glob("*.html"):
        assert "_sources/" not in path.read_text(encoding="utf-8"), path.name
