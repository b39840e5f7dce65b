"""The slice viewer draws what Python gave it, without a kernel."""

import numpy as np
import pytest

from rfe_book.style import COLOURS
from rfe_book.widgets import decode_stack
from rfe_book.widgets.slice_viewer import slice_viewer

COUNT, HEIGHT, WIDTH = 5, 12, 8


@pytest.fixture
def stack():
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (COUNT, HEIGHT, WIDTH), dtype=np.uint8)
    labels = generator.integers(0, 3, (COUNT, HEIGHT, WIDTH))
    return images, labels


@pytest.fixture
def viewer(stack):
    return slice_viewer(
        *stack,
        label="Random slices",
        captions=[f"Slice {n + 1} of {COUNT}" for n in range(COUNT)],
        colours={name: COLOURS[name] for name in ("truth", "false positive")},
        start=2,
    )


def blended(stack, index, opacity):
    """What should be on the screen, computed by Python."""
    images, labels = stack
    palette = [[0, 0, 0]] + [
        [int(COLOURS[name][at : at + 2], 16) for at in (1, 3, 5)]
        for name in ("truth", "false positive")
    ]
    gray = np.repeat(images[index][..., None], 3, axis=2).astype(float)
    marked = labels[index][..., None] > 0
    return np.where(marked, gray + opacity * (np.array(palette)[labels[index]] - gray), gray)


@pytest.mark.browser
@pytest.mark.parametrize(("index", "opacity"), [(2, 0.6), (0, 0.6), (4, 0.0), (3, 1.0)])
def test_draws_the_slice_and_its_overlay(widget_page, viewer, stack, index, opacity):
    page = widget_page(viewer)
    page.set_slider("Slice", index)
    page.set_slider("Overlay", opacity)
    assert page.drawn() == {"index": str(index), "opacity": f"{opacity:g}"}
    assert page.status() == f"Slice {index + 1} of {COUNT}"
    np.testing.assert_allclose(page.canvas()[..., :3], blended(stack, index, opacity), atol=1)


@pytest.mark.browser
def test_keyboard_moves_picture_and_slider_together(widget_page, viewer):
    page = widget_page(viewer)
    page.press_slider("Slice", "ArrowRight")
    assert page.drawn()["index"] == "3"
    canvas = page.tab.locator(".rfe canvas")
    for _ in range(4):  # stops at the last slice
        canvas.press("ArrowRight")
    page.frames()
    assert page.drawn()["index"] == "4"
    assert page.value("Slice") == f"5 of {COUNT}"


@pytest.mark.browser
def test_is_named_and_explains_its_colours(widget_page, viewer):
    page = widget_page(viewer)
    assert page.tab.get_by_role("img", name="Random slices").count() == 1
    assert page.tab.get_by_role("slider", name="Slice").count() == 1
    assert page.tab.locator(".rfe-legend").inner_text().split("\n") == ["truth", "false positive"]


def test_lossless_stack_keeps_every_value(stack):
    images, _ = stack
    view = slice_viewer(images, label="x", captions=["x"] * COUNT)
    assert (decode_stack(view.images, COUNT) == images[..., None]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"captions": ["one"]}, "captions must be one an image"),
        ({"start": COUNT}, "start must lie in 0 ... 4, got 5"),
        ({"labels": np.zeros((COUNT, 2, 2), int)}, "labels must have shape"),
        ({"labels": np.full((COUNT, HEIGHT, WIDTH), 3)}, "labels must lie in 0 ... 1, got up to 3"),
    ],
)
def test_what_does_not_fit_is_refused(stack, change, message):
    options = {"label": "x", "captions": ["x"] * COUNT, "colours": {"truth": "#009E73"}}
    with pytest.raises(ValueError, match=message):
        slice_viewer(stack[0], **(options | change))
