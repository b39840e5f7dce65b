"""The built book in a real browser.

Fixtures for every test below this folder, nothing to import; pages are `book_page.BookPage`::

    def test_slice_slider(page_for):
        page = page_for("03-baselines")
        page.set_slider("Slice", 12)
        assert page.drawn()["index"] == "12"
        pixels = page.canvas()          # (H, W, 4) uint8, to compare with Python's numbers

    def test_widget_alone(widget_page):  # without building the book
        page = widget_page(slice_viewer(...))

Requests to other hosts are blocked and kept in ``page.foreign``, console errors in ``page.errors``;
both must be empty when a test ends.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import torch
from book_page import BookPage, until
from filelock import FileLock
from ipywidgets.embed import embed_data
from pdf import CHROMIUM_NAMES
from playwright.sync_api import sync_playwright

from rfe_book.widgets.slice_draws import slice_pixels
from rfe_core import checkpoints
from rfe_study import results
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import Patient

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
TIMEOUT_MS = 120_000  # generous: the machine may be training a network at the same time
#: No name but this machine's leads anywhere.
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
# What is deleted from a browser before a page is read, to see the page as an older one shows it.
WITHOUT = "for (const name of {names}) delete globalThis[name];"


class Server(http.server.ThreadingHTTPServer):
    """Accepts all the connections a browser opens at once."""

    request_queue_size = 128


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line on the terminal for each."""

    def log_message(self, *arguments):
        pass


def pytest_collection_modifyitems(items):
    """What builds the book belongs to `make test`, as what opens a browser does."""
    for item in items:
        if {"browser", "built_book"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def slice_of_b():
    """Pixels of the slice that the n_E explorers of chapters 05 and 06 show, drawn from anew."""
    torch.set_num_threads(1)
    (subject,) = phantom_subjects([Patient("B", "dev", 2)], workers=0, progress=False)
    weights = results.DATA / "checkpoints" / "laptop-lower-seed0.safetensors"
    return slice_pixels(checkpoints.load_model(weights), subject, 91)


@pytest.fixture(scope="session")
def serve():
    """Serve a folder on a free port of this machine; a call returns "127.0.0.1:port"."""
    servers = []

    def start(folder):
        handler = functools.partial(QuietHandler, directory=str(folder))
        server = Server(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def built_book():
    """Folder of the book's pages, brought up to date by the first process that asks for it."""
    build = [sys.executable, str(ROOT / "book" / "build.py")]
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    last = ROOT / "_build" / ".tests"
    last.parent.mkdir(exist_ok=True)
    with FileLock(last.with_suffix(".lock")):
        if last.exists() and last.read_text(encoding="utf-8") == run:
            return HTML
        done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(f"the book does not build:\n{done.stdout}\n{done.stderr}", pytrace=False)
        last.write_text(run, encoding="utf-8")
    return HTML


@pytest.fixture(scope="session")
def browser():
    """Chromium; without one the test is skipped, in CI it fails."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        outcome = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        outcome("browser tests need Chromium: install it, for example `apt install chromium`")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", NO_OTHER_HOST]
        chromium = playwright.chromium.launch(executable_path=path, args=options)
        yield chromium
        chromium.close()


@contextmanager
def opening(browser):
    """Gives what opens a URL; at the end, console errors and requests to other hosts fail.

    `scripts=False`: with JavaScript switched off; `without`: names that the browser does not know.
    """
    pages, contexts = [], []

    def open_url(url, *, width=1280, height=900, dark=False, scripts=True, without=()):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        if without:
            context.add_init_script(WITHOUT.format(names=json.dumps(without)))
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        pages.append(BookPage(context.new_page(), urlsplit(url).netloc))
        return pages[-1].open(url)

    yield open_url
    errors = [error for page in pages for error in page.errors]
    foreign = [url for page in pages for url in page.foreign]
    for context in contexts:
        context.close()
    assert not errors, f"errors in the browser's console: {errors}"
    assert not foreign, f"requests to other hosts: {foreign}"


@pytest.fixture
def open_page(browser):
    """Open a URL for this test alone (`opening`)."""
    with opening(browser) as open_url:
        yield open_url


@pytest.fixture(scope="module")
def read_page(request, browser, book_host):
    """A page opened once for all tests of a module that only look at it; its formulas are drawn.

    `first_weights` are those of what was loaded without scrolling (`BookPage.weights`).
    """
    with opening(browser) as open_url:
        page = open_url(f"http://{book_host}/{request.param}.html", height=800)
        until(page.tab, "!document.querySelector('.math:not(:has(mjx-container))')")
        page.first_weights = page.weights
        yield page


@pytest.fixture(scope="session")
def book_host(serve, built_book):
    """Host and port that serve the built book."""
    return serve(built_book)


@pytest.fixture
def page_for(open_page, book_host):
    """Open a page of the book by its name, for example page_for("03-baselines", dark=True)."""

    def open_by_name(name, **options):
        return open_page(f"http://{book_host}/{name}.html", **options)

    return open_by_name


@pytest.fixture(scope="session")
def runtime(tmp_path_factory):
    """A folder with the script that shows widgets without a kernel, and the style of the pages."""
    folder = tmp_path_factory.mktemp("widgets")
    shutil.copy(ROOT / "book" / "runtime" / "widget-loader.js", folder)
    shutil.copy(ROOT / "book" / "_static" / "book.css", folder)
    return folder


@pytest.fixture(scope="session")
def runtime_host(serve, runtime):
    """Host and port that serve single widgets."""
    return serve(runtime)


def page_with(widgets, gap):
    """A page that shows these widgets, so many pixels apart, as the book's pages hold them."""
    data = embed_data(views=widgets, drop_defaults=False)
    page = "<!doctype html><html lang=en><meta charset=utf-8><title>widgets</title>"
    page += "<meta name=viewport content='width=device-width'><link rel=icon href=data:,>"
    page += "<link rel=stylesheet href=book.css><script async src=widget-loader.js></script><body>"
    parts = [("state", data["manager_state"]), *(("view", spec) for spec in data["view_specs"])]
    for kind, content in parts:
        body = json.dumps(content).replace("</", "<\\/")
        page += f"<script type='application/vnd.jupyter.widget-{kind}+json'>{body}</script>"
        page += f"<p style='height: {gap}px'>Text below a widget." * (kind == "view")
    return page


@pytest.fixture
def widget_page(open_page, runtime, runtime_host):
    """Show widgets alone on a page, with no kernel behind them; call with one or several."""

    def show(*widgets, at="", gap=20, **options):
        (runtime / "widget.html").write_text(page_with(widgets, gap), encoding="utf-8")
        return open_page(f"http://{runtime_host}/widget.html{at}", **options)

    return show
