"""The teachers' pages: links open a widget in a state that exists, the lesson adds up."""

import html
import re
from types import SimpleNamespace
from urllib.parse import parse_qsl

import build
import numpy as np
import pytest
import yaml

from rfe_book.widgets.divergence_explorer import divergence_explorer
from rfe_book.widgets.exact_explorer import exact_explorer
from rfe_book.widgets.four_scanners import four_scanners
from rfe_book.widgets.loss_explorer import loss_explorer
from rfe_book.widgets.pair_view import pair_view
from rfe_book.widgets.segmentation_view import case, segmentation_view
from rfe_book.widgets.signal_view import signal_view
from rfe_core import sampling
from rfe_study import results
from rfe_study.measures.gradient_noise import Comparison
from rfe_study.phantom.domains import DOMAINS

TEXTS = {
    name: (build.BOOK / f"{name}.md").read_text(encoding="utf-8")
    for name in ("for-teachers", "lesson", "exam")
}
#: HTML, because MyST would escape the "&" of a Markdown link twice.
LINK = re.compile(r'<a href="([\w-]+)\.html(?:\?present)?#([\w-]+)\?([^"]+)">')
LINKS = sorted({link for text in TEXTS.values() for link in LINK.findall(html.unescape(text))})

#: What a chapter calls to show its widget.
CALLS = {
    ("01-domains", "scanner-view"): "four_scanners(",
    ("01-domains", "signal-view"): "signal_view(",
    ("03-baselines", "segmentation-view"): "bounds_view(",
    ("04-embedding", "pair-view"): "pair_view(",
    ("05-sampling", "n-e-explorer"): "loss_explorer(",
    ("06-divergence", "n-e-explorer"): "divergence_explorer(",
    ("10-exact", "exact-explorer"): "exact_explorer(",
}


#: Of the batch of chapter 10, as the lesson says.
LESION_PIXELS = 3228


def code_of(page):
    cells = build.read_json(build.BOOK / f"{page}.ipynb")["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def scanners():
    """The widget of chapter 01 with noise in place of a head."""
    rng, shape = np.random.default_rng(0), (9, 9, 12)
    lesion = np.zeros(shape, bool)
    lesion[4, 4] = True
    white, gray = np.zeros((2, *shape))
    white[:6], gray[6:] = 1, 1
    anatomy = SimpleNamespace(
        lesion_mask=lesion,
        brain_mask=np.ones(shape, bool),
        wm_probability=white,
        gm_probability=gray,
    )
    scans = {x: {k: 1 + rng.random(shape) for k in ("t1", "t2", "flair")} for x in DOMAINS}
    return four_scanners(anatomy, scans, DOMAINS, range(12))


def signals():
    """The widget of chapter 01 without a picture, with the sliders that the chapter asks for."""
    grids = {
        key: re.search(rf"{key}=range\((.+?)\)", code_of("01-domains"))[1]
        for key in ("te_ms", "ti_ms")
    }
    grids = {key: range(*map(int, numbers.split(","))) for key, numbers in grids.items()}
    sequences = {x: (d.flair, d.field_strength_t) for x, d in DOMAINS.items()}
    return signal_view(np.zeros((4, 2, 2)), sequences, label="none", **grids)


def bounds():
    """The widget of chapter 03 with noise in place of heads, and the models it shows."""
    rng = np.random.default_rng(0)
    images, truth = np.float32(rng.random((2, 3, 9, 9))), rng.random((2, 9, 9)) > 0.9
    masks = dict.fromkeys(("lower bound", "upper bound"), truth)
    cases = {x: case(images, truth, masks, ["one", "two"]) for x in DOMAINS}
    return segmentation_view(cases, label="none")


def exact():
    """The widget of chapter 10 without draws, with the stops that the chapter asks for."""
    (listed,) = re.findall(r"stops = \[(.+), len\(labels\)\]", code_of("10-exact"))
    stops = [*map(int, listed.replace("2 * n1", str(2 * LESION_PIXELS)).split(",")), 10**5]
    pairs, table = [(1, 1)] * len(stops), np.ones((2, len(stops)))
    one = Comparison(pairs, pairs, table[0], table * [[1], [2]], table * [[1], [2]])
    rows = results.read("embedding_cost")
    return exact_explorer(dict.fromkeys(sampling.STRATEGIES, one), stops, rows, label="none")


@pytest.fixture(scope="module")
def shown(slice_of_b):
    """The widgets that links may name, by page and name."""
    made = [
        scanners(),
        signals(),
        bounds(),
        pair_view(),
        loss_explorer(slice_of_b),
        divergence_explorer(slice_of_b),
        exact(),
    ]
    return dict(zip(CALLS, made, strict=True))


def is_possible(control, word):
    """What `valueOf` of widget-loader.js says."""
    if control["kind"] == "tick":
        return word in ("on", "off")
    if "options" in control:
        return word in map(str, control.get("words", control["options"]))
    count = control["rows"] * control["columns"] if control["kind"] == "numbers" else 1
    numbers = [float(part) for part in word.split(",")]
    low, high, step = control["min"], control["max"], control["step"]
    steps = [(number - low) / step if step else 0 for number in numbers]
    on_steps = all(abs(k - round(k)) < 1e-6 for k in steps)
    return len(numbers) == count and all(low <= n <= high for n in numbers) and on_steps


def complaints(widget, name, query):
    """What a link asks of a widget that it does not have."""
    controls = {control["key"]: control for control in widget.controls}
    found = [] if widget.name == name else [f"the widget is called {widget.name}, not {name}"]
    for key, word in parse_qsl(query, strict_parsing=True):
        if key not in controls:
            found.append(f"{name} has no setting {key}")
        elif not is_possible(controls[key], word):
            found.append(f"{key} of {name} cannot be {word}")
    return found


def test_every_link_to_a_state_is_read():
    assert len(LINKS) > 20
    for name, text in TEXTS.items():
        assert len(re.findall(r"\.html\S*#", text)) == len(LINK.findall(text)), name
    assert TEXTS["lesson"].count(".html?present#") == len(LINK.findall(TEXTS["lesson"]))


@pytest.mark.parametrize(("page", "name", "query"), LINKS)
def test_links_name_states_that_exist(shown, page, name, query):
    assert f"{page}.ipynb" in build.chapters()
    assert (page, name) in CALLS, f"{page} has no widget {name}"
    assert CALLS[page, name] in code_of(page)
    assert complaints(shown[page, name], name, query) == []


@pytest.mark.parametrize(
    ("name", "query", "complaint"),
    [
        ("plane", "count=4", "the widget is called pair-view, not plane"),
        ("pair-view", "number=4", "pair-view has no setting number"),
        ("pair-view", "distance=manhattan", "distance of pair-view cannot be manhattan"),
        ("pair-view", "margin=4", "margin of pair-view cannot be 4"),
        ("pair-view", "scale=0.33", "scale of pair-view cannot be 0.33"),
        ("pair-view", "labels=1,0", "labels of pair-view cannot be 1,0"),
    ],
)
def test_a_link_to_what_does_not_exist_is_found(name, query, complaint):
    assert complaints(pair_view(), name, query) == [complaint]


def minutes(text):
    """Minutes planned for what is always done, and for what is done if time allows."""
    found = re.findall(r"(?m)^\*\*[^*]+\*\* \((\d+)(?: minutes)?(, if time allows)?\)", text)
    return [sum(int(n) for n, late in found if bool(late) == wanted) for wanted in (False, True)]


def test_the_lesson_has_90_minutes():
    parts = re.split(r"(?m)^## (\d):(\d\d) to (\d):(\d\d): .+$", TEXTS["lesson"])
    at = 0
    for *times, text in zip(*(parts[k::5] for k in range(1, 6)), strict=True):
        hour, minute, to_hour, to_minute = map(int, times)
        assert 60 * hour + minute == at
        assert minutes(text)[0] == 60 * to_hour + to_minute - at, text
        assert len(re.findall(r"(?m)^\*\*Remember\.\*\*", text)) == 1, text
        at += minutes(text)[0]
    assert at == 80 and at + minutes(TEXTS["lesson"])[1] <= 90


def test_the_mistake_and_the_answer_are_told_apart():
    asked = re.split(r"(?m)^\*\*Ask", TEXTS["lesson"])[1:]
    for text in asked[:-1]:  # the last is to hand in
        labels = re.findall(r"(?m)^\*\*(They will say|Answer)", text)
        assert labels == ["They will say", "Answer"], text


def test_answers_to_expect_are_what_the_widgets_show(shown):
    losses, jsd = shown["05-sampling", "n-e-explorer"], shown["06-divergence", "n-e-explorer"]
    at = losses.n_e.index
    strategy = {name: k for k, name in enumerate(losses.strategies)}
    draws = losses.measures[0]["values"][strategy["80/20"]]
    assert [f"{f(draws[at(20)]):.2f}" for f in (min, max)] == ["0.27", "0.39"]
    assert [f"{f(draws[at(1000)]):.3f}" for f in (min, max)] == ["0.353", "0.357"]
    fifth = strategy["80/20"]
    assert losses.counts[fifth][at(1000)][2:] == [800, 200]  # nothing runs short
    exact = losses.measures[0]["centre"][fifth]
    assert exact[at(20)] < exact[at(1000)] < 1.02 * exact[at(20)] / (1 - 1 / 20)
    assert losses.counts[strategy["distribution-aware"]][at(20)][3] == 0
    assert losses.n_e[-1] == 17_134 and losses.counts[0][-1][3] == 338
    shared, own = jsd.measures
    aware, half = strategy["distribution-aware"], strategy["50/50"]
    first = {n: shared["values"][aware][at(n)][0] for n in (20, 2000)}
    for n, value in first.items():
        assert shared["low"][aware][at(n)] < value < shared["high"][aware][at(n)]
    assert 2.4 < own["values"][aware][at(20)][0] / first[20] < 2.6
    assert losses.counts[half][at(500)][3] == 250
    perfect, drawn = shared["centre"][half], [row[0] for row in shared["values"][half]]
    assert 8.5 < perfect[at(100)] / perfect[at(500)] < 9.5
    assert 1 < drawn[at(100)] / drawn[at(500)] < 1.5


def test_every_exercise_of_a_converted_chapter_tests_an_objective():
    _, _, rest = TEXTS["for-teachers"].partition("(sec-objectives)=")
    objectives, _, _ = rest.partition("(sec-editions)=")
    listed = set(re.findall(r"\d+\.\d", objectives))
    asked = set()
    for page in build.chapters():
        notebook = build.read_json(build.BOOK / page)
        if build.is_converted(notebook):
            text = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
            asked |= set(re.findall(r"\*\*Exercise (\d+\.\d)\*\*", text))
    assert listed == asked


#: What of a widget a class would not see: what lies below the screen, type below 16 pixels.
UNSEEN = """() => {
  const place = document.querySelector('.rfe-named');
  const found = place.scrollHeight > innerHeight ? [`${place.scrollHeight} pixels high`] : [];
  for (const node of place.querySelectorAll('*')) {
    const own = [...node.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (!own || !node.checkVisibility()) continue;
    let [size, chart] = [parseFloat(getComputedStyle(node).fontSize), node.ownerSVGElement];
    while (chart?.ownerSVGElement) chart = chart.ownerSVGElement;
    if (chart) size *= chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
    if (size < 15.95) found.push(`${size} pixels: ${node.textContent}`);
  }
  return found;
}"""


@pytest.mark.parametrize("page", sorted({page for page, _, _ in LINKS}))
def test_widgets_obey_the_links_and_are_seen_from_the_last_row(open_page, book_host, page):
    shown = open_page(f"http://{book_host}/{page}.html?present", width=1280, height=720)
    for name, query in [link[1:] for link in LINKS if link[0] == page]:
        shown.tab.evaluate("hash => { location.hash = hash; }", f"{name}?{query}")
        shown.tab.locator(f"#{name}.rfe-named .rfe-link").wait_for(state="attached")
        shown.frames()
        assert shown.tab.locator(".rfe-notes p").all_inner_texts() == [], query
        assert shown.tab.evaluate(UNSEEN) == [], query
    header = shown.tab.locator(".bd-header-article")
    assert not header.is_visible()
    shown.tab.keyboard.press("Escape")
    assert header.is_visible() and "present" not in shown.tab.url
    assert shown.tab.locator(".rfe-leave").count() == 0


def test_the_network_does_worst_on_b(open_page, book_host):
    rows = results.read("baselines").query("role == 'paired' and model == 'lower'")
    assert rows.groupby("domain")["f_score"].mean().idxmin() == "B"
    by_seed = rows[rows["domain"] == "B"].groupby("seed")["f_score"].mean()
    assert [f"{f(by_seed):.2f}" for f in (min, max)] == ["0.26", "0.54"]
    told = {}
    shown = open_page(f"http://{book_host}/03-baselines.html")
    for name, query in [link[1:] for link in LINKS if link[0] == "03-baselines"]:
        shown.tab.evaluate("hash => { location.hash = hash; }", f"{name}?{query}")
        shown.tab.locator(f"#{name} .rfe-link").wait_for()
        shown.frames()
        cells = shown.tab.locator(f"#{name} td.rfe-shown").all_inner_texts()
        told[query.partition("&")[0]] = cells[0], cells[3]  # F, false positives
    assert told == {"domain=B": ("0.35", "19"), "domain=C": ("0.85", "6")}


def test_the_pages_are_in_the_table_of_contents():
    toc = yaml.safe_load((build.BOOK / "_toc.yml").read_text(encoding="utf-8"))
    files = [page["file"] for part in toc["parts"] for page in part["chapters"]]
    assert set(TEXTS) <= set(files)
