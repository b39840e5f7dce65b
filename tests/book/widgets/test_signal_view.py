"""The FLAIR knobs show Python's signals, without a kernel."""

from dataclasses import replace

import numpy as np
import pytest

from rfe_book.widgets.signal_view import signal_table, signal_view
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import DOMAINS

TE_MS, TI_MS = range(40, 201, 40), range(300, 4001, 370)
WINDOW = 2.5


@pytest.fixture
def maps():
    fractions = np.random.default_rng(3).dirichlet(np.ones(4) / 2, (24, 20))
    return np.moveaxis(fractions, -1, 0)


@pytest.fixture
def page(widget_page, maps):
    sequences = {letter: (row.flair, row.field_strength_t) for letter, row in DOMAINS.items()}
    return widget_page(
        signal_view(maps, sequences, te_ms=TE_MS, ti_ms=TI_MS, label="Random tissue")
    )


def check(page, maps):
    """Compare everything on the screen with the signal equations; return (TE, TI, field)."""
    drawn = page.drawn()
    te, ti, field = (float(drawn[name]) for name in ("te", "ti", "field"))
    sequence = replace(DOMAINS["A"].flair, echo_time_ms=te, inversion_time_ms=ti)
    signals = scanner.tissue_signals(sequence, field)
    ratios = np.minimum(signals / signals[2], 60)
    np.testing.assert_allclose(np.fromstring(drawn["signals"], sep=" "), signals, atol=6e-5)
    np.testing.assert_allclose(np.fromstring(drawn["ratios"], sep=" "), ratios, atol=6e-4)
    mixed = np.tensordot(ratios, np.round(255 * maps) / 255, axes=1)
    expected = np.clip(255 / WINDOW * mixed, 0, 255)
    np.testing.assert_allclose(page.canvas()[..., 0], expected, atol=1)
    texts = page.tab.locator(".rfe-values tbody td").all_inner_texts()
    shown = [f"{r:.2f}" if r < 60 else "> 60" for r in np.fromstring(drawn["ratios"], sep=" ")]
    assert texts[1::2] == shown
    assert page.status().startswith(f"TE {te:g} ms, TI {ti:g} ms, {field:g} T: lesion tissue is ")
    return te, ti, field


@pytest.mark.browser
def test_every_control_is_python_s_signal(page, maps):
    flair = DOMAINS["A"].flair
    assert check(page, maps) == (flair.echo_time_ms, flair.inversion_time_ms, 3.0)
    page.choose("Field strength", "1.5 T")
    assert check(page, maps)[2] == 1.5
    page.press_slider("Echo time TE", "ArrowLeft", times=2)
    assert check(page, maps)[0] < flair.echo_time_ms
    page.press_slider("Inversion time TI", "ArrowLeft", times=3)
    assert check(page, maps)[1] < flair.inversion_time_ms
    for letter, row in DOMAINS.items():
        page.tab.get_by_role("button", name=f"Settings of scanner {letter}").click()
        page.frames()
        expected = (row.flair.echo_time_ms, row.flair.inversion_time_ms, row.field_strength_t)
        assert check(page, maps) == expected
        pressed = page.tab.locator(".rfe-presets [aria-pressed=true]").all_inner_texts()
        assert letter in pressed
    label = page.value("Echo time TE")
    assert label == f"{row.flair.echo_time_ms:g} ms"


@pytest.mark.browser
def test_where_white_matter_vanishes_ratios_are_said_to_be_larger(widget_page, maps):
    flair, field = DOMAINS["A"].flair, DOMAINS["A"].field_strength_t
    null = scanner.RELAXATION[field]["wm"].t1_ms * np.log(2)  # but for recovery before the pulse
    options = {"te_ms": TE_MS, "ti_ms": [round(null)], "label": "Random tissue"}
    page = widget_page(signal_view(maps, {"A": (flair, field)}, **options))
    page.press_slider("Inversion time TI", "Home")
    check(page, maps)
    assert "lesion tissue is more than 60 times as bright" in page.status()


@pytest.mark.browser
@pytest.mark.frames
def test_dragging_through_random_states_is_quick(page, maps):
    generator = np.random.default_rng(4)
    seen = set()
    for _ in range(14):
        chart = page.tab.locator(".rfe-right > svg").nth(int(generator.integers(2)))
        box = chart.bounding_box()
        chart.click(position={"x": generator.uniform(0.1, 0.97) * box["width"], "y": 80})
        page.frames()
        seen.add(check(page, maps))
    assert len(seen) > 7
    assert page.count_frames("signal_view") > 7


def test_table_holds_signals_and_finite_ratios():
    null_ms = 580.0  # near white matter's null at 3 T
    table = signal_table(DOMAINS["A"].flair, [100], [null_ms, 2400], [3.0])
    assert table.shape == (1, 1, 2, 8)
    sequence = replace(DOMAINS["A"].flair, echo_time_ms=100)
    np.testing.assert_allclose(table[0, 0, 1, :4], scanner.tissue_signals(sequence, 3.0))
    assert table[..., 6] == pytest.approx(1)
    assert table.max() <= 60


@pytest.mark.parametrize(
    ("maps_shape", "sequence", "message"),
    [
        ((3, 4, 4), DOMAINS["A"].flair, r"maps must be \(4, H, W\), got \(3, 4, 4\)"),
        ((4, 4, 4), DOMAINS["A"].t2, "sequence of X needs inversion_time_ms, got None"),
    ],
)
def test_what_does_not_fit_is_refused(maps_shape, sequence, message):
    with pytest.raises(ValueError, match=message):
        signal_view(
            np.zeros(maps_shape), {"X": (sequence, 3.0)}, te_ms=TE_MS, ti_ms=TI_MS, label="x"
        )
