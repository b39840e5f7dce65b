"""Each built page carries its policy, works under it, and can ask no other host."""

import pytest
from book_page import until

TAG = '<meta http-equiv="Content-Security-Policy"'
FOREIGN = "https://example.org/a"
#: What a page that somebody has got a foothold in would try, and whether it succeeded.
TRIES = {
    "fetch": f"fetch('{FOREIGN}').then(() => true, () => false)",
    "picture": f"""new Promise(done => {{
        const image = new Image();
        image.onload = () => done(true);
        image.onerror = () => done(false);
        image.src = '{FOREIGN}.png';
    }})""",
    "script": f"""new Promise(done => {{
        const script = document.createElement('script');
        script.onload = () => done(true);
        script.onerror = () => done(false);
        script.src = '{FOREIGN}.js';
        document.head.append(script);
    }})""",
    "inline script": """(() => {
        const script = document.createElement('script');
        script.textContent = 'globalThis.planted = true';
        document.head.append(script);
        return globalThis.planted === true;
    })()""",
    "handler": """(() => {
        const button = document.createElement('button');
        button.setAttribute('onclick', 'globalThis.planted = true');
        document.body.append(button);
        button.click();
        return globalThis.planted === true;
    })()""",
}


def test_every_page_carries_one_above_all_that_loads(built_book):
    pages = [path for path in built_book.rglob("*.html") if "_static" not in path.parts]
    assert {"index", "search", "05-sampling", "lesson", "losses"} <= {path.stem for path in pages}
    for path in pages:
        head, found, _ = path.read_text(encoding="utf-8").partition(TAG)
        assert found and not any(tag in head for tag in ("<script", "<link", "<style", "<img"))


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index", "05-sampling", "10-exact", "reference/losses"])
@pytest.mark.parametrize("what", TRIES)
def test_nothing_foreign_is_loaded_or_run(page_for, name, what):
    page = page_for(name)
    assert page.errors == []
    assert page.tab.evaluate(TRIES[what]) is False
    assert page.errors and all("Content Security Policy" in error for error in page.errors)
    page.errors.clear()
    page.foreign.clear()  # asked for, and refused by the policy before it left the browser


@pytest.mark.browser
def test_search_finds(page_for):
    tab = page_for("index").tab
    tab.goto(tab.url.replace("index.html", "search.html?q=divergence"))
    tab.locator("#search-results li a[href*='06-divergence']").first.wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index", "05-sampling", "10-exact", "slides/05-sampling"])
def test_a_page_that_is_opened_as_a_file_works_under_it(open_page, built_book, name):
    page = open_page((built_book / f"{name}.html").as_uri())
    until(page.tab, "!document.querySelector('.math:not(:has(mjx-container))')")
    assert page.tab.evaluate(TRIES["fetch"]) is False
    assert any("Content Security Policy" in error for error in page.errors)
    page.errors.clear()


@pytest.mark.browser
def test_buttons_of_the_theme_work(page_for):
    """Their handlers stand in the page, and its policy names them."""
    tab = page_for("05-sampling").tab
    tab.evaluate("globalThis.print = () => { globalThis.printed = true; }")
    tab.locator("button[onclick='window.print()']").first.dispatch_event("click")
    assert tab.evaluate("globalThis.printed") is True
