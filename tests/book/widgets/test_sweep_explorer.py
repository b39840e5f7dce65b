"""Chapter 07's explorer shows the rows and masks it was given, for every control."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sweep_rows
from marked_slices import picture

from rfe_book.style import upright
from rfe_book.widgets.segmentation_view import OUTCOMES, slice_scores
from rfe_book.widgets.sweep_explorer import NO_MODEL, STOPS, SweepExplorer, sweep_explorer
from rfe_core.sampling import STRATEGIES
from rfe_study.methods.proof_of_concept import DISTANCES, N_E, proof_of_concept
from rfe_study.runs.masks import Explorer

SEEDS = (0, 1, 2)
NAMES = [method.name for method in proof_of_concept()]
DIVERGED = ("80/20 l2 2000", 1)
SHAPE = (2, 12, 9)
#: What the widget may weigh on a page, in bytes before compression.
BUDGET = 1_500_000


def f_score(method, seed):
    return 0.3 + 0.02 * seed**2 + 0.003 * NAMES.index(method.name)


def without(rows, model, seed, condition=True):
    return rows[~((rows["model"] == model) & (rows["seed"] == seed) & condition)]


@pytest.fixture(scope="module")
def tables():
    """Rows of all models and three seeds; one diverged in epoch 41."""
    models = sweep_rows.models(diverged={DIVERGED})
    models["weights"] = [f"w{n}" for n in range(len(models))]
    models.loc[models["status"] == "diverged", "weights"] = np.nan
    curves = sweep_rows.curves()
    number = curves["model"].map(NAMES.index)
    curves["dice_loss"] += 1e-3 * number + 1e-4 * curves["seed"]
    curves["f_B"] += 1e-3 * number
    return {
        "scores": without(sweep_rows.scores(f_score), *DIVERGED),
        "models": models,
        "curves": without(curves, *DIVERGED, curves["epoch"] > 40),
    }


@pytest.fixture(scope="module")
def stored(tables):
    """Masks at random of every model that did not diverge."""
    generator = np.random.default_rng(0)
    there = tables["models"].dropna(subset="weights")
    masks = generator.random((len(there), *SHAPE)) > 0.8
    return Explorer(
        patients=("Btest1", "Btest2"),
        slices=np.array([67, 85]),
        corner=np.array([5, 7]),
        flair=generator.integers(0, 256, SHAPE, dtype=np.uint8),
        truth=generator.random(SHAPE) > 0.8,
        models=tuple(there["model"]),
        seeds=there["seed"].to_numpy(),
        weights=tuple(there["weights"]),
        packed=np.packbits(masks.reshape(len(there), 2, -1), axis=-1),
        born=np.zeros(len(there), int),
        record={"profile": "laptop", "experiment": "proof-of-concept", "target": "B", "made": [{}]},
    )


@pytest.fixture(scope="module")
def widget(tables, stored):
    return sweep_explorer(**tables, stored=stored)


def expected_scores(tables, model, seed):
    """Texts of the table from the rows themselves; `seed` None: the mean."""
    own = tables["scores"][tables["scores"]["model"] == model]
    rows = []
    for role in ("paired", "test"):
        part = own[own["role"] == role]
        columns = ["f_score", "precision", "recall", "average_precision"]
        means = part.groupby("seed")[columns].mean()
        if seed is None:
            pairs = zip(means.mean(), means.std(ddof=1), strict=True)
            rows.append([f"{mean:.2f} ± {spread:.2f}" for mean, spread in pairs])
        elif seed in means.index:
            rows.append([f"{value:.2f}" for value in means.loc[seed]])
        else:
            rows.append(["–"] * 4)
    return rows


def expected_end(tables, model, seed, column):
    """The last number of a curve in words; `seed` None: the mean over seeds that finished."""
    own = tables["curves"][tables["curves"]["model"] == model]
    if seed is None:
        own = own[~((own["model"] == DIVERGED[0]) & (own["seed"] == DIVERGED[1]))]
    else:
        own = own[own["seed"] == seed]
    by_epoch = own.groupby("epoch")[column].mean().dropna()
    if by_epoch.empty:
        return "not measured"
    return f"{float(f'{by_epoch.iloc[-1]:.4g}'):g} in epoch {by_epoch.index[-1]}"


def check(page, widget, tables, stored, names, seed, s, marked=True):
    """Everything on the screen against the rows and masks; a name may be None: no such model."""
    drawn = page.drawn()
    shown_seed = SEEDS[0] if seed is None else seed
    notes = page.tab.locator(".rfe-pair .rfe-note").all_inner_texts()
    for side, name in enumerate(names):
        scores = [["–"] * 4] * 2 if name is None else expected_scores(tables, name, seed)
        assert json.loads(drawn["scores"])[side] == scores
        cells = page.tab.locator(".rfe-numbers tbody").nth(side).locator("td").all_inner_texts()
        assert cells == [text for row in scores for text in row]
        columns = ("dice_loss", "embedding_loss", "f_B")
        ends = [n and expected_end(tables, n, seed, c) for n, c in ((name, c) for c in columns)]
        assert [pair[side] for pair in json.loads(drawn["ends"])] == [
            end or "not measured" for end in ends
        ]
        mask = None
        if (name, shown_seed) in stored.entries:
            mask = stored.mask(name, shown_seed)[s]
            f, _, _, wrong, touched = slice_scores(upright(mask), upright(stored.truth[s]))
            text = f"In this slice: F {f}, {touched} lesions touched, {wrong} false positives."
            assert notes[side] == text
        expected = picture(widget, stored, s, mask if marked else None)
        np.testing.assert_allclose(page.canvas(side)[..., :3], expected, atol=2)
    return drawn, notes


@pytest.mark.browser
def test_every_control(widget_page, widget, tables, stored):
    page = widget_page(widget)

    def see(name, beside="no embedding", seed=None, s=0, marked=True):
        return check(page, widget, tables, stored, (name, beside), seed, s, marked)

    see("80/20 ACD 500")
    assert page.status().startswith(
        "80/20, ACD, n_E = 500, mean over its seeds: F "
        f"{expected_scores(tables, '80/20 ACD 500', None)[0][0]}, precision "
    )
    caption = f"Btest1, z = 67 ({stored.truth[0].sum()} lesion pixels)"
    assert page.status().endswith(f"The pictures show {caption}, seed 0.")
    page.choose("Strategy", "50/50")
    see("50/50 ACD 500")
    page.choose("Distance", "l2")
    see("50/50 l2 500")
    page.press_slider("n_E", "Home")
    see("50/50 l2 20")
    page.choose("Seed", "2")
    see("50/50 l2 20", seed=2)
    page.choose("Beside it", "80/20, ACD, n_E = 2000, sum / n")
    see("50/50 l2 20", "80/20 ACD 2000 sum/n", seed=2)
    page.choose("Slice", widget.captions[1])
    see("50/50 l2 20", "80/20 ACD 2000 sum/n", seed=2, s=1)
    page.check("Show marks", False)
    see("50/50 l2 20", "80/20 ACD 2000 sum/n", seed=2, s=1, marked=False)
    page.check("Show marks")
    page.choose("Strategy", "distribution-aware")
    page.choose("Distance", "ACD")
    page.press_slider("n_E", "End")
    see("distribution-aware ACD all margin 1", "80/20 ACD 2000 sum/n", seed=2, s=1)
    page.choose("Beside it", "labelled A only")  # learns by no embedding loss
    drawn, _ = see("distribution-aware ACD all margin 1", "labelled A only", seed=2, s=1)
    assert json.loads(drawn["ends"])[1][1] == "not measured"


@pytest.mark.browser
def test_what_does_not_exist_is_said(widget_page, widget, tables, stored):
    page = widget_page(widget)
    page.choose("Distance", "l2")
    page.press_slider("n_E", "End")
    _, notes = check(page, widget, tables, stored, (None, "no embedding"), None, 0)
    assert page.status().startswith(NO_MODEL) and notes[0] == NO_MODEL
    page.press_slider("n_E", "ArrowLeft")
    check(page, widget, tables, stored, (DIVERGED[0], "no embedding"), None, 0)
    assert "(seeds 0, 1, 2; without seed 1, which diverged in epoch 41)" in page.status()
    page.choose("Seed", "1")
    _, notes = check(page, widget, tables, stored, (DIVERGED[0], "no embedding"), 1, 0)
    assert notes[0] == "No mask is stored: it diverged in epoch 41."
    assert "80/20, l2, n_E = 2000, seed 1: no scores (diverged in epoch 41)." in page.status()
    path = page.tab.locator(".rfe-charts path.rfe-chosen").first.get_attribute("d")
    assert len(path.split("L")) == 5  # epochs 36 to 40


@pytest.mark.browser
@pytest.mark.parametrize("options", [{"dark": True}, {"width": 390, "height": 800}])
def test_it_fits_and_has_names(widget_page, widget, stored, options):
    page = widget_page(widget, **options)
    assert page.tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    images = [image.get_attribute("aria-label") for image in page.tab.get_by_role("img").all()]
    assert len(images) == 5 and all(images)
    caption = f"Btest1, z = 67 ({stored.truth[0].sum()} lesion pixels)"
    assert images[0].startswith(f"FLAIR of {caption}: 80/20, ACD, n_E = 500, seed 0. In this slice")
    assert images[2].startswith("Dice loss: 80/20, ACD, n_E = 500 ")
    assert page.tab.locator(".rfe-legend").first.inner_text().split("\n") == list(OUTCOMES)
    box = page.tab.locator(".rfe-pair canvas").first.bounding_box()
    assert box["width"] >= 150  # two beside each other, also on a phone


@pytest.mark.browser
@pytest.mark.frames
def test_a_frame_is_quick(widget_page, widget):
    page = widget_page(widget)
    for strategy in STRATEGIES:
        page.choose("Strategy", strategy)
        page.press_slider("n_E", "ArrowRight")
    assert page.count_frames("sweep_explorer") >= 5


def test_every_model_can_be_reached_and_the_page_stays_light(widget):
    numbers = [widget.chosen[s][d] for s in range(3) for d in range(2)]
    found = [n for row in numbers for n in row if n >= 0]
    assert len(found) == len(set(found)) == 39
    for s, strategy in enumerate(STRATEGIES):
        for d, distance in enumerate(DISTANCES):
            for k, n_e in enumerate(STOPS):
                number = widget.chosen[s][d][k]
                if (distance, n_e) == ("l2", "all"):
                    assert number == -1
                else:
                    extra = ", margin 1, weight 1" if n_e == "all" else ""
                    assert widget.titles[number] == f"{strategy}, {distance}, n_E = {n_e}{extra}"
    assert STOPS == (*N_E, "all")
    assert widget.controls[5]["options"] == widget.titles and len(set(widget.titles)) == len(NAMES)
    state = widget.get_state()
    assert sum(len(json.dumps(state[key])) for key in state if key != "layout") < BUDGET


def test_incomplete_rows_are_said_and_not_averaged(tables, stored):
    model = "80/20 ACD 500"
    gone = tables["scores"]["subject"] == "Btest2"
    parts = {
        "models": without(tables["models"], "no embedding", 0),
        "curves": tables["curves"],
        "scores": without(tables["scores"], model, 0, gone),
    }
    view = SweepExplorer.from_results(**parts, stored=stored)
    number = view.titles.index("80/20, ACD, n_E = 500")
    assert view.scores[1][number][1] == ["–"] * 4
    assert view.scores[1][number][0] == expected_scores(tables, model, 0)[0]
    assert view.notes[1][number] == "has not been scored"
    assert view.notes[1][view.titles.index("no embedding")] == "has not been trained"
    assert view.notes[0][number] == "seeds 0, 1, 2; without seed 0, which has not been scored"
    assert view.notes[0][view.titles.index("no embedding")] == "seeds 1, 2"
    two = tables["scores"][(tables["scores"]["model"] == model) & (tables["scores"]["seed"] > 0)]
    means = two[two["role"] == "test"].groupby("seed")["f_score"].mean()
    assert view.scores[0][number][1][0] == f"{means.mean():.2f} ± {means.std(ddof=1):.2f}"


def test_only_the_rows_of_its_own_sweep_count(tables, stored):
    more = {}
    for name, rows in tables.items():
        other = rows.assign(profile="paper")
        more[name] = sweep_rows.pd.concat([rows, other, rows.assign(experiment="search")])
    ours = SweepExplorer.from_results(**tables, stored=stored)
    same = SweepExplorer.from_results(**more, stored=stored)
    assert (same.scores, same.charts, same.notes) == (ours.scores, ours.charts, ours.notes)


def test_masks_of_other_weights_are_refused(tables, stored):
    other = replace(stored, weights=("other", *stored.weights[1:]))
    with pytest.raises(
        ValueError, match=r"masks must come from the weights .* \(other, rows: w0\)"
    ):
        sweep_explorer(**tables, stored=other)
    paper = replace(stored, record={**stored.record, "profile": "paper"})
    with pytest.raises(ValueError, match=r"models must have rows of .*'paper'.* got none"):
        sweep_explorer(**tables, stored=paper)
