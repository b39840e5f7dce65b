"""Chapter 01 as its readers see it: both widgets show Python's numbers."""

from dataclasses import replace

import numpy as np
import pytest

from rfe_book.style import COLOURS
from rfe_book.widgets import decode_stack
from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import DOMAINS
from rfe_study.realism import fidelity

SCANNERS, KNOBS = 0, 1  # order of the views on the page


@pytest.fixture
def page(page_for):
    return page_for("01-domains")


def check_knobs(page, maps, window):
    drawn = page.drawn(KNOBS)
    te, ti, field = (float(drawn[name]) for name in ("te", "ti", "field"))
    sequence = replace(DOMAINS["A"].flair, echo_time_ms=te, inversion_time_ms=ti)
    signals = scanner.tissue_signals(sequence, field)
    np.testing.assert_allclose(np.fromstring(drawn["signals"], sep=" "), signals, atol=6e-5)
    gray = window * np.tensordot(np.minimum(signals / signals[2], 60), maps / 255, axes=1)
    np.testing.assert_allclose(page.canvas(2)[..., 0], np.clip(gray, 0, 255), atol=1)
    assert page.status(KNOBS).startswith(f"TE {te:g} ms, TI {ti:g} ms, {field:g} T")
    return te, ti, field


@pytest.mark.browser
def test_knobs(page):
    state = page.states()["signal-view"]
    maps, gray = decode_stack(state["maps"], 4)[..., 0], state["gray"]
    flair = DOMAINS["A"].flair
    assert check_knobs(page, maps, gray) == (flair.echo_time_ms, flair.inversion_time_ms, 3.0)
    page.choose("Field strength", "1.5 T")
    page.press_slider("Echo time TE", "ArrowRight", times=3)
    page.press_slider("Inversion time TI", "ArrowLeft", times=3)
    te, ti, field = check_knobs(page, maps, gray)
    assert te > flair.echo_time_ms and ti < flair.inversion_time_ms and field == 1.5
    for letter, row in DOMAINS.items():
        page.tab.get_by_role("button", name=f"Settings of scanner {letter}").click()
        page.frames()
        expected = (row.flair.echo_time_ms, row.flair.inversion_time_ms, row.field_strength_t)
        assert check_knobs(page, maps, gray) == expected


def check_scanners(page, state):
    drawn = page.drawn(SCANNERS)
    image, index = int(drawn["image"]), int(drawn["index"])
    count = len(state["captions"])
    marks = decode_stack(state["outlines"], count)[index, ..., :1] > 0
    colour = [int(COLOURS["highlight"][at : at + 2], 16) for at in (1, 3, 5)]
    for canvas, which in ((0, 0), (1, int(drawn["scanner"]))):
        stack = decode_stack(state["stacks"][which], len(MODALITIES) * count)
        expected = stack[image * count + index].repeat(2, axis=0).repeat(2, axis=1)
        expected = np.where(marks & (drawn["outlined"] == "true"), colour, expected)
        np.testing.assert_allclose(page.canvas(canvas)[..., :3], expected, atol=2)
    modality = MODALITIES[image].upper()
    assert page.status(SCANNERS) == f"{modality}, {state['captions'][index]}"
    texts = page.tab.locator(".rfe-figures tbody td").all_inner_texts()
    figures = [text for row in state["figures"][image] for text in row[1:]]
    assert texts == [text.replace("-", "−") for text in figures]
    return drawn


@pytest.mark.browser
def test_four_scanners(page):
    state = page.states()["scanner-view"]
    assert len(state["stacks"]) == len(DOMAINS)
    assert check_scanners(page, state)["scanner"] == "1"
    page.choose("Scanner", "D")
    page.choose("Image", "T2")
    page.set_slider("Slice", 2)
    assert check_scanners(page, state) == {
        "scanner": "3",
        "image": "1",
        "index": "2",
        "outlined": "true",
    }
    page.check("Outline lesions", False)
    page.choose("Image", "T1")
    page.choose("Scanner", "C")
    page.press_slider("Slice", "ArrowRight")
    assert check_scanners(page, state) == {
        "scanner": "2",
        "image": "0",
        "index": "3",
        "outlined": "false",
    }


@pytest.mark.browser
def test_tables_show_the_modules_and_the_stored_figures(page):
    csf = scanner.RELAXATION[3.0]["csf"]
    first = page.tab.locator("table", has_text="proton density").locator("tbody tr").first
    assert first.locator("td").all_text_contents()[1:4] == [
        "CSF",
        f"{csf.t1_ms:g}",
        f"{csf.t2_ms:g}",
    ]
    rows = page.tab.locator("table", has_text="lesion count, median").locator("tbody tr")
    assert rows.count() == len(fidelity.REAL)
    name, value, *_ = rows.first.locator("td").all_text_contents()
    assert (name, value) == ("lesion count, median", f"{fidelity.REAL[name]:g}")
    assert page.tab.locator("article figure img:not([alt])").count() == 0
