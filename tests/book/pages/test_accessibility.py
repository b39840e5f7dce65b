"""Slides, judged by axe as the pages are (`test_pages`), and that it finds what is planted."""

import pytest
from axe_rules import serious

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("at", [0, 2, 3])
def test_axe_finds_nothing_serious_on_slides(page_for, at):
    tab = page_for("slides/lesson").tab
    tab.evaluate("number => Reveal.slide(number)", at)
    assert serious(tab) == []


def test_a_planted_fault_is_found(page_for):
    tab = page_for("glossary").tab
    tab.evaluate("document.querySelector('article').append(document.createElement('button'))")
    assert [rule for rule, *_ in serious(tab)] == ["button-name"]
