"""Multiple choice on the pages: with the keyboard, to a screen reader, and without JavaScript."""

import pytest
from axe_rules import violations
from book_page import until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("dark", [False, True])
def test_a_wrong_then_the_right_option_by_keyboard(page_for, dark):
    tab = page_for("03-baselines", dark=dark).tab
    form = tab.locator(".self-check form").first
    told, keys = form.get_by_role("status"), tab.keyboard
    form.get_by_role("radio").first.focus()
    keys.press("Enter")
    assert told.inner_text() == "Choose an answer first."
    keys.press("Space")
    assert told.inner_text() == ""
    keys.press("Tab")
    assert form.get_by_role("button", name="Check").evaluate("e => e === document.activeElement")
    keys.press("Enter")
    assert told.inner_text().startswith("No: ")
    keys.press("Shift+Tab")
    keys.press("ArrowDown")  # moves the choice, which takes back what was said of the last one
    assert told.inner_text() == "" and not form.locator("[data-told]").count()
    keys.press("Enter")
    assert told.inner_text().startswith("Right: ")
    assert form.locator("label[data-told=right] input").is_checked()
    assert violations(tab, ".self-check") == []


def test_a_formula_in_the_feedback_is_drawn(page_for):
    tab = page_for("04-embedding").tab
    until(tab, "!document.querySelector('.math:not(:has(mjx-container))')")
    form = tab.locator(".self-check form").first
    form.get_by_role("radio").nth(1).check()
    form.get_by_role("button", name="Check").click()
    told = form.get_by_role("status")
    assert told.locator("mjx-container").count() == 2 and "\\" not in told.inner_text()


def test_without_scripts_options_are_a_list_and_the_answer_is_folded(page_for):
    tab = page_for("03-baselines", scripts=False).tab
    box = tab.locator(".self-check").first
    assert box.locator("ol > li").count() == 4 and box.locator("ol").is_visible()
    answer = tab.locator(".self-check + details").first
    assert answer.locator("summary").inner_text() == "Answer"
    assert answer.get_attribute("open") is None
