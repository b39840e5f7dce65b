"""The widget of switched choices shows Python's numbers and pixels, without a kernel."""

import numpy as np
import pytest
import torch

from rfe_book.style import CLASS_COLOURS
from rfe_book.widgets import decode_stack
from rfe_book.widgets.choice_view import DRAWS, ROWS, choice_view, factors_of, number, texts_of
from rfe_study.measures import switched
from rfe_study.measures.switched import SIDES, SeenBatch
from rfe_study.measures.switches import SWITCHES

SIDE = 24
RGB = {c: [int(hex[at : at + 2], 16) for at in (1, 3, 5)] for c, hex in CLASS_COLOURS.items()}


@pytest.fixture(scope="module")
def batch():
    """Four crops of noise: an eighth is lesion, a border of air around them."""
    source = torch.Generator().manual_seed(0)
    valid = torch.zeros(4, SIDE, SIDE, dtype=torch.bool)
    valid[:, 4:-2, 3:-2] = True
    linear = torch.randn(4, 5, SIDE, SIDE, generator=source)
    return SeenBatch(
        images=torch.rand(4, 3, SIDE, SIDE, generator=source).numpy(),
        labels=(torch.rand(4, SIDE, SIDE, generator=source) < 0.125).long() * valid,
        valid=valid,
        labelled=torch.tensor([True, True, False, False]),
        maps={"linear": linear, "relu": linear.relu()},
        probability=torch.rand(4, SIDE, SIDE, generator=source).numpy(),
    )


@pytest.fixture
def widget(batch):
    return choice_view(batch, label="Four crops of noise")


def expected_picture(widget, batch, switch, redraw):
    """The picture twice as large, with the colour of its class where a pixel is drawn."""
    picture = decode_stack(widget.image, 1)[0].repeat(2, axis=0).repeat(2, axis=1).astype(int)
    samples = switched.draw(batch, SWITCHES[switch].choices, seed=redraw)
    index = torch.cat([samples[side].indices for side in SIDES]).numpy()
    labels = batch.labels.flatten().numpy()[index]
    drawn = np.zeros(picture.shape[:2], bool)
    for lesion, colour in enumerate(RGB.values()):
        for crop, x, y in zip(
            *np.unravel_index(index[labels == lesion], batch.labels.shape), strict=True
        ):
            row = 2 * (SIDE * (crop // 2) + SIDE - 1 - y)
            column = 2 * (SIDE * (crop % 2) + x)
            inner = np.s_[row : row + 2, column : column + 2]
            drawn[inner] = True
            picture[inner] = colour
    return picture, drawn


def check(page, widget, batch):
    """All that is on the screen against Python; returns the switch and the draw."""
    shown = page.drawn()
    switch, redraw = int(shown["switch"]), int(shown["redraw"])
    ours, now = (switched.measure(batch, SWITCHES[at].choices, seed=redraw) for at in (0, switch))
    cells = page.tab.locator(".rfe-compared tbody td").all_inner_texts()
    assert [text.strip() for text in cells[0::3]] == texts_of(ours)
    assert [text.strip() for text in cells[1::3]] == texts_of(now)
    factors = factors_of(now, ours)
    assert [text.strip() for text in cells[2::3]] == [text for text, _ in factors]
    moved = [name for (_, name, _), (text, _) in zip(ROWS, factors, strict=True) if text != "same"]
    bold = page.tab.locator(".rfe-compared .rfe-moved th").all_inner_texts()
    assert [text.strip() for text in bold] == moved and shown["moved"] == str(len(moved))
    widths = page.tab.locator(".rfe-compared .rfe-bar").evaluate_all(
        "bars => bars.map(bar => Number(bar.getAttribute('width')))"
    )
    assert widths == pytest.approx([50 * abs(long) for _, long in factors])
    picture, drawn = expected_picture(widget, batch, switch, redraw)
    canvas = page.canvas()[..., :3].astype(int)
    lesion = (picture == RGB["lesion"]).all(-1) & drawn  # painted last: nothing lies on them
    np.testing.assert_allclose(canvas[lesion], picture[lesion], atol=2)
    either = np.abs(canvas[drawn][:, None] - np.array(list(RGB.values()))).max(-1).min(-1)
    assert either.max() <= 2
    assert page.status().startswith(SWITCHES[switch].name)
    return switch, redraw


@pytest.mark.browser
def test_every_switch_and_draw_is_python_s(widget_page, widget, batch):
    page = widget_page(widget)
    assert check(page, widget, batch) == (0, 0)
    for number_of, switch in enumerate(SWITCHES):
        page.choose("Switch", switch.name)
        assert check(page, widget, batch) == (number_of, 0)
    for redraw in range(DRAWS):
        page.choose("Draw", str(redraw + 1))
        assert check(page, widget, batch) == (len(SWITCHES) - 1, redraw)


@pytest.mark.browser
def test_the_address_sets_it_and_the_picture_has_a_name(widget_page, widget, batch):
    page = widget_page(widget, at="#choice-view?switch=radial&draw=2", dark=True, width=390)
    words = [switch.word for switch in SWITCHES]
    assert check(page, widget, batch) == (words.index("radial"), 1)
    name = page.tab.locator("canvas").get_attribute("aria-label")
    assert name.startswith("Four crops of noise; drawn: ")
    wide = page.tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


def test_numbers_have_three_digits_that_count():
    values = (0, 0.00562, 0.05733, 1.1076, 16.25, 160_000.4, 466_231, -0.5)
    expected = "0 0.00562 0.0573 1.11 16.2 160,000 466,231 -0.500"
    assert [number(value) for value in values] == expected.split()


def test_ours_is_the_same_as_ours(batch):
    found = switched.measure(batch, SWITCHES[0].choices)
    assert factors_of(found, found) == [["same", 0.0]] * len(ROWS)


def test_unequal_halves_are_refused(batch):
    from dataclasses import replace

    uneven = replace(batch, labelled=torch.tensor([True, False, False, False]))
    with pytest.raises(ValueError, match="batch must have two equal halves, got 1 of 4"):
        choice_view(uneven, label="x")
