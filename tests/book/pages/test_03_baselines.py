"""The segmentation view draws what Python gave it, alone and in its chapter, without a kernel."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from rfe_book.widgets import decode_stack
from rfe_book.widgets.segmentation_view import (
    COLUMNS,
    OUTCOMES,
    Case,
    case,
    lesion_slices,
    outcome,
    segmentation_view,
    slice_scores,
    telling_slice,
)
from rfe_core import evaluation, metrics, patches
from rfe_core.checkpoints import load_model
from rfe_study import results
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import Patient

KINDS, DOMAINS, MODELS, COUNT, ZOOM = ("T1", "FLAIR"), ("A", "B"), ("Low", "High"), 4, 3
SHAPE = (COUNT, 12, 9)


def made_up(**changes):
    generator = np.random.default_rng(7)
    cases = {}
    for letter in DOMAINS:
        parts = {
            "images": {k: generator.integers(0, 256, SHAPE, dtype=np.uint8) for k in KINDS},
            "truth": generator.random(SHAPE) > 0.8,
            "predictions": {f"{m} {letter}": generator.random(SHAPE) > 0.8 for m in MODELS},
            "captions": [f"{letter}, slice {n}" for n in range(COUNT)],
        }
        cases[letter] = Case(**(parts | changes))
    return cases


def picture(view, state, count):
    """What should be on the canvas: the decoded image enlarged, and the marks' patterns on it."""
    stack = decode_stack(view.stacks[state["domain"]], len(view.image_names) * count)
    image = stack[state["image"] * count + state["index"]]
    maps = decode_stack(view.outcomes[state["domain"]], len(view.model_names[0]) * count)[..., 0]
    kinds = maps[state["model"] * count + state["index"]]
    image, kinds = (np.kron(a, np.ones((ZOOM, ZOOM) + (1,) * (a.ndim - 2))) for a in (image, kinds))
    padded = np.pad(kinds, 1)
    around = np.array([padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]])
    edge = (around != kinds).any(axis=0)
    beside_missed = (kinds == 0) & (around == 3).any(axis=0)
    y, x = np.indices(kinds.shape)
    striped = (x + y) % 4 < 2
    ink = (kinds == 1) | ((kinds == 2) & (edge | striped)) | ((kinds == 3) & edge)
    palette = [[0, 0, 0]] + [[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in OUTCOMES.values()]
    colour = np.array(palette)[np.where(beside_missed, 3, kinds).astype(int)]
    return np.where(((ink | beside_missed) & state["marked"])[..., None], colour, image)


def check(page, view, state, count):
    """Compare everything on the screen with what Python put into the view."""
    assert page.drawn() == {k: str(v).lower() for k, v in state.items()}
    expected = picture(view, state, count)
    np.testing.assert_allclose(page.canvas(0)[..., :3], expected, atol=2)
    domain, at = state["domain"], state["model"] * count + state["index"]
    scores, names = view.scores[domain], view.model_names[domain]
    rows = [
        [COLUMNS[row], *(scores[m * count + state["index"]][row] for m in range(len(names)))]
        for row in range(len(COLUMNS))
    ]
    shown = page.tab.locator(".rfe-scores tbody tr").all()
    assert [re.split(r"\t+", row.inner_text().strip()) for row in shown] == rows
    assert page.tab.locator(".rfe-scores thead .rfe-shown").inner_text() == names[state["model"]]
    caption, image = view.captions[domain][state["index"]], view.image_names[state["image"]]
    assert page.status() == f"{caption}: {image}, {names[state['model']]}, F-score {scores[at][0]}"


@pytest.mark.browser
def test_every_control_changes_the_picture(widget_page):
    view = segmentation_view(made_up(), models=MODELS, label="Random slices", start=0)
    page = widget_page(view)
    state = {"domain": 0, "model": 0, "image": 1, "index": 0, "marked": True}
    steps = [
        (lambda: None, {}),
        (lambda: page.choose("Domain", "B"), {"domain": 1}),
        (lambda: page.choose("Model", "High"), {"model": 1}),
        (lambda: page.choose("Image", "T1"), {"image": 0}),
        (lambda: page.set_slider("Slice", 2), {"index": 2}),
        (lambda: page.check("Show marks", False), {"marked": False}),
        (lambda: page.check("Show marks", True), {"marked": True}),
        (lambda: page.press_slider("Slice", "ArrowRight"), {"index": 3}),
    ]
    for act, change in steps:
        act()
        state |= change
        check(page, view, state, COUNT)


@pytest.mark.browser
def test_keyboard_and_names(widget_page):
    page = widget_page(segmentation_view(made_up(), models=MODELS, label="Random slices", start=0))
    named = page.tab.get_by_role("img", name="Random slices: A, slice 0: FLAIR, Low A")
    assert named.count() == 1
    canvas = page.tab.locator(".rfe-case > canvas")
    for _ in range(COUNT + 1):  # stops at the last slice
        canvas.press("ArrowRight")
    page.frames()
    assert page.drawn()["index"] == str(COUNT - 1)
    assert page.tab.locator(".rfe-legend").inner_text().split("\n") == list(OUTCOMES)


def test_outcomes_are_found_invented_and_missed():
    prediction = np.array([[True, True], [False, False]])
    truth = np.array([[True, False], [True, False]])
    assert outcome(prediction, truth).tolist() == [[1, 2], [3, 0]]


def test_scores_of_a_slice_are_those_of_metrics():
    truth = np.zeros((8, 8), bool)
    truth[1:3, 1:3] = truth[6, 6] = True
    prediction = np.zeros((8, 8), bool)
    prediction[1, 1:3] = prediction[1, 5] = prediction[4:6, 1] = True
    texts = dict(zip(COLUMNS, slice_scores(prediction, truth), strict=True))
    assert texts == {
        "F-score": f"{metrics.f_score(prediction, truth):.2f}",
        "precision": "0.40",
        "recall": "0.40",
        "false positives": "2",
        "lesions touched": "1 of 2",
    }


def test_slices_are_spread_over_those_with_lesion():
    mask = np.zeros((2, 2, 40), bool)
    mask[0, 0, 10:30] = True
    assert lesion_slices(mask, 4).tolist() == [12, 17, 22, 27]
    with pytest.raises(ValueError, match=r"count must lie in 1 ... 20 slices with lesion, got 21"):
        lesion_slices(mask, 21)


def test_it_opens_where_every_case_has_lesion():
    cases = [np.zeros((3, 2, 4), bool) for _ in "AB"]
    cases[0][0] = cases[1][2] = True  # most lesion, but none in the other case
    cases[0][1, 0], cases[1][1, 1, 2:] = True, True
    assert telling_slice(cases) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"captions": ["one"]}, r"captions must be one a slice \(4\), got 1"),
        ({"images": {"T1": np.zeros((1, 2, 2), np.uint8)}}, "image T1 must have truth's shape"),
        ({"predictions": {"x": np.zeros((1, 2, 2), bool)}}, "prediction of x must have truth's"),
    ],
)
def test_a_case_that_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        made_up(**changes)


def test_slices_are_turned_upright():
    images = np.zeros((1, 3, 5, 7), np.float32)
    images[0, 2, 4, 6] = 0.5  # FLAIR, right and anterior
    truth = images[:, 2] > 0
    made = case(images, truth, {"x": ~truth}, ["one"])
    assert made.images["FLAIR"].shape == (1, 7, 5)
    assert made.images["FLAIR"][0, 0, 4] == 128 and made.images["T1"].max() == 0
    assert made.truth[0, 0, 4] and not made.predictions["x"][0, 0, 4]


def test_unequal_cases_are_refused():
    other = made_up(predictions={"x": np.zeros(SHAPE, bool)})["B"]
    with pytest.raises(ValueError, match=r"case B must hold images .* 2 predictions, got .* and 1"):
        segmentation_view({**made_up(), "B": other}, models=MODELS, label="x")
    with pytest.raises(ValueError, match=r"start must lie in 0 \.\.\. 3, got 4"):
        segmentation_view(made_up(), models=MODELS, label="x", start=4)


@pytest.fixture
def chapter(page_for):
    """The chapter's page, and what Python put into its segmentation view."""
    page = page_for("03-baselines")
    state = page.states()["segmentation-view"]
    return page, SimpleNamespace(**state)


@pytest.mark.browser
def test_chapter_shows_every_domain_and_model(chapter):
    page, view = chapter
    count = len(view.captions[0])
    assert 6 <= count <= 10
    state = {"domain": 0, "model": 0, "image": 2, "index": view.index, "marked": True}
    check(page, view, state, count)
    for names, rows in zip(view.model_names, view.scores, strict=True):
        shown = [float(rows[m * count + view.index][0]) for m in range(len(names))]
        assert min(shown) > 0, f"the chapter opens where {names} score {shown}"
    steps = [
        (lambda: page.choose("Domain", "B"), {"domain": 1}),
        (lambda: page.choose("Model", "Upper bound"), {"model": 1}),
        (lambda: page.set_slider("Slice", count - 1), {"index": count - 1}),
        (lambda: page.choose("Domain", "C"), {"domain": 2}),
        (lambda: page.choose("Image", "T2"), {"image": 1}),
        (lambda: page.choose("Domain", "D"), {"domain": 3}),
        (lambda: page.check("Show marks", False), {"marked": False}),
        (lambda: page.press_slider("Slice", "ArrowLeft"), {"index": count - 2}),
    ]
    for act, change in steps:
        act()
        state |= change
        check(page, view, state, count)


@pytest.mark.browser
@pytest.mark.frames
def test_chapter_draws_a_frame_in_time(chapter):
    page, _ = chapter
    for _ in range(3):
        page.press_slider("Slice", "ArrowLeft", times=4)
        page.press_slider("Slice", "ArrowRight", times=4)
    assert page.count_frames("segmentation_view") >= 6


@pytest.mark.browser
def test_chapter_marks_what_the_upper_bound_of_b_makes_of_the_head(chapter):
    _, view = chapter
    head = {caption[0].split("paired")[1] for caption in view.captions}
    assert len(head) == 1, f"the scanners show different heads or slices: {head}"
    (subject,) = phantom_subjects([Patient("B", "paired", 8)], progress=False)
    z = lesion_slices(subject.lesion_mask, len(view.captions[1]))
    model = load_model(results.DATA / "checkpoints" / "laptop-upper-B-seed0.safetensors")
    probability = evaluation.predict(model, patches.stack(subject), slices=z)[z]
    inside, truth = (m.transpose(2, 0, 1)[z] for m in (subject.brain_mask, subject.lesion_mask))
    made = case(
        np.zeros((len(z), 3, *truth.shape[1:]), np.float32),
        truth,
        {"upper": (probability > evaluation.THRESHOLD) & inside},
        view.captions[1],
    )
    shown = decode_stack(view.outcomes[1], 2 * len(z))[len(z) :, ..., 0]
    expected = [outcome(m, t) for m, t in zip(made.predictions["upper"], made.truth, strict=True)]
    assert (
        np.sum(shown != expected) <= 5
    )  # another machine may round a probability of 0.5 otherwise
    assert view.captions[1][0] == f"patient {subject.name}, slice z = {z[0]}"
