"""Every built page, opened in a browser as its readers do."""

import re
from pathlib import Path

import pytest
from page_list import PAGES, each_page

ROOT = Path(__file__).parents[3]
CHAPTERS = [page for page in PAGES if re.match(r"\d", page)]
WIDE, PHONE = 1280, 360
# Gzipped, of what a page loads when it is opened: the theme has 0.2 MB, formulas 0.35, the page and
# its first widget up to 0.6. Figures and other widgets are loaded when a reader comes near.
MAX_PAGE_BYTES = 1_000_000
MAX_OWN_BYTES = 600_000

# Colours of each text and of what lies behind it, seen through what is half transparent.
TEXT_COLOURS = """() => {
  const texts = 'article :is(p, li, figcaption, td), .rfe p, .rfe-control span, .rfe-link';
  const behind = e => {
    if (!e) return [255, 255, 255];
    const [r, g, b, a = 1] = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
    return a === 1 ? [r, g, b]
      : behind(e.parentElement).map((below, k) => a * [r, g, b][k] + (1 - a) * below);
  };
  return [...document.querySelectorAll(texts)].filter(e => e.innerText && e.offsetParent).map(
    e => [e.innerText.slice(0, 40), getComputedStyle(e).color, `rgb(${behind(e)})`]);
}"""

# What would make a page load something from another host; links may lead anywhere.
LOADS_FROM_ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=["'](?:https?:)?//"""
    r"""|<link\b(?![^>]*rel=["'](?:canonical|license))[^>]*\bhref=["'](?:https?:)?//"""
    r"""|url\(["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
)


def contrast(first, second):
    """Contrast ratio of two CSS colours, as WCAG 2 defines it."""
    luminances = []
    for colour in (first, second):
        parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        luminances.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def test_contrast_of_known_colours():
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


@pytest.mark.browser
@each_page
@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
def test_page_opens_cleanly(page_for, name, width):
    tab = page_for(name, width=width).tab  # console errors and other hosts fail it at the end
    assert tab.locator("article h1").count() == 1
    raw = tab.locator("article p", has_text=re.compile(r"\|\s*:?[-—–]{1,}")).all_inner_texts()
    assert not raw, f"a table shown as text: {raw[0][:80]}"
    for theme in ("light", "dark"):
        tab.emulate_media(color_scheme=theme)
        tab.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        excess = tab.evaluate("document.documentElement.scrollWidth") - width
        assert excess <= 0, f"{excess} pixels wider than the screen"
        faint = [t for t in tab.evaluate(TEXT_COLOURS) if contrast(*t[1:]) < 4.5]
        assert not faint, f"hard to read in the {theme} theme: {faint[:5]}"


@pytest.mark.browser
def test_figures_keep_their_shape_on_a_phone(page_for):
    shapes = page_for("06-divergence", width=PHONE).tab.evaluate(
        "[...document.querySelectorAll('figure img')].map(image => [image.width / image.height,"
        " image.getAttribute('width') / image.getAttribute('height')])"
    )
    assert len(shapes) >= 3
    for shown, drawn in shapes:
        assert shown == pytest.approx(drawn, rel=0.02)


@pytest.mark.browser
@each_page
def test_page_is_described_and_light(page_for, name):
    page = page_for(name)
    images = page.tab.locator("article img, article canvas")
    for n in range(images.count()):
        image = images.nth(n)
        text = image.get_attribute("alt") or image.get_attribute("aria-label") or ""
        # the file's own name is what stands there when a chapter gives no text
        described = len(text) > 15 and not re.search(r"\.(png|svg)$|_images/", text)
        assert described, f"image {n}: alt text is {text!r}"

    page.tab.wait_for_function("!document.querySelector('.math:not(:has(mjx-container))')")
    weights = page.weights
    has_widgets = page.tab.locator("script[type*='widget-view']").count() > 0
    has_formulas = page.tab.locator(".math").count() > 0
    assert any("widget-loader.js" in path for path in weights) == has_widgets
    assert any("tex-chtml.js" in path for path in weights) == has_formulas

    assert weights[f"{name}.html"] <= MAX_OWN_BYTES
    assert sum(weights.values()) <= MAX_PAGE_BYTES


@pytest.mark.browser
@pytest.mark.frames
@pytest.mark.parametrize("name", CHAPTERS)
def test_first_widget_is_drawn_with_the_page(page_for, name):
    assert page_for(name).time_of_first_widget() > 0


@pytest.mark.browser
@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_without_scripts_says_where_widgets_stand(page_for, name):
    widgets = page_for(name).places()
    notes = page_for(name, scripts=False).tab.locator("p.rfe-still")
    assert notes.count() == widgets >= 1 and notes.first.is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_opens_as_a_file_without_any_server(open_page, built_book, name):
    assert open_page((built_book / f"{name}.html").as_uri()).drawn()


def test_nothing_built_names_another_host_to_load_from(built_book):
    for path in built_book.rglob("*"):
        if path.suffix in {".html", ".css"}:
            found = LOADS_FROM_ELSEWHERE.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(built_book)}: {found[0][:120]}"


@pytest.mark.parametrize(
    ("text", "loads"),
    [
        ('<script src="https://x.org/a.js">', True),
        ('<link href="//x.org/a.css" rel="stylesheet">', True),
        ("@import url(https://x.org/font.css)", True),
        ('<a href="https://x.org">', False),
        ('<script src="_static/a.js">', False),
    ],
)
def test_loading_from_elsewhere_is_recognised(text, loads):
    assert bool(LOADS_FROM_ELSEWHERE.search(text)) == loads
