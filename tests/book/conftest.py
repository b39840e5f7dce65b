"""The built book in a real browser.

Fixtures for every test below this folder, nothing to import::

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

import base64
import functools
import gzip
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import anywidget
import numpy as np
import pytest
import torch
from ipywidgets.embed import embed_data
from PIL import Image
from playwright.sync_api import sync_playwright

from rfe_book.widgets.slice_draws import slice_pixels
from rfe_core import checkpoints
from rfe_study import results
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import Patient

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
TIMEOUT_MS = 120_000  # generous: the machine may be training a network at the same time
# anywidget says this of a model that takes longer than 2 s to load, as on a busy machine. Only
# messages from a kernel mind; on a page the widget draws once it is loaded, and tests wait for it.
SLOW_START = "[anywidget] Failed to initialize model."
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Have as many views of ours drawn something as the page shows, also inside boxes?
ALL_VIEWS_DRAWN = """() => {
  const read = kind => [...document.querySelectorAll(`script[type$='widget-${kind}+json']`)]
    .map(script => JSON.parse(script.text));
  const models = read("state")[0].state;
  const sum = (items, count) => items.reduce((total, item) => total + count(item), 0);
  const ours = id => models[id].model_module === "anywidget" ? 1
    : sum(models[id].state.children ?? [], child => ours(child.replace("IPY_MODEL_", "")));
  const expected = sum(read("view"), view => ours(view.model_id));
  const drawn = [...document.querySelectorAll(".rfe")].filter(e => Object.keys(e.dataset).length);
  return drawn.length >= expected;
}"""


class BookPage:
    """An open page and what a reader does with it; `tab` is Playwright's page for all the rest."""

    def __init__(self, tab, host):
        self.tab = tab
        self.errors = []
        self.foreign = []
        self._host = host
        self._loaded = []
        tab.on("console", self._hear)
        tab.on("pageerror", self._hear_uncaught)
        tab.on("requestfinished", lambda request: self._loaded.append(request))
        tab.route("**/*", self._only_own_host)

    def _hear(self, message):
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location['url']})")

    def _hear_uncaught(self, error):
        if str(error) != SLOW_START:
            self.errors.append(str(error))

    def _only_own_host(self, route):
        if urlsplit(route.request.url).netloc == self._host:
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    @property
    def weights(self):
        """Gzipped size of everything loaded so far, in bytes, by its path."""
        return {
            urlsplit(request.url).path.lstrip("/"): len(gzip.compress(request.response().body(), 6))
            for request in self._loaded
            if request.url.startswith("http")
        }

    def own_weight(self, name):
        """Gzipped bytes of the page itself and of what it alone loads."""
        return sum(size for path, size in self.weights.items() if path.startswith(name))

    def count_frames(self, widget):
        """How many times a widget has drawn so far.

        If RFE_FRAME_MS is set, as `make bench` does, the median must not take longer than that: on
        a busy machine it may.
        """
        times = self.tab.evaluate(f"performance.getEntriesByName('{widget}').map(e => e.duration)")
        if longest := os.environ.get("RFE_FRAME_MS"):
            print(f"{widget}: median {np.median(times):.1f} ms of {len(times)} frames")
            assert np.median(times) <= float(longest)
        return len(times)

    def open(self, url):
        """Go to a page and wait until its widgets stand."""
        self.tab.goto(url, wait_until="load")
        if self.tab.locator("script[type='application/vnd.jupyter.widget-view+json']").count():
            self.tab.wait_for_function(ALL_VIEWS_DRAWN, polling=100)
        return self

    def frames(self):
        """Let the browser draw what has changed."""
        self.tab.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def control(self, description, nth=0):
        """The nth control with exactly this description."""
        label = self.tab.locator(".widget-label", has_text=description)
        exact = [n for n in range(label.count()) if label.nth(n).inner_text() == description]
        return label.nth(exact[nth]).locator("xpath=..")

    def set_slider(self, description, value, nth=0):
        """Type a value into the number beside a slider, as a reader can."""
        readout = self.control(description, nth).locator(".widget-readout")
        readout.fill(str(value))
        readout.press("Enter")
        self.frames()

    def press_slider(self, description, key, times=1, nth=0):
        """Press a key (for example "ArrowRight") on a slider's handle."""
        handle = self.control(description, nth).locator(".noUi-handle")
        for _ in range(times):
            handle.press(key)
        self.frames()

    def choose(self, description, option, nth=0):
        """Choose an option of a Dropdown, or press one of ToggleButtons or RadioButtons."""
        control = self.control(description, nth)
        if control.locator("select").count():
            texts = control.locator("option").all_text_contents()  # with spaces that do not break
            index = [text.replace("\xa0", " ") for text in texts].index(option)
            control.locator("select").select_option(index=index)
        else:
            control.get_by_text(option, exact=True).click()
        self.frames()

    def check(self, description, on=True, nth=0):
        """Tick or untick a Checkbox."""
        label = self.tab.locator(".widget-checkbox", has_text=description).nth(nth)
        label.locator("input").set_checked(on)
        self.frames()

    def drawn(self, nth=0):
        """What the nth view of the book says it shows now: its data attributes, as strings."""
        return self.tab.locator(".rfe").nth(nth).evaluate("e => ({...e.dataset})")

    def status(self, nth=0):
        """What the nth view announces to screen readers."""
        return self.tab.locator(".rfe [role=status]").nth(nth).inner_text()

    def canvas(self, nth=0):
        """Pixels of the nth canvas of the views, (H, W, 4) uint8."""
        uri = self.tab.locator(".rfe canvas").nth(nth).evaluate("c => c.toDataURL('image/png')")
        with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
            return np.asarray(image.convert("RGBA"))


class Server(http.server.ThreadingHTTPServer):
    """Accepts all the connections a browser opens at once."""

    request_queue_size = 128


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line on the terminal for each."""

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def slice_of_b():
    """Pixels of the slice that the n_E explorers of chapters 05 and 06 show, drawn from anew."""
    torch.set_num_threads(1)
    (subject,) = phantom_subjects([Patient("B", "dev", 4)], workers=0, progress=False)
    weights = results.DATA / "checkpoints" / "laptop-lower-seed0.safetensors"
    return slice_pixels(checkpoints.load_model(weights), subject, 97)


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
    """Folder of the book's pages, brought up to date first."""
    build = [sys.executable, str(ROOT / "book" / "build.py")]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"the book does not build:\n{done.stdout}\n{done.stderr}", pytrace=False)
    return HTML


@pytest.fixture(scope="session")
def browser():
    """Chromium; without one the test is skipped, in CI it fails."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        outcome = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        outcome("browser tests need Chromium: install it, for example `apt install chromium`")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Open a URL; console errors and requests to other hosts fail the test when it ends."""
    pages, contexts = [], []

    def open_url(url, *, width=1280, height=900, dark=False):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
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
    """A folder with the scripts that show widgets without a kernel, as the book has them."""
    folder = tmp_path_factory.mktemp("widgets")
    shutil.copytree(ROOT / "book" / "vendor", folder / "vendor")
    nbextension = Path(anywidget.__file__).parent / "nbextension" / "index.js"
    shutil.copy(nbextension, folder / "vendor" / "anywidget.js")
    return folder


@pytest.fixture(scope="session")
def runtime_host(serve, runtime):
    """Host and port that serve single widgets."""
    return serve(runtime)


@pytest.fixture
def widget_page(open_page, runtime, runtime_host):
    """Show one widget alone on a page, with no kernel behind it; call with the widget."""

    def show(widget, **options):
        data = embed_data(views=[widget], drop_defaults=False)
        scripts = ("require.js", "widget-setup.js", "embed-amd.js")
        page = "<!doctype html><html lang=en><meta charset=utf-8><title>widget</title>"
        page += "<link rel=icon href=data:,><body>"
        for kind, content in (("state", data["manager_state"]), ("view", data["view_specs"][0])):
            body = json.dumps(content).replace("</", "<\\/")
            page += f"<script type='application/vnd.jupyter.widget-{kind}+json'>{body}</script>"
        page += "".join(f"<script defer src='vendor/{name}'></script>" for name in scripts)
        (runtime / "widget.html").write_text(page, encoding="utf-8")
        return open_page(f"http://{runtime_host}/widget.html", **options)

    return show
