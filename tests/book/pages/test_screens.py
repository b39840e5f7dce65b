"""A chapter is no taller than a lesson, and a widget's controls and results share one screen."""

import pytest
from page_list import PAGES

CHAPTERS = [page for page in PAGES if page[0].isdigit()]
SCREEN, MOST_SCREENS = 800, 14

DRAWN = """() => [...document.querySelectorAll('.rfe-place')].every(place => {
  if (!place.childElementCount) place.scrollIntoView();
  return place.childElementCount;
})"""
HEIGHTS = """() => [
  document.documentElement.scrollHeight,
  [...document.querySelectorAll('.rfe')].map(widget => widget.getBoundingClientRect().height),
]"""


@pytest.mark.browser
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_has_few_screens_and_a_widget_one(page_for, name):
    tab = page_for(name, height=SCREEN).tab
    tab.wait_for_function(DRAWN)
    tab.wait_for_function("!document.querySelector('.math:not(:has(mjx-container))')")
    page, widgets = tab.evaluate(HEIGHTS)
    assert page <= MOST_SCREENS * SCREEN, f"{page / SCREEN:.1f} screens"
    assert widgets and max(widgets) <= SCREEN, widgets
