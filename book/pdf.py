"""The whole book as one PDF, _build/book.pdf, printed from the built pages by Chromium.

    python book/pdf.py

Widgets stand in it as they open, with the address of their page where RFE_PAGES names one.
"""

import functools
import http.server
import io
import os
import re
import shutil
import sys
import threading
from pathlib import Path

import yaml
from playwright.sync_api import Page, TimeoutError, sync_playwright
from pypdf import PdfWriter

from rfe_core.files import replacing

BOOK = Path(__file__).resolve().parent
HTML = BOOK.parent / "_build" / "html"
TARGET = HTML.parent / "book.pdf"
#: The first is the same browser without its windows: it opens a page in half the time.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

#: A page may take so long; a busy machine takes its time.
LONGEST_MS = 300_000

#: Where a printed widget can be moved: the address of the published pages, if there is one.
PAGES = os.environ.get("RFE_PAGES", "").rstrip("/")

#: On paper: nothing of the theme around the text, what is folded opened, links to other pages as
#: plain text, widgets with their address, and none cut in two.
STYLE = """
.bd-header, .bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article, .prev-next-footer,
.bd-footer-content, .bd-footer, .headerlink, .copybtn, .rfe-link, #pst-back-to-top,
.pst-async-banner-revealer, .skip-link { display: none !important }
.bd-main, .bd-content, .bd-article-container, .bd-page-width { max-width: none !important }
.bd-article-container { flex: 1 1 100%; padding: 0 !important }
pre { white-space: pre-wrap !important }
figure, table, pre, .rfe, .cell_output { break-inside: avoid }
"""
PREPARE = """async () => {
  for (const fold of document.querySelectorAll('details:not(.rfe-source)')) fold.open = true;
  for (const image of document.images) image.loading = 'eager';
  const inside = link => link.host === location.host;
  for (const link of [...document.links]) if (inside(link)) link.removeAttribute('href');
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    scrollTo(0, y);
    await new Promise(done => setTimeout(done, 60));
  }
  await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
}"""
#: Fonts have come, formulas and widgets are drawn; what has not been is scrolled to.
READY = """() => {
  const empty = [...document.querySelectorAll('.rfe-place')].find(e => !e.childElementCount);
  empty?.scrollIntoView();
  const raw = document.querySelector('.math:not(:has(mjx-container))');
  return !empty && !raw && document.fonts.status === 'loaded';
}"""
TITLE = """pages => {
  if (pages) for (const widget of document.querySelectorAll('.rfe')) {
    const note = document.createElement('p');
    note.textContent = `Move it at ${pages}${location.pathname}`;
    widget.after(note);
  }
  return document.querySelector('h1').innerText.replace(/#$/, '').trim();
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line on the terminal for each."""

    def log_message(self, *arguments: object) -> None:
        pass


def page_names() -> list[str]:
    """Pages in the order of the table of contents."""
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"]] + [page["file"] for part in toc["parts"] for page in part["chapters"]]


def printed(tab: Page, address: str) -> tuple[str, bytes]:
    """A page's title and its PDF."""
    tab.set_default_timeout(LONGEST_MS)
    try:
        tab.goto(address)
        tab.add_style_tag(content=STYLE)
        tab.evaluate(PREPARE)
        tab.wait_for_function(READY)
    except TimeoutError:
        name, seconds = address.rpartition("/")[2], LONGEST_MS // 1000
        sys.exit(f"The PDF was not made: {name} was not drawn within {seconds} seconds.")
    title = tab.evaluate(TITLE, PAGES)
    number = "<span class=pageNumber></span>"
    footer = f"<div style='font-size: 8px; width: 100%; text-align: center'>{title} · {number}"
    margin = {"top": "15mm", "bottom": "18mm", "left": "15mm", "right": "15mm"}
    content = tab.pdf(
        format="A4",
        scale=0.8,
        margin=margin,
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=footer + "</div>",
    )
    return title, content


def main() -> None:
    """Print all pages and join them, each under its title."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    names = page_names()
    if chromium is None:
        sys.exit("The PDF was not made: it needs Chromium, for example `apt install chromium`.")
    if missing := [name for name in names if not (HTML / f"{name}.html").is_file()]:
        sys.exit(f"The PDF was not made: {missing[0]} is not built; run `make book`.")
    handler = functools.partial(Quiet, directory=str(HTML))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    book = PdfWriter()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page(color_scheme="light")
        for name in names:
            title, content = printed(tab, f"http://127.0.0.1:{server.server_port}/{name}.html")
            book.append(io.BytesIO(content), outline_item=re.sub(r"\s+", " ", title))
        browser.close()
    server.shutdown()
    book.compress_identical_objects()
    with replacing(TARGET) as partial:
        book.write(partial)
    print(f"{len(book.pages)} pages in {TARGET.relative_to(BOOK.parent)}")


if __name__ == "__main__":
    main()
