"""The pages' own loader: state, buffers, the address, and what it says when something is wrong."""

from urllib.parse import parse_qs, urlsplit

import anywidget
import ipywidgets
import numpy as np
import pytest
import traitlets
from tried_controls import tried

from rfe_book.widgets.slice_viewer import slice_viewer

LOADER = "widget-loader.js"


class Buffers(anywidget.AnyWidget):
    """Says what it was given as bytes, and how its model behaves."""

    _esm = """
    const text = (view) => `${view.constructor.name} ${view.byteLength} ${view.getUint8(1)}`;
    async function initialize({ model }) { model.set("log", ["initialized"]); }
    function render({ model, el }) {
      const heard = [];
      const hear = (from, value) => heard.push([from === model, value]);
      model.on("change:number change:other", hear);
      model.on("change", () => heard.push("any"));
      model.set("number", 2);
      model.set("number", 2);
      model.set({ number: 3, other: "x" });
      model.off("change:number", hear);
      model.set("number", 4);
      model.off();
      model.set("number", 5);
      model.save_changes();
      el.classList.add("rfe");
      Object.assign(el.dataset, {
        one: text(model.get("one")), listed: text(model.get("listed")[1]),
        deep: text(model.get("deep").a), log: model.get("log"), heard: JSON.stringify(heard),
      });
    }
    export default () => ({ initialize, render });
    """

    one = traitlets.Bytes(bytes([7, 255, 9])).tag(sync=True)
    listed = traitlets.List([1, bytes([1, 2])]).tag(sync=True)
    deep = traitlets.Dict({"a": bytes([3, 128])}).tag(sync=True)
    log = traitlets.List().tag(sync=True)
    number = traitlets.Int(0).tag(sync=True)
    other = traitlets.Unicode().tag(sync=True)
    controls = traitlets.List().tag(sync=True)


@pytest.mark.browser
def test_model_is_what_anywidget_gives(widget_page):
    drawn = widget_page(Buffers()).drawn()
    assert drawn["one"] == "DataView 3 255"
    assert drawn["listed"] == "DataView 2 2"
    assert drawn["deep"] == "DataView 2 128"
    assert drawn["log"] == "initialized"
    assert drawn["heard"] == '[[true,2],"any",[true,3],[true,"x"],"any","any"]'


@pytest.mark.browser
def test_first_at_once_and_others_when_they_come_near(widget_page):
    page = widget_page(*(tried() for _ in range(4)), height=300, gap=3000)
    names = page.tab.locator(".rfe-place").evaluate_all("all => all.map(e => e.id)")
    assert names == ["tried-controls", *(f"tried-controls-{n}" for n in (2, 3, 4))]
    assert page.tab.locator(".rfe-place").last.locator(".rfe").count() == 0
    assert page.drawn(3)["kind"] == "0"
    assert page.time_of_first_widget() > 0


@pytest.mark.browser
def test_address_sets_a_widget(widget_page):
    at = "#tried-controls-2?kind=80%2F20&n_e=2000&share=0.35&at=third&on=off&points=1,2,3,-4.5"
    page = widget_page(tried(), tried(), at=at)
    drawn = page.drawn(1)
    assert drawn == {"kind": "1", "at": "2", "share": "0.35", "on": "false", "stop": "1"}
    assert page.drawn(0)["kind"] == "0"
    assert not page.tab.locator(".rfe-notes p").count()
    page.tab.evaluate("location.hash = 'tried-controls-2?kind=50%2F50'")
    page.frames()
    assert page.drawn(1) == drawn | {"kind": "0"}
    assert page.value("Kind", nth=1) == "50/50"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("kind=90/10", 'Kind cannot be "90/10"; possible: 50/50, 80/20.'),
        ("kind=1", 'Kind cannot be "1"; possible: 50/50, 80/20.'),
        ("share=0.33", 'Share cannot be "0.33"; possible: 0 to 1 in steps of 0.05.'),
        ("share=2", 'Share cannot be "2"; possible: 0 to 1 in steps of 0.05.'),
        ("share=", 'Share cannot be ""; possible: 0 to 1 in steps of 0.05.'),
        ("on=true", 'Show it cannot be "true"; possible: on or off.'),
        ("points=1,2,3", 'Points cannot be "1,2,3"; possible: 4 numbers of -5 to 5.'),
        ("points=1,2,3,9", 'Points cannot be "1,2,3,9"; possible: 4 numbers of -5 to 5.'),
        ("<b>=1", 'This widget has no setting "<b>".'),
    ],
)
def test_what_no_control_allows_is_ignored_and_said(widget_page, query, note):
    page = widget_page(tried(), at=f"#tried-controls?{query}&at=first")
    assert page.tab.locator(".rfe-notes p").all_inner_texts() == [note]
    state = {"kind": "0", "share": "0.5", "on": "true", "stop": "0", "at": "0"}
    assert page.drawn() == state
    assert page.tab.get_by_role("alert").first.is_visible()


@pytest.mark.browser
def test_another_anchor_is_none_of_its_business(widget_page):
    page = widget_page(tried(), at="#some-heading%20here")
    assert page.drawn()["kind"] == "0" and not page.tab.locator(".rfe-notes p").count()


@pytest.mark.browser
def test_button_copies_the_address_of_the_view(widget_page):
    page = widget_page(tried())
    page.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.choose("Kind", "80/20")
    page.press_slider("n_E", "End")
    page.tab.get_by_role("button", name="Copy link to this view").click()
    page.tab.get_by_text("Copied.").wait_for()
    link = page.tab.evaluate("navigator.clipboard.readText()")
    assert link == page.tab.url
    name, _, query = urlsplit(link).fragment.partition("?")
    assert name == "tried-controls"
    assert parse_qs(query) == {
        "kind": ["80/20"],
        "at": ["second"],
        "share": ["0.5"],
        "n_e": ["2000"],
        "on": ["on"],
        "points": ["0,1,2,3"],
    }
    shown = page.drawn()
    page.tab.reload()
    assert page.drawn() == shown


@pytest.mark.browser
def test_without_a_clipboard_the_address_bar_has_the_link(widget_page):
    page = widget_page(tried())
    page.tab.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject('no'); }")
    page.tab.get_by_role("button", name="Copy link to this view").click()
    page.tab.get_by_text("The browser's address bar now holds the link.").wait_for()
    assert "#tried-controls?kind=50%2F50" in page.tab.url


@pytest.mark.browser
def test_a_browser_without_offscreen_canvas_draws_the_same(widget_page):
    images = np.random.default_rng(0).integers(0, 256, (2, 9, 7), dtype=np.uint8)
    page = widget_page(
        slice_viewer(images, label="Random", captions=["a", "b"]), without=["OffscreenCanvas"]
    )
    assert page.tab.evaluate("globalThis.OffscreenCanvas === undefined")
    page.set_slider("Slice", 1)
    np.testing.assert_array_equal(page.canvas()[..., 0], images[1])


class Broken(anywidget.AnyWidget):
    """Fails when it is drawn."""

    _esm = "export default { render() { throw new Error('no data'); } };"
    controls = traitlets.List().tag(sync=True)


@pytest.mark.browser
def test_what_cannot_be_drawn_says_so(widget_page):
    page = widget_page(tried(), Broken())
    said = page.tab.locator("p.rfe-failed")
    said.wait_for()
    assert said.inner_text() == "This widget could not be drawn: no data"
    assert page.drawn(0)["kind"] == "0"
    assert page.errors == ["no data"]
    page.errors.clear()


@pytest.mark.browser
def test_what_is_no_anywidget_is_left_out(widget_page):
    page = widget_page(ipywidgets.IntProgress(), tried())
    assert page.places() == 1 and page.drawn()["kind"] == "0"


@pytest.mark.browser
def test_loader_is_small(widget_page):
    weights = widget_page(tried()).weights
    assert 0 < weights[LOADER] < 5_000
    assert not [name for name in weights if name.endswith(".js") and name != LOADER]
