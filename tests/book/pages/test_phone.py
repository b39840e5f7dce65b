"""What a chapter does on a phone: figures fill the screen, what is wider scrolls and says so."""

import pytest
from book_page import until

WIDTH = 390

FIGURES = """() => [...document.querySelectorAll('article .cell_output img')].filter(
  image => image.checkVisibility()).map(image => {
  const { left, width, height } = image.getBoundingClientRect();
  const shape = image.getAttribute('height') / image.getAttribute('width');
  return [image.src.endsWith('.svg'), left, width, Math.abs(height / width - shape) < 0.01];
})"""

WIDER = """() => {
  const boxes = 'mjx-container[display="true"], .pst-scrollable-table-container, .rfe-scroll';
  const wider = e => e.offsetParent && e.scrollWidth > e.clientWidth;
  return [...document.querySelectorAll(boxes)].filter(wider).map(box => {
    const { overflowX, backgroundImage } = getComputedStyle(box);
    return [overflowX, backgroundImage.split('linear-gradient').length - 1];
  });
}"""


@pytest.mark.browser
@pytest.mark.parametrize("name", ["03-baselines", "10-exact"])
def test_figures_fill_the_screen_in_their_shape(page_for, name):
    found = page_for(name, width=WIDTH).tab.evaluate(FIGURES)
    assert found and all(figure == [True, 0, WIDTH, True] for figure in found), found


@pytest.mark.browser
@pytest.mark.parametrize("name", ["claims", "10-exact"])
def test_what_is_wider_scrolls_and_has_a_shadow(page_for, name):
    tab = page_for(name, width=WIDTH).tab
    until(tab, "!document.querySelector('.math:not(:has(mjx-container))')")
    found = tab.evaluate(WIDER)
    assert found and all(box == ["auto", 2] for box in found), found
