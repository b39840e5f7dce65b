"""The comparison of scanners draws what Python gave it, without a kernel."""

import numpy as np
import pytest

from rfe_book.style import COLOURS, outline
from rfe_book.widgets import decode_stack
from rfe_book.widgets.scanner_view import scanner_view

KINDS = ("T1", "FLAIR")
SCANNERS = ("A", "B", "C")
SHAPE = (3, 14, 10)


def inputs():
    generator = np.random.default_rng(2)
    images = {
        scanner: {kind: generator.integers(0, 256, SHAPE, dtype=np.uint8) for kind in KINDS}
        for scanner in SCANNERS
    }
    masks = generator.random(SHAPE) > 0.8
    figures = {kind: [("row", *(f"-{at}.5 {kind}" for at in range(3)))] for kind in KINDS}
    options = {
        "names": [f"{s}: scanner" for s in SCANNERS],
        "captions": [f"slice {n}" for n in range(SHAPE[0])],
        "label": "Random slices",
    }
    return images, masks, figures, options


def on_screen(view, masks, *, scanner, image, index, outlined):
    """What a pane should show: the decoded slice at twice its size and the outline over it."""
    stack = decode_stack(view.stacks[scanner], len(KINDS) * SHAPE[0])
    drawn = stack[image * SHAPE[0] + index].repeat(2, axis=0).repeat(2, axis=1)
    colour = [int(COLOURS["highlight"][at : at + 2], 16) for at in (1, 3, 5)]
    marks = outline(masks)[index][..., None]
    return np.where(marks & outlined, colour, drawn)


@pytest.mark.browser
def test_every_control_changes_the_panes(widget_page):
    images, masks, figures, options = inputs()
    widget = scanner_view(images, masks, figures, **options)
    page = widget_page(widget)
    state = {"scanner": 1, "image": 1, "index": 0, "outlined": True}
    steps = [
        (lambda: None, {}),
        (lambda: page.choose("Scanner", "C"), {"scanner": 2}),
        (lambda: page.choose("Image", "T1"), {"image": 0}),
        (lambda: page.set_slider("Slice", 2), {"index": 2}),
        (lambda: page.check("Outline lesions", False), {"outlined": False}),
    ]
    for act, change in steps:
        act()
        state |= change
        assert page.drawn() == {k: str(v).lower() for k, v in state.items()}
        assert page.status() == f"{KINDS[state['image']]}, slice {state['index']}"
        for pane, scanner in enumerate((0, state["scanner"])):
            expected = on_screen(widget, masks, **(state | {"scanner": scanner}))
            np.testing.assert_allclose(page.canvas(pane)[..., :3], expected, atol=2)
        row = page.tab.locator(".rfe-figures tbody td").all_inner_texts()
        assert row == [f"−{at}.5 {KINDS[state['image']]}" for at in range(3)]  # a true minus
        shown = page.tab.locator(".rfe-figures thead .rfe-shown").all_inner_texts()
        assert shown == ["A", SCANNERS[state["scanner"]]]


@pytest.mark.browser
def test_keyboard_and_names(widget_page):
    images, masks, figures, options = inputs()
    page = widget_page(scanner_view(images, masks, figures, **options))
    canvas = page.tab.get_by_role("img", name="Random slices: FLAIR, scanner B: scanner")
    for _ in range(4):  # stops at the last slice
        canvas.press("ArrowRight")
    page.frames()
    assert page.drawn()["index"] == "2"
    assert page.value("Slice") == "3 of 3"


def test_outline_surrounds_and_spares_the_mask():
    mask = np.zeros((1, 5, 5), bool)
    mask[0, 2, 2] = True
    ring = outline(mask)
    assert ring.shape == (1, 10, 10)
    assert ring.sum() == 8 and not ring[0, 4:6, 4:6].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ["A"]}, r"names must be one a scanner \(3\), got 1"),
        ({"captions": []}, r"captions must be one a slice \(3\), got 0"),
        ({"figures": {kind: [("row", "x")] for kind in KINDS}}, "a name and 3 texts"),
        ({"masks": np.zeros((2, 2, 2), bool)}, "images of A, T1 must have the masks' shape"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    images, masks, figures, options = inputs()
    arguments = {"images": images, "masks": masks, "figures": figures, **options} | change
    with pytest.raises(ValueError, match=message):
        scanner_view(**arguments)
