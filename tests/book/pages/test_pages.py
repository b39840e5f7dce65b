"""Every built page, opened in a browser as its readers do."""

import re
from urllib.parse import urlsplit

import pytest
from axe_rules import serious
from book_page import until
from page_list import CHAPTERS, TEXTS, read_each_chapter, read_each_page, read_each_text

PHONE = 360
SCREEN, MOST_SCREENS = 800, 14
# Gzipped, of what a page loads when it is opened: the theme has 0.2 MB, formulas 0.35, the page and
# its first widget up to 0.4. Figures and other widgets are loaded when a reader comes near. A page
# of text has no widget, and no formula that is not simple.
MAX_PAGE_BYTES = 1_000_000
MAX_TEXT_BYTES = 350_000
MAX_OWN_BYTES = 450_000

# One of each kind that Sphinx writes and the table of contents does not list.
GENERATED = ["genindex", "search", "_modules/rfe_core/losses", "reference/random_feature_embedding"]

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

# Draws every widget, and says when all are there.
DRAWN = """() => [...document.querySelectorAll('.rfe-place')].every(place => {
  if (!place.childElementCount) place.scrollIntoView();
  return place.childElementCount;
})"""
HEIGHTS = """() => [
  document.documentElement.scrollHeight,
  [...document.querySelectorAll('.rfe')].map(widget => widget.getBoundingClientRect().height),
]"""

CUT = """() => [...document.querySelectorAll('dl.py dd pre')].filter(
  example => example.scrollWidth > example.clientWidth).map(example => example.innerText)"""

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


def is_clean(tab):
    """One heading, no table shown as text; in both themes inside the window and readable."""
    assert tab.locator("article h1").count() == 1
    raw = tab.locator("article p", has_text=re.compile(r"\|\s*:?[-—–]{1,}")).all_inner_texts()
    assert not raw, f"a table shown as text: {raw[0][:80]}"
    for theme in ("dark", "light"):
        tab.emulate_media(color_scheme=theme)
        until(tab, f"document.documentElement.dataset.theme === '{theme}'")
        excess = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert excess <= 0, f"{excess} pixels wider than the screen"
        faint = [t for t in tab.evaluate(TEXT_COLOURS) if contrast(*t[1:]) < 4.5]
        assert not faint, f"hard to read in the {theme} theme: {faint[:5]}"


@pytest.mark.browser
@read_each_page
def test_page_opens_cleanly(read_page):
    is_clean(read_page.tab)  # console errors and other hosts fail it at the end


@pytest.mark.browser
@read_each_page
def test_page_is_clean_on_a_phone(read_page):
    tab, wide = read_page.tab, read_page.tab.viewport_size
    tab.set_viewport_size({"width": PHONE, "height": SCREEN})
    is_clean(tab)
    tab.set_viewport_size(wide)


@pytest.mark.browser
def test_no_page_at_all_is_wider_than_a_phone(page_for, built_book):
    """Generated ones and slides, too; without scripts, which is quick."""
    tab = page_for("genindex", width=PHONE, scripts=False).tab
    host, wide = tab.url.removesuffix("genindex.html"), {}
    for path in sorted(built_book.rglob("*.html")):
        if (name := path.relative_to(built_book).as_posix()).startswith("_static/"):
            continue  # the theme's templates
        tab.goto(host + name)
        if (width := tab.evaluate("document.documentElement.scrollWidth")) > PHONE:
            wide[name] = width
    assert wide == {}


@pytest.mark.browser
def test_an_example_in_the_reference_is_not_cut(page_for, built_book):
    tab = page_for("reference/unet", scripts=False).tab
    host, cut = tab.url.removesuffix("unet.html"), {}
    for path in sorted(built_book.glob("reference/*.html")):
        tab.goto(host + path.name)
        cut[path.name] = tab.evaluate(CUT)
    assert "unet.html" in cut and not any(cut.values()), cut


@pytest.mark.browser
@read_each_page
def test_images_are_described(read_page):
    images = read_page.tab.locator("article img, article canvas")
    told = "e => e.map(image => image.getAttribute('alt') || image.getAttribute('aria-label'))"
    for n, text in enumerate(images.evaluate_all(told)):
        # the file's own name is what stands there when a chapter gives no text
        described = len(text or "") > 15 and not re.search(r"\.(png|svg)$|_images/", text)
        assert described, f"image {n}: alt text is {text!r}"


@pytest.mark.browser
@read_each_page
def test_page_is_light(read_page):
    weights, tab = read_page.first_weights, read_page.tab
    has_widgets = tab.locator("script[type*='widget-view']").count() > 0
    has_formulas = tab.locator(".math").count() > 0
    assert any("widget-loader.js" in path for path in weights) == has_widgets
    assert any("tex-chtml.js" in path for path in weights) == has_formulas
    own = urlsplit(tab.url).path.lstrip("/")
    assert weights[own] <= MAX_OWN_BYTES
    limit = MAX_TEXT_BYTES if own.removesuffix(".html") in TEXTS else MAX_PAGE_BYTES
    assert sum(weights[path] for path in weights if "_images/" not in path) <= limit


@pytest.mark.browser
@read_each_text
def test_formulas_of_a_text_are_read_in_words(read_page):
    assert r"\(" not in read_page.tab.locator("article").text_content()
    formulas = read_page.tab.locator(".rfe-formula")
    for told in formulas.evaluate_all("e => e.map(formula => formula.ariaLabel)"):
        assert re.fullmatch(r"[\w ().,]+", told), told


@pytest.mark.browser
@read_each_page
def test_axe_finds_nothing_serious(read_page):
    assert serious(read_page.tab) == []


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", GENERATED)
def test_axe_finds_nothing_serious_on_what_sphinx_writes(page_for, name, dark):
    assert serious(page_for(name, dark=dark).tab) == []


@pytest.mark.browser
@pytest.mark.frames
@read_each_chapter
def test_first_widget_is_drawn_with_the_page(read_page):
    assert read_page.time_of_first_widget() > 0


@pytest.mark.browser
@read_each_chapter
def test_every_self_check_can_be_answered(read_page):
    forms = read_page.tab.locator(".self-check form")
    assert forms.count() == 2
    for form in forms.all():
        assert form.locator("legend").inner_text() and form.locator("details").count() == 1
        assert form.get_by_role("radio").count() == form.locator("details li").count() >= 3


@pytest.mark.browser
@read_each_chapter
def test_a_chapter_has_few_screens_and_a_widget_one(read_page):
    tab = read_page.tab
    until(tab, f"({DRAWN})()")
    page, widgets = tab.evaluate(HEIGHTS)
    assert page <= MOST_SCREENS * SCREEN, f"{page / SCREEN:.1f} screens"
    assert widgets and max(widgets) <= SCREEN, widgets


@pytest.mark.browser
@read_each_chapter
def test_a_chapter_says_where_widgets_stand_without_scripts(read_page, built_book):
    page = (built_book / urlsplit(read_page.tab.url).path.lstrip("/")).read_text(encoding="utf-8")
    assert page.count('class="rfe-still"') == read_page.places() >= 1


@pytest.mark.browser
def test_without_scripts_it_is_seen(page_for):
    assert page_for("06-divergence", scripts=False).tab.locator("p.rfe-still").first.is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("name", CHAPTERS[::4])
def test_chapter_opens_as_a_file_without_any_server(open_page, built_book, name):
    assert open_page((built_book / f"{name}.html").as_uri()).drawn()


@pytest.mark.browser
def test_nothing_moves_for_who_asks_for_less_motion(page_for):
    tab = page_for("exam", width=PHONE).tab
    tab.set_viewport_size({"width": 1280, "height": SCREEN})  # the theme fades its sidebar in
    assert tab.evaluate("document.getAnimations().length") == 0


@pytest.mark.browser
def test_a_request_to_another_host_is_found(page_for):
    page = page_for("exam")  # its policy refuses the request, and it is found all the same
    page.tab.evaluate(
        "new Promise(done => { const image = new Image(); image.onerror = done;"
        " image.src = 'https://example.org/a.png'; })"
    )
    assert page.foreign == ["https://example.org/a.png"] and page.errors
    page.foreign.clear()
    page.errors.clear()


@pytest.mark.browser
def test_figures_keep_their_shape_on_a_phone(page_for):
    shapes = page_for("06-divergence", width=PHONE).tab.evaluate(
        "[...document.querySelectorAll('figure img')].map(image => [image.width / image.height,"
        " image.getAttribute('width') / image.getAttribute('height')])"
    )
    assert len(shapes) >= 3
    for shown, drawn in shapes:
        assert shown == pytest.approx(drawn, rel=0.02)


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
