"""An open page of the book, and what a reader does with it."""

import base64
import gzip
import io
import os
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

#: Playwright's `wait_for_function` evaluates text in the page, which the pages' policy refuses.
UNTIL = """(async () => {{
  const end = performance.now() + {limit};
  while (!({condition})) {{
    if (performance.now() > end) throw new Error("it never came true");
    await new Promise(requestAnimationFrame);
  }}
}})()"""


def until(tab, condition, limit=120_000):
    """Wait until an expression of JavaScript is true, so many milliseconds at most."""
    tab.evaluate(UNTIL.format(condition=condition, limit=limit))


class BookPage:
    """An open page and what a reader does with it; `tab` is Playwright's page for all the rest."""

    def __init__(self, tab, host):
        self.tab = tab
        self.errors = []
        self.foreign = []
        self.first_weights = {}  # of what it loads before a reader scrolls (`read_page`)
        self._host = host
        self.loaded = []
        tab.on("console", self._hear)
        tab.on("pageerror", lambda error: self.errors.append(str(error)))
        tab.on("requestfinished", lambda request: self.loaded.append(request))
        tab.on("request", lambda request: self._note_host(request.url))

    def _hear(self, message):
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location['url']})")

    def _note_host(self, url):
        """Remember a request to another host; the browser itself finds none (`conftest.py`)."""
        if urlsplit(url).netloc not in ("", self._host):
            self.foreign.append(url)

    @property
    def weights(self):
        """Gzipped size of everything loaded so far, in bytes, by its path."""
        return {
            urlsplit(request.url).path.lstrip("/"): len(gzip.compress(request.response().body(), 6))
            for request in self.loaded
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
        """Go to a page and wait until its first widget stands."""
        self.tab.goto(url, wait_until="load")
        if self.places():  # drawn, but not scrolled to: that would load figures on the way
            self.tab.locator(".rfe-link").first.wait_for(state="attached")
        return self

    def places(self):
        """How many widgets the page has, drawn or not."""
        return self.tab.locator(".rfe-place").count()

    def time_of_first_widget(self):
        """Milliseconds from navigation until the first widget was drawn.

        If RFE_FIRST_WIDGET_MS is set, as `make bench` does, it must not take longer than that.
        """
        marks = "performance.getEntriesByName('rfe-drawn').map(e => e.startTime)"
        time = self.tab.evaluate(marks)[0]
        if longest := os.environ.get("RFE_FIRST_WIDGET_MS"):
            print(f"{self.tab.url}: first widget after {time:.0f} ms")
            assert time <= float(longest)
        return time

    def states(self):
        """Stored state of every widget, also of those in files of their own, by its name."""
        read = """async () => {
          const of = kind => document.querySelector(`script[type$="widget-${kind}+json"]`);
          const { state, aside = {} } = JSON.parse(of("state").text);
          const texts = Object.values(aside).map(async ({ file }) => {
            const text = await (await fetch(`_static/widgets/${file}`)).text();
            return JSON.parse(`[${text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"))}]`)[1];
          });
          return [...Object.values(state), ...await Promise.all(texts)].map(({ state }) => state);
        }"""
        return {state["name"]: state for state in self.tab.evaluate(read)}

    def frames(self):
        """Let the browser draw what has changed."""
        self.tab.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def control(self, label, nth=0):
        """The line of the nth control with exactly this label."""
        named = self.tab.locator(".rfe-control").filter(
            has=self.tab.locator("span").get_by_text(label, exact=True)
        )
        if not named.count():  # of a widget further down, which is loaded when a reader comes near
            for place in self.tab.locator(".rfe-place").all():
                place.scroll_into_view_if_needed()
        return named.nth(nth)

    def value(self, label, nth=0):
        """What a slider shows beside itself, or the chosen option of a menu or row of buttons."""
        control = self.control(label, nth)
        if control.locator("output").count():
            return control.locator("output").inner_text()
        if control.locator("select").count():
            return control.locator("select").evaluate("s => s.selectedOptions[0].text")
        return control.locator("input:checked").get_attribute("aria-label")

    def set_slider(self, label, value, nth=0):
        """Drag a slider to a number."""
        self.control(label, nth).locator("input[type=range]").fill(str(value))
        self.frames()

    def press_slider(self, label, key, times=1, nth=0):
        """Press a key (for example "ArrowRight") on a slider."""
        slider = self.control(label, nth).locator("input[type=range]")
        for _ in range(times):
            slider.press(key)
        self.frames()

    def choose(self, label, option, nth=0):
        """Choose an option of a menu, or press one of a row of buttons."""
        control = self.control(label, nth)
        if control.locator("select").count():
            control.locator("select").select_option(label=option)
        else:
            control.get_by_role("radio", name=option, exact=True).check()
        self.frames()

    def check(self, label, on=True, nth=0):
        """Tick or untick a box."""
        self.control(label, nth).locator("input[type=checkbox]").set_checked(on)
        self.frames()

    def view(self, nth=0):
        """The nth widget of the page, once it has been drawn."""
        place = self.tab.locator(".rfe-place").nth(nth)
        place.scroll_into_view_if_needed()
        place.locator(".rfe-link").wait_for()
        return place.locator(".rfe")

    def drawn(self, nth=0):
        """What the nth widget says it shows now: its data attributes, as strings."""
        return self.view(nth).evaluate("e => ({...e.dataset})")

    def status(self, nth=0):
        """What the nth widget announces to screen readers."""
        return self.view(nth).locator("[role=status]").inner_text()

    def canvas(self, nth=0):
        """Pixels of the nth canvas of the views, (H, W, 4) uint8."""
        uri = self.tab.locator(".rfe canvas").nth(nth).evaluate("c => c.toDataURL('image/png')")
        with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as image:
            return np.asarray(image.convert("RGBA"))
