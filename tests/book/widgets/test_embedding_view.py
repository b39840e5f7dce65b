"""The maps of embeddings are Python's, without a kernel."""

import numpy as np
import pytest

from rfe_book.style import COLOURS, outline
from rfe_book.widgets import decode_stack
from rfe_book.widgets.embedding_maps import named_places
from rfe_book.widgets.embedding_tables import ZERO, NamedPixel, signed
from rfe_book.widgets.embedding_view import STAGES, embedding_view, palette
from rfe_study.measures import probes
from rfe_study.phantom import heads
from rfe_study.phantom.domains import Patient

SLICES, CHANNELS, SHAPE = 3, 2, (16, 14)
PIXELS = [
    NamedPixel(name="a lesion", index=1, row=7, column=6),
    NamedPixel(name="elsewhere", index=1, row=12, column=2),
]


def inputs():
    generator = np.random.default_rng(5)
    size = (SLICES, *SHAPE)
    arguments = {
        "images": generator.integers(0, 256, size, dtype=np.uint8),
        "masks": generator.random(size) > 0.8,
        "inside": generator.random(size) > 0.2,
        "features": generator.normal(0, 2, (SLICES, CHANNELS, *SHAPE)),
        "pixels": PIXELS,
    }
    arguments["masks"][1, 7, 6] = arguments["inside"][1, 7, 6] = True
    options = {
        "weights": [0.5, -1.25],
        "slices": [f"slice {n}" for n in range(SLICES)],
        "label": "Random slices",
        "start": 1,
        "quality": 100,
    }
    return arguments, options


@pytest.fixture
def widget():
    arguments, options = inputs()
    return embedding_view(*arguments.values(), **options)


def values_of(features, view, stage):
    """What a map shows, computed anew: (S, H, W)."""
    values = features if stage else np.maximum(features, 0)
    if view < CHANNELS:
        return values[:, view]
    pixel = PIXELS[view - CHANNELS]
    chosen = values[pixel.index, :, pixel.row, pixel.column]
    norms = np.linalg.norm(values, axis=1) * np.linalg.norm(chosen)
    return np.einsum("schw,c->shw", values, chosen) / np.maximum(norms, 1e-12)


def colour(name):
    return np.array([int(COLOURS[name][at : at + 2], 16) for at in (1, 3, 5)])


def text(number, form=".2f"):
    return f"{number:{form}}".replace("-", "−")


def check_screen(page, widget, state):
    arguments, options = inputs()
    view, stage, index = state["view"], state["stage"], state["index"]
    assert page.drawn() == {k: str(v).lower() for k, v in state.items()}

    # the map: what Python encoded, cut at zero after the ReLU, coloured, at twice its size
    values = values_of(arguments["features"], view, stage)
    stored = decode_stack(widget.maps[widget.views[view]["maps"][stage]], SLICES)[..., 0]
    low, high = (
        (-1, 1) if view >= CHANNELS else np.percentile(arguments["features"][:, view], (0.1, 99.9))
    )
    gray = stored[index].astype(int)
    if view < CHANNELS and stage == 0:
        gray = np.maximum(gray, ZERO)
    exact = signed(values[index], low, high).astype(int)
    assert np.abs(gray - exact).max() <= 6 and np.abs(gray - exact).mean() < 1.5  # compression
    expected = palette()[gray].repeat(2, axis=0).repeat(2, axis=1)
    lines = outline(arguments["masks"])[index][..., None] & state["outlined"]
    expected = np.where(lines, colour("highlight"), expected)
    np.testing.assert_allclose(page.canvas(1)[..., :3], expected, atol=4)

    # the slice: the same outline, and a square around each named pixel
    drawn = page.canvas(0)[..., :3].astype(int)
    for n, pixel in enumerate(PIXELS):
        corner = drawn[2 * pixel.row - 5, 2 * pixel.column - 4]
        own = colour("false positive" if view == CHANNELS + n else "false negative")
        assert (corner == own).all() == (index == pixel.index)

    # numbers: of the exact embeddings
    masks, inside = arguments["masks"][index], arguments["inside"][index]
    means = [text(values[index][where & inside].mean()) for where in (masks, ~masks)]
    assert all(mean in page.status() for mean in means)
    cells = page.tab.locator(".rfe-rows tbody td").all_inner_texts()
    if view < CHANNELS:
        rows = [values_of(arguments["features"], c, stage)[index] for c in range(CHANNELS)]
        wanted = [
            t
            for row, weight in zip(rows, options["weights"], strict=True)
            for t in (
                text(row[masks & inside].mean()),
                text(row[~masks & inside].mean()),
                text(weight, "+.2f"),
            )
        ]
    else:
        share = np.mean(values[index][inside] < 0)
        assert f"{share:.0%} of the brain below 0" in page.status()
        at = [values[p.index, p.row, p.column] for p in PIXELS]
        wanted = [t for c in at for t in (text(c), "slice 1")]
    assert cells == wanted


@pytest.mark.browser
def test_every_control_shows_pythons_numbers(widget_page, widget):
    page = widget_page(widget)
    state = {"view": 0, "stage": 0, "index": 1, "outlined": True}
    steps = [
        (lambda: None, {}),
        (lambda: page.choose("Map", "channel 2"), {"view": 1}),
        (lambda: page.choose("Taken", STAGES[1]), {"stage": 1}),
        (lambda: page.set_slider("Slice", 2), {"index": 2}),
        (lambda: page.choose("Map", "cosine with: elsewhere"), {"view": 3}),
        (lambda: page.press_slider("Slice", "ArrowLeft"), {"index": 1}),
        (lambda: page.check("Outline lesions", False), {"outlined": False}),
        (lambda: page.choose("Taken", STAGES[0]), {"stage": 0}),
    ]
    for act, change in steps:
        act()
        state |= change
        check_screen(page, widget, state)


@pytest.mark.browser
def test_pictures_and_rows_answer_too(widget_page, widget):
    page = widget_page(widget)
    state = {"view": 0, "stage": 0, "index": 1, "outlined": True}
    page.tab.get_by_role("button", name="channel 2").click()
    page.frames()
    check_screen(page, widget, state := state | {"view": 1})
    canvas = page.tab.locator(".rfe canvas").first
    box = canvas.bounding_box()
    for n, pixel in enumerate(PIXELS):
        x, y = (pixel.column + 1) / SHAPE[1], (pixel.row + 1) / SHAPE[0]
        canvas.click(position={"x": x * box["width"], "y": y * box["height"]})
        page.frames()
        check_screen(page, widget, state := state | {"view": CHANNELS + n})
    chosen = page.value("Map")
    assert chosen == "cosine with: elsewhere"
    row = page.tab.get_by_role("button", name="a lesion")
    row.press("Enter")
    page.frames()
    check_screen(page, widget, state := state | {"view": CHANNELS})
    assert row.evaluate("b => b === document.activeElement")  # it keeps the focus
    pressed = page.tab.locator(".rfe-rows [aria-pressed=true]").all_inner_texts()
    assert pressed == ["a lesion"]
    for _ in range(4):  # stops at the last slice
        page.tab.get_by_role("img", name="Map of").press("ArrowRight")
    page.frames()
    check_screen(page, widget, state | {"index": 2})
    canvas.click()  # no named pixel on this slice
    page.frames()
    check_screen(page, widget, state | {"index": 2})


def test_zero_is_zero_and_ends_are_ends():
    assert signed(np.array([-4.0, 0, 2, 9]), -4, 2).tolist() == [0, ZERO, 255, 255]
    colours = palette()
    assert colours.shape == (256, 3) and not colours[ZERO].any()
    assert (colours[255] == 255).all() and (colours[0] == colour("false negative")).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((1, 2, 2), np.uint8)}, r"images must have the features' shape"),
        ({"weights": [1]}, r"weights must be one a channel \(2\), got 1"),
        ({"slices": []}, r"slices must be one name a slice \(3\), got 0"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    arguments, options = inputs()
    with pytest.raises(ValueError, match=message):
        embedding_view(**(arguments | options | change))


@pytest.mark.slow
def test_named_places_lie_in_what_they_are_named_after():
    anatomy = heads.make_anatomy(Patient("A", "dev", 1))
    z = int(anatomy.lesion_mask.sum(axis=(0, 1)).argmax())
    places = named_places(anatomy, z)
    csf, gray, white, _ = anatomy.tissues[..., z]
    for name in ("a large lesion", "a small lesion"):
        assert anatomy.lesion_mask[(*places[name], z)]
    assert white[places["white matter"]] > 0.85 and gray[places["cortex"]] > 0.7
    assert csf[places["ventricle"]] > 0.8
    assert not anatomy.brain_mask[(*places["air"], z)]
    with pytest.raises(ValueError, match="slice z = 0 must hold a large lesion"):
        named_places(anatomy, 0)


def test_cosine_of_a_pixel_with_itself_is_one():
    rows = np.random.default_rng(0).normal(size=(4, 3))
    np.testing.assert_allclose(np.diag(probes.cosines(rows, rows)), 1)
