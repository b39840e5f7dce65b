"""What a link leads to, shown beside it."""

import pytest
from axe_rules import violations
from book_page import until

pytestmark = pytest.mark.browser
BOX = "#rfe-preview"
WORD = "a[href='glossary.html#term-recall']"
LONGER_MS = 600  # than it takes to show or to hide one
TOUCH = """link => link.dispatchEvent(
    new PointerEvent("pointerover", { bubbles: true, pointerType: "touch" }))"""


#: Resolves once an element keeps its place for sixty frames: what is above it has arrived.
STILL = """element => new Promise(done => {
    let top, frames = 0;
    const look = () => {
        element.scrollIntoView({ block: "center" });
        const now = document.documentElement.scrollTop;
        frames = now === top ? frames + 1 : 0;
        top = now;
        frames < 60 ? requestAnimationFrame(look) : done();
    };
    look();
})"""


def link_to(page, address):
    """The first link that a reader sees to an address, scrolled to; formulas are drawn."""
    until(page.tab, "!document.querySelector('.math:not(:has(mjx-container))')")
    link = page.tab.locator(f".bd-article {address}.reference >> visible=true").first
    link.evaluate(STILL)
    return link


@pytest.mark.parametrize(
    ("address", "holds", "text"),
    [
        ("a[href='#equation-eq-gap']", "mjx-container", "gap"),
        (WORD, "dd", "Share of the lesion voxels"),
        ("a[href^='references.html#']", "p", "Commowick"),
        ("a[href='#sec-baseline-exercises']", "strong", "Exercises"),
    ],
)
@pytest.mark.parametrize("width", [1280, 390])
def test_pointer_shows_it_inside_the_window_and_moves_nothing(
    page_for, address, holds, text, width
):
    page = page_for("03-baselines", width=width)
    link = link_to(page, address)
    size = "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
    before, place = page.tab.evaluate(size), link.bounding_box()
    link.hover()
    box = page.tab.locator(BOX)
    box.wait_for()
    assert text in box.inner_text() and box.locator(holds).first.is_visible()
    # within a pixel: a figure that arrives only now rounds its height
    assert link.bounding_box() == pytest.approx(place, abs=1)
    assert page.tab.evaluate(size) == pytest.approx(before, abs=1)
    at = box.bounding_box()
    assert at["x"] >= 0 and at["x"] + at["width"] <= width
    assert at["y"] >= 0 and at["y"] + at["height"] <= 900
    assert box.evaluate("e => e.scrollWidth <= e.clientWidth")
    assert not box.locator("a, [id], [tabindex]").count()


def test_a_figure_is_shown_with_its_caption(page_for):
    page = page_for("02-unet")
    link_to(page, "a[href='#fig-network']").hover()
    image = page.tab.locator(f"{BOX} img")
    image.wait_for()
    until(page.tab, "document.querySelector('#rfe-preview img').naturalWidth > 0")
    assert "Fig. 2.1" in page.tab.locator(f"{BOX} figcaption").inner_text()


def test_pointer_may_move_onto_it_and_escape_closes_it(page_for):
    page = page_for("03-baselines")
    link, box = link_to(page, WORD), page.tab.locator(BOX)
    link.hover()
    box.wait_for()
    box.hover()
    page.tab.wait_for_timeout(LONGER_MS)
    assert box.is_visible()
    page.tab.keyboard.press("Escape")
    assert not box.is_visible() and link.get_attribute("aria-describedby") is None
    link.hover()
    box.wait_for()
    page.tab.mouse.move(5, 5)
    box.wait_for(state="hidden")


@pytest.mark.parametrize("dark", [False, True])
def test_focus_shows_it_and_describes_the_link(page_for, dark):
    page = page_for("03-baselines", dark=dark)
    link, box, keys = link_to(page, WORD), page.tab.locator(BOX), page.tab.keyboard
    link.focus()
    keys.press("Tab")
    keys.press("Shift+Tab")
    assert link.evaluate("e => e === document.activeElement") and box.is_visible()
    assert link.get_attribute("aria-describedby") == box.get_attribute("id")
    assert violations(page.tab, BOX, f".bd-article {WORD}") == []
    keys.press("Escape")
    assert not box.is_visible()
    keys.press("Tab")
    keys.press("Shift+Tab")
    assert box.is_visible()
    keys.press("Tab")
    assert not page.tab.locator(BOX, has_text="Share of the lesion").is_visible()


def test_touch_shows_nothing(page_for):
    page = page_for("03-baselines")
    link_to(page, WORD).evaluate(TOUCH)
    page.tab.wait_for_timeout(LONGER_MS)
    assert not page.tab.locator(BOX).is_visible()


def test_nothing_is_fetched_and_a_file_has_it_too(open_page, page_for, built_book):
    page = page_for("03-baselines")
    link = link_to(page, WORD)
    loaded = []
    page.tab.on("request", lambda request: loaded.append(request))
    link.hover()
    page.tab.locator(BOX).wait_for()
    # but for figures of the page itself, which come as the reader does
    assert [request.url for request in loaded if request.resource_type != "image"] == []
    page = open_page((built_book / "03-baselines.html").as_uri())
    link_to(page, WORD).hover()
    page.tab.locator(BOX).wait_for()


def test_a_formula_is_drawn_on_a_page_that_has_loaded_no_mathjax(page_for):
    page = page_for("exam")
    link = link_to(page, "a[href='08-prior.html#equation-eq-ncc']")
    assert not any("tex-chtml.js" in path for path in page.weights)
    for _ in range(2):  # it is loaded once
        link.hover()
        page.tab.locator(f"{BOX} mjx-container").wait_for()
        page.tab.mouse.move(5, 5)
        page.tab.locator(BOX).wait_for(state="hidden")
    assert sum("tex-chtml.js" in request.url for request in page.loaded) == 1


@pytest.mark.parametrize(
    ("name", "address", "formula"),
    [
        ("04-embedding", "glossary.html#term-angular-cosine-distance", ".rfe-formula"),
        ("07-proof-of-concept", "04-embedding.html#equation-eq-embedding-loss", "mjx-container"),
    ],
)
def test_a_formula_of_another_page_is_drawn(page_for, name, address, formula):
    page = page_for(name)
    link_to(page, f"a[href='{address}']").hover()
    page.tab.locator(f"{BOX} {formula}").first.wait_for()
    assert "\\" not in page.tab.locator(BOX).inner_text()
