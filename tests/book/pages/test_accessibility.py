"""What a screen reader meets on a page, judged by axe."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_list import each_page

#: One rule is not among those that axe runs by default; style sheets are not fetched once more.
OPTIONS = {"rules": {"label-content-name-mismatch": {"enabled": True}}, "preload": False}


def findings(tab):
    """Rule and first element of what axe calls serious or critical."""
    context = {"exclude": [["mjx-container"]]}  # thousands of elements that MathJax answers for
    found = Axe().run(tab, context=context, options=OPTIONS).response["violations"]
    return [
        (rule["id"], len(rule["nodes"]), rule["nodes"][0]["html"][:200])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]


@pytest.mark.browser
@each_page
def test_axe_finds_nothing_serious(page_for, name):
    assert findings(page_for(name).tab) == []


@pytest.mark.browser
@pytest.mark.parametrize("at", [0, 2, 3])
def test_axe_finds_nothing_serious_on_slides(page_for, at):
    tab = page_for("slides/lesson").tab
    tab.evaluate("number => Reveal.slide(number)", at)
    assert findings(tab) == []


@pytest.mark.browser
def test_a_planted_fault_is_found(page_for):
    tab = page_for("glossary").tab
    tab.evaluate("document.querySelector('article').append(document.createElement('button'))")
    assert [rule for rule, *_ in findings(tab)] == ["button-name"]
