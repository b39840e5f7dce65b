"""Chapter 08: the explorer shows what Python computed; text and tables are those of the rows."""

import re
from itertools import product

import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_book.findings import prior as findings
from rfe_book.style import upright
from rfe_book.tables import prior as prior_tables
from rfe_book.widgets import decode_stack
from rfe_book.widgets.prior_explorer import (
    STEP,
    THRESHOLDS,
    PriorSlice,
    levels_of,
    prior_explorer,
    prior_slice,
    slice_response,
)
from rfe_core import metrics, prior
from rfe_core import ncc as core_ncc
from rfe_core.prior import extract_templates
from rfe_study import results
from rfe_study.measures import prior_quality
from rfe_study.phantom import domains
from rfe_study.tables import TABLES

COUNTS, SIZES, SHAPE, ZOOM = (1, 30), (3, 5), (30, 24), 3
BUDGET = 600_000


def made_up(**changes):
    generator = np.random.default_rng(3)
    brain = np.hypot(*(np.indices(SHAPE) - np.array([[[15]], [[12]]]))) < 12
    lesion = brain & (generator.random(SHAPE) < 0.1)
    responses = {
        pair: (0.35 + 0.6 * generator.random(SHAPE) + 0.05 * lesion).astype(np.float32)
        for pair in product(COUNTS, SIZES)
    }
    parts = {
        "image": generator.integers(0, 256, SHAPE, dtype=np.uint8),
        "lesion": lesion,
        "brain": brain,
        "responses": responses,
        "chosen": {pair: 0.5 + 0.05 * n for n, pair in enumerate(responses)},
    }
    return PriorSlice(**(parts | changes))


def check_state(page, data):
    """All numbers on the screen against Python's, from the responses and not from their levels."""
    drawn = page.drawn()
    threshold = float(drawn["threshold"])
    response = data.responses[int(drawn["count"]), int(drawn["size"])]
    mask = prior.prior_mask(response, threshold) & data.brain
    assert int(drawn["pixels"]) == mask.sum()
    assert int(drawn["found"]) == (mask & data.lesion).sum()
    assert int(drawn["truth"]) == data.lesion.sum()
    for name, function in (
        ("dice", metrics.f_score),
        ("precision", metrics.precision),
        ("recall", metrics.recall),
    ):
        assert float(drawn[name]) == pytest.approx(function(mask, data.lesion)), name
    assert f"threshold {threshold:.3f}" in page.status()
    cells = page.tab.locator(".rfe-numbers td").all_inner_texts()
    assert cells[2] == f"{float(drawn['dice']):.3f}"
    return drawn, mask


@pytest.mark.browser
@pytest.mark.frames
def test_every_control(widget_page):
    data = made_up()
    page = widget_page(prior_explorer(data, label="Random pixels", start=(30, 5)))
    drawn, _ = check_state(page, data)
    assert (drawn["count"], drawn["size"]) == ("30", "5")
    for count, size in product(COUNTS, SIZES):
        page.choose("Templates", str(count))
        page.choose("Size", f"{size} × {size} × {size}")
        drawn, _ = check_state(page, data)
        assert (drawn["count"], drawn["size"]) == (str(count), str(size))
        chosen = data.chosen[count, size]  # where another setting starts
        assert float(drawn["threshold"]) == pytest.approx(chosen, abs=STEP / 2 + 1e-9)
        assert "(chosen on V1)" in page.status()
    for threshold in (0.4, 0.55, 0.61, 0.7, 0.9, 0.908):
        page.set_slider("Threshold", threshold)
        drawn, _ = check_state(page, data)
        assert float(drawn["threshold"]) == pytest.approx(threshold)
    page.press_slider("Threshold", "ArrowLeft", times=3)
    assert float(check_state(page, data)[0]["threshold"]) == pytest.approx(0.902)
    page.tab.get_by_role("button", name="Back to the threshold").click()
    page.frames()
    drawn, _ = check_state(page, data)
    assert float(drawn["threshold"]) == pytest.approx(data.chosen[30, 5], abs=STEP / 2 + 1e-9)
    box = page.tab.locator(".rfe-chart").bounding_box()
    page.tab.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    page.frames()
    assert float(check_state(page, data)[0]["threshold"]) < float(drawn["threshold"])
    assert page.count_frames("prior_explorer") > 15


@pytest.mark.browser
def test_canvas_shows_image_response_and_marks(widget_page):
    data = made_up()
    page = widget_page(prior_explorer(data, label="Random pixels", start=(1, 3)))
    page.check("Show marks", on=False)
    large = np.kron(data.image, np.ones((ZOOM, ZOOM), np.uint8))
    np.testing.assert_array_equal(page.canvas()[..., 0], large)
    page.choose("Background", "response")
    gray = page.canvas()[1::ZOOM, 1::ZOOM, 0].astype(int)
    levels = levels_of(data.responses[1, 3], data.brain).astype(int)
    expected = np.where(data.brain, 8 + 240 * levels / len(THRESHOLDS), 0)
    assert np.abs(gray - expected).max() <= 1
    page.choose("Background", "FLAIR")
    page.check("Show marks")
    _, mask = check_state(page, data)
    seen, colours = page.canvas(), {"found": mask & data.lesion, "missed": data.lesion & ~mask}
    codes = {"found": (0, 158, 115), "missed": (86, 180, 233)}
    for name, where in colours.items():  # the corner of a pixel that no neighbour continues
        alone = where & ~np.roll(where, 1, 0) & ~np.roll(where, 1, 1)
        assert alone.any()
        corner = seen[::ZOOM, ::ZOOM, :3][alone]
        assert (corner == codes[name]).all(), name
    middle = seen[1::ZOOM, 1::ZOOM, :3]
    assert (middle[colours["found"]] == codes["found"]).all()  # filled
    hollow = middle[colours["missed"]]
    assert (hollow == data.image[colours["missed"]][:, None]).all()  # the image is seen


def test_levels_are_thresholds_reached():
    brain = np.ones((4, 5), bool)
    exact = THRESHOLDS.astype(np.float32)[[0, 1, 100, 254]]
    values = np.concatenate([exact, np.nextafter(exact, np.float32(0)), [0, 0.3, 0.909, 1]])
    values = np.resize(values, (4, 5)).astype(np.float32)
    levels = levels_of(values, brain)
    for k in (0, 1, 50, 99, 100, 101, 254):
        expected = prior.prior_mask(values, float(THRESHOLDS[k]))
        np.testing.assert_array_equal(levels > k, expected)
    assert (levels_of(values, ~brain) == 0).all()


def test_slice_is_that_of_the_volume():
    source, subject = tiny_subject("Btrain1", seed=1), tiny_subject("Btrain2", seed=2)
    z, chosen = 30, {(1, 3): 0.6, (4, 3): 0.55, (4, 5): 0.5}
    chosen[1, 5] = 0.7
    data = prior_slice(source, subject, z, chosen, seed=0, border=2)
    for (count, size), response in data.responses.items():
        templates = extract_templates(
            source.images["flair"],
            source.lesion_mask,
            count,
            size,
            generator=np.random.default_rng(0),
        )
        volume = core_ncc.response(subject.images["flair"], templates)
        whole = slice_response(subject, z, templates)
        np.testing.assert_allclose(whole, volume[:, :, z], atol=1e-6)
        inside = upright(whole)[upright(subject.brain_mask[:, :, z])]
        np.testing.assert_array_equal(np.sort(response[data.brain]), np.sort(inside))
    view = prior_explorer(data, label="x", start=(4, 5))
    places = decode_stack(view.places, 1)[0, ..., 0]
    np.testing.assert_array_equal(places, data.brain.astype(int) + data.lesion)
    with pytest.raises(ValueError, match="z must lie 1 slices or more from either end, got 0"):
        slice_response(subject, 0, np.ones((1, 3, 3, 3), np.float32))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lesion": np.zeros((2, 2), bool)}, r"lesion must have the image's shape \(30, 24\)"),
        ({"brain": np.zeros(SHAPE, bool)}, "lesion must lie in the brain, got lesion outside"),
        ({"chosen": {}}, r"chosen must have a threshold for each response .* got \[\]"),
        ({"responses": {(1, 3): np.ones((2, 2))}}, r"response \(1, 3\) must have the image's"),
    ],
)
def test_slices_refuse(changes, message):
    with pytest.raises(ValueError, match=message):
        made_up(**changes)


def test_explorer_refuses():
    with pytest.raises(ValueError, match=r"start be one of them, got .* and \(2, 5\)"):
        prior_explorer(made_up(), label="x", start=(2, 5))
    part = {(1, 3): np.ones(SHAPE), (30, 5): np.ones(SHAPE)}
    incomplete = made_up(responses=part, chosen=dict.fromkeys(part, 0.5))
    with pytest.raises(ValueError, match="responses must hold every pair of counts"):
        prior_explorer(incomplete, label="x", start=(1, 3))


@pytest.mark.browser
def test_page_is_light_and_says_what_the_rows_say(page_for):
    page = page_for("08-prior")
    assert 0 < page.own_weight("08-prior") <= BUDGET
    rows = results.read(prior_quality.TABLE)
    chosen = prior_tables.thresholds(rows, "Btrain1", seed=0)
    drawn = page.drawn()
    assert float(drawn["threshold"]) == pytest.approx(chosen[30, 5], abs=STEP / 2 + 1e-9)
    found = findings.noise(rows)
    text = re.sub(r"\s+", " ", page.tab.locator("main").inner_text())
    assert f"reaches a mean Dice of {found.dice_mean}" in text
    assert f"beats the templates on {found.bright_wins} of {found.cases} patients" in text
    page.press_slider("Threshold", "ArrowRight", times=5)
    assert page.drawn()["threshold"] != drawn["threshold"]
    assert int(page.drawn()["pixels"]) <= int(drawn["pixels"])


def test_stored_rows_are_of_training_patients_and_complete():
    rows = results.read(prior_quality.TABLE)
    assert not rows.duplicated(list(TABLES[prior_quality.TABLE].key)).any()
    assert rows[["subject", "source"]].stack().str.fullmatch(r"[A-D]train[123]").all()
    paper = prior_tables.paper_setting(rows)
    for target in domains.TARGETS:
        of_target = paper[paper["target"] == target]
        assert set(of_target["subject"]) == {f"{target}train{k}" for k in (1, 2, 3)}
        assert set(of_target["source"]) == {f"{target}train1", "Atrain1"}
        ncc = of_target[of_target["method"] == "NCC"]
        assert len(ncc) == 2 * 3 * len(prior_quality.SEEDS)
