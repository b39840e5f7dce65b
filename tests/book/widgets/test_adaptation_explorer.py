"""Chapter 09's explorer shows the rows and masks it was given, for every control and at random."""

import json
from dataclasses import replace
from types import SimpleNamespace

import adaptation_rows
import numpy as np
import pytest
from marked_slices import picture

from rfe_book.style import upright
from rfe_book.tables.adaptation import found_by_size
from rfe_book.widgets.adaptation_explorer import SLICES, AdaptationExplorer, adaptation_explorer
from rfe_book.widgets.segmentation_view import OUTCOMES, slice_scores
from rfe_book.words import with_interval
from rfe_study.claims.comparisons import means
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND
from rfe_study.runs.masks import Explorer

DOMAINS, SEEDS = ("B", "C", "D"), (0, 1)
NAMES = [LOWER_BOUND, UPPER_BOUND, *adaptation_rows.NAMES]
GONE = ("C", "entropy", 1)
#: What the widget may weigh on a page, in bytes before compression.
BUDGET = 1_500_000


@pytest.fixture(scope="module")
def rows():
    return adaptation_rows.rows(diverged={GONE})


@pytest.fixture(scope="module")
def stored(rows):
    """Masks at random of every model that did not diverge; a size of its own for each domain."""
    generator, files = np.random.default_rng(0), {}
    for k, target in enumerate(DOMAINS):
        shape = (4, 12 + k, 9 + 2 * k)
        made = rows.models[(rows.models["target"] == target)].dropna(subset="weights")
        keys = list(zip(made["model"], made["seed"], made["weights"], strict=True))
        keys += [(m, s, f"{m}-{s}") for m in ("lower", f"upper-{target}") for s in SEEDS]
        masks = generator.random((len(keys), *shape)) > 0.8
        files[target] = Explorer(
            patients=tuple(f"{target}test{n}" for n in (1, 1, 2, 2)),
            slices=np.arange(60, 64) + k,
            corner=np.array([5, 7]),
            flair=generator.integers(0, 256, shape, dtype=np.uint8),
            truth=generator.random(shape) > 0.8,
            models=tuple(model for model, _, _ in keys),
            seeds=np.array([seed for _, seed, _ in keys]),
            weights=tuple(weights for *_, weights in keys),
            packed=np.packbits(masks.reshape(len(keys), 4, -1), axis=-1),
            born=np.zeros(len(keys), int),
            record={"profile": "laptop", "experiment": "adaptation", "target": target, "made": []},
        )
    return files


@pytest.fixture(scope="module")
def widget(rows, stored):
    return adaptation_explorer(rows, stored)


def expected_texts(by_column, found, name):
    """The cells of the table, from the rows of a domain."""
    values = {column: models.get(name) for column, models in by_column.items()}
    line = means({"x": values["f_score"]}).loc["x"]
    texts = [f"{line['mean']:.3f}"]
    for column, digits in (("precision", 3), ("recall", 3), ("fp_per_slice", 2)):
        table = values[column]
        texts.append("–" if table is None else f"{table.to_numpy().mean():.{digits}f}")
    share = found[found["model"] == name].groupby("seed")["found"].mean().mean()
    return [*texts, f"{100 * share:.0f}%"]


#: Of each method with rows: its name, what stands beside its bar, the bar's length, where its dot
#: is, and whether it is chosen.
BARS = """lines => lines.filter(line => line.querySelector('.rfe-note')).map(bar => [
  bar.querySelector('.rfe-label').innerText.split('\\n')[0],
  bar.querySelector('.rfe-note').innerText,
  parseFloat(bar.querySelector('.rfe-bar').style.width),
  parseFloat(bar.querySelector('.rfe-dot').style.left),
  bar.classList.contains('rfe-is-method'),
])"""


def check(page, widget, rows, stored, target, method, s, seed, marked=True):
    """Everything on the screen against the rows and masks."""
    file = stored[target]
    drawn = page.drawn()
    d = DOMAINS.index(target)
    columns = ("f_score", "precision", "recall", "fp_per_slice")
    by_column = {column: rows.values(target, column=column) for column in columns}
    found = found_by_size(rows).query("size == '0-10' and domain == @target")
    stored_as = {LOWER_BOUND: "lower", UPPER_BOUND: f"upper-{target}"}
    notes = page.tab.locator(".rfe-panels .rfe-note").all_inner_texts()
    titles = page.tab.locator(".rfe-panels figcaption").all_inner_texts()
    assert titles == [LOWER_BOUND, method, f"{UPPER_BOUND} {target}"]
    for side, name in enumerate((LOWER_BOUND, method, UPPER_BOUND)):
        shown = json.loads(drawn["scores"])[side]
        expected = expected_texts(by_column, found, name)
        assert shown[0].split(" ")[0] == expected[0] and shown[1:] == expected[1:]
        cells = page.tab.locator(".rfe-numbers tbody tr").nth(side).locator("td").all_inner_texts()
        assert cells == shown
        key, mask = (stored_as.get(name, name), SEEDS[seed]), None
        if key in file.entries:
            mask = file.mask(*key)[s]
            f, _, _, wrong, touched = slice_scores(upright(mask), upright(file.truth[s]))
            text = f"In this slice: F {f}, {touched} lesions touched, {wrong} false positives."
            assert notes[side] == text
        else:
            assert notes[side] == "No mask of it is stored."
        of_domain = SimpleNamespace(images=widget.images[d])
        pixels = picture(of_domain, file, s, mask if marked else None)
        np.testing.assert_allclose(page.canvas(side)[..., :3], pixels, atol=2)
    values = by_column["f_score"]
    page.tab.locator(".rfe details").evaluate("bars => bars.open = true")
    bars = page.tab.locator(".rfe-bars li").evaluate_all(BARS)
    for (label, note, width, dot, chosen), name in zip(bars, NAMES, strict=True):
        mean = values[name].to_numpy().mean()
        assert label == name and note.startswith(f"{mean:.3f} (")
        assert width == pytest.approx(100 * mean, abs=0.02)
        assert dot == pytest.approx(100 * values[name].iloc[seed].mean(), abs=0.02)
        assert chosen == (name == method)
    lesion = f"{file.truth[s].sum()} lesion pixels"
    assert page.status().endswith(f"z = {file.slices[s]} ({lesion}), seed {SEEDS[seed]}.")


@pytest.mark.browser
def test_it_starts_as_the_papers_figure(widget_page, widget, rows, stored):
    page = widget_page(widget)
    check(page, widget, rows, stored, "C", PAPER, 0, 0)
    f = with_interval(*means(rows.values("C")).loc[PAPER], digits=3)
    assert f"; {PAPER} {f}; " in page.status()


@pytest.mark.browser
def test_random_states(widget_page, widget, rows, stored):
    page, generator = widget_page(widget), np.random.default_rng(5)
    for _ in range(3):
        target, method = generator.choice(DOMAINS), str(generator.choice(NAMES[2:]))
        s, seed = int(generator.integers(4)), int(generator.integers(2))
        marked = bool(generator.random() < 0.7)
        page.choose("Domain", target)
        page.choose("Method", method)
        page.choose("Slice", SLICES[s])
        page.choose("Seed", str(SEEDS[seed]))
        page.check("Show marks", marked)
        page.tab.wait_for_function(
            f"document.querySelector('.rfe').dataset.slice === '{s}'", polling=50
        )
        page.frames()
        check(page, widget, rows, stored, target, method, s, seed, marked)
    times = page.tab.evaluate(
        "performance.getEntriesByName('adaptation_explorer').map(e => e.duration)"
    )
    print(f"median frame {np.median(times):.1f} ms of {len(times)}")


@pytest.mark.browser
def test_what_diverged_is_said(widget_page, widget, rows, stored):
    page = widget_page(widget)
    page.choose("Method", "entropy")
    page.choose("Seed", "1")
    page.frames()
    check(page, widget, rows, stored, "C", "entropy", 0, 1)
    assert json.loads(page.drawn()["notes"])[1] == "No mask of it is stored."


@pytest.mark.browser
@pytest.mark.parametrize("options", [{"dark": True}, {"width": 390, "height": 800}])
def test_it_fits_and_has_names(widget_page, widget, stored, options):
    page = widget_page(widget, **options)
    assert page.tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    images = [image.get_attribute("aria-label") for image in page.tab.get_by_role("img").all()]
    assert len(images) == 3
    assert images[1].startswith(f"FLAIR of Ctest1, z = 61 ({stored['C'].truth[0].sum()} lesion")
    assert f": {PAPER}, seed 0. In this slice" in images[1]
    assert page.tab.locator(".rfe-legend").first.inner_text().split("\n") == list(OUTCOMES)
    box = page.tab.locator(".rfe-panels canvas").first.bounding_box()
    assert box["width"] >= 130


@pytest.mark.browser
def test_keys_are_enough(widget_page, widget):
    page = widget_page(widget)
    select = page.control("Method").locator("select")
    select.focus()
    page.tab.keyboard.press("ArrowDown")
    page.frames()
    assert page.drawn()["method"] == "1"


def test_rows_that_are_missing_have_no_bar(rows, stored):
    gone = rows.models[rows.models["model"] != "entropy"]
    scores = rows.scores[rows.scores["model"] != "entropy"]
    view = AdaptationExplorer.from_results(replace(rows, models=gone, scores=scores), stored)
    at = view.names.index("entropy")
    assert view.bars[0][at] is None and view.scores[0][at] == ["–"] * 5
    assert view.bars[0][at + 1] is not None
    state = view.get_state()
    assert sum(len(json.dumps(state[key])) for key in state if key != "layout") < BUDGET


def test_masks_of_other_experiments_or_weights_are_refused(rows, stored):
    other = {**stored, "B": replace(stored["B"], weights=("x", *stored["B"].weights[1:]))}
    with pytest.raises(ValueError, match=r"masks must come from the weights .* \(x, rows: B-RFE"):
        adaptation_explorer(rows, other)
    lower = list(stored["B"].weights)
    lower[-1] = "y"
    other = {**stored, "B": replace(stored["B"], weights=tuple(lower))}
    with pytest.raises(ValueError, match=r"not so for upper-B, seed 1 \(y, rows: upper-B-1\)"):
        adaptation_explorer(rows, other)
    with pytest.raises(ValueError, match=r"masks of B must be of its adaptation, got .*'C'"):
        adaptation_explorer(rows, {"B": stored["C"]})
