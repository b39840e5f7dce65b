"""Slides in a real browser, at 1280 x 720: all of it is to be seen, and leads into the book."""

import re
from urllib.parse import unquote

import build
import pytest
from book_page import until
from page_list import PAGES

DECKS = ["lesson", *(page for page in PAGES if re.match(r"\d", page))]
SIZE = {"width": 1280, "height": 720}
#: What of the slide shown lies outside it, or is cut; formulas by their outer box.
OUTSIDE = """() => {
  const slide = Reveal.getCurrentSlide();
  const room = slide.querySelector('.body').getBoundingClientRect();
  const parts = [...slide.querySelectorAll('.body *')].filter(e => !e.closest('mjx-container *'));
  return parts.filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && (box.left < room.left - 1 || box.right > room.right + 1
      || box.top < room.top - 1 || box.bottom > room.bottom + 1);
  }).map(e => `${slide.querySelector('h2').innerText}: ${e.outerHTML.slice(0, 80)}`);
}"""
#: Figures that did not load, have no room, or say nothing to a screen reader.
UNSEEN = """() => [...Reveal.getCurrentSlide().querySelectorAll('img')].filter(
  e => !e.complete || !e.naturalWidth || e.clientHeight < 200 || e.alt.length < 20
).map(e => e.src)"""


@pytest.fixture
def deck(open_page, book_host):
    """Open a deck by its name, formulas set."""

    def show(name, **options):
        return ready(open_page(f"http://{book_host}/slides/{name}.html", **(SIZE | options)))

    return show


def ready(page):
    until(page.tab, "globalThis.Reveal?.isReady() && MathJax.startup?.promise")
    page.tab.evaluate("MathJax.startup.promise")
    return page.tab


def outside(tab):
    """What does not fit its slide, of all slides of a deck."""
    found = []
    for number in range(tab.evaluate("Reveal.getTotalSlides()")):
        tab.evaluate("number => Reveal.slide(number)", number)
        tab.wait_for_load_state("networkidle")
        found += tab.evaluate(OUTSIDE) + tab.evaluate(UNSEEN)
    return found


@pytest.mark.parametrize("name", DECKS)
def test_everything_fits_its_slide(deck, name):
    tab = deck(name)
    assert tab.evaluate("Reveal.getTotalSlides()") > 5
    assert outside(tab) == []
    assert tab.locator("mjx-merror").count() == 0


def test_what_does_not_fit_is_found(deck):
    tab = deck("05-sampling")
    tab.evaluate("document.querySelector('.remember .body').append('word '.repeat(900))")
    tab.evaluate("document.querySelector('.figure .body').style.height = 'auto'")
    tab.evaluate("document.querySelector('.figure figcaption').append('word '.repeat(900))")
    tab.evaluate("document.querySelector('.figure img').alt = ''")
    assert len(outside(tab)) >= 2


@pytest.mark.parametrize("name", DECKS)
def test_every_slide_leads_to_what_is_there(built_book, name):
    folder = built_book / "slides"
    text = (folder / f"{name}.html").read_text(encoding="utf-8")
    for section in text.split("<section ")[1:]:
        assert len(re.findall(r'<p class="source"><a href="\.\./', section)) == 1
    for address in re.findall(r'(?:href|src)="(\.\./[^"]+)"', text):
        path, _, anchor = address.replace("?present", "").partition("#")
        assert (folder / path).is_file(), address
        if anchor := unquote(anchor.partition("?")[0]):
            page = (folder / path).read_text(encoding="utf-8")
            named = f'"name": "{anchor}"'  # a widget, which its page draws
            assert f'id="{anchor}"' in page or named in page, address


def test_keys_turn_the_slides_and_show_what_to_expect(deck):
    tab = deck("lesson")
    number = "Reveal.getIndices().h"
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Space")
    assert tab.evaluate(number) == 2
    tab.keyboard.press("ArrowLeft")
    assert tab.evaluate(number) == 1
    asked = tab.evaluate("Reveal.getSlides().findIndex(s => s.className.includes('question'))")
    tab.evaluate("number => Reveal.slide(number)", asked)
    notes = tab.locator(".speaker-notes")
    assert not notes.is_visible()
    tab.keyboard.press("e")
    assert notes.is_visible() and "C or D" in notes.inner_text()
    slide = tab.locator("section.present .body").bounding_box()
    assert slide["x"] + slide["width"] <= notes.bounding_box()["x"]  # none of it lies below them
    tab.keyboard.press("ArrowRight")
    assert not notes.is_visible()  # not at the next question
    tab.keyboard.press("End")
    assert tab.evaluate("Reveal.isLastSlide()")


def test_opens_as_a_file_without_any_server(open_page, built_book):
    path = built_book / "slides" / "05-sampling.html"
    tab = ready(open_page(path.as_uri() + "#/2", **SIZE))
    assert tab.locator("section.present mjx-container").count() >= 1
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("Reveal.getIndices().h") == 3


def test_reads_without_scripts(deck, open_page, book_host):
    page = open_page(f"http://{book_host}/slides/05-sampling.html", scripts=False, **SIZE)
    headings = page.tab.locator("section h2")
    assert headings.count() > 8 and headings.last.is_visible()


def test_there_is_a_deck_of_each_chapter():
    assert {f"{name}.ipynb" for name in DECKS[1:]} == set(build.chapters())
