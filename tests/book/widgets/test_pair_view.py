"""Dragging embeddings shows Python's Eq. 2: the JavaScript that repeats it, and the widget."""

import json

import numpy as np
import pytest
import torch

from rfe_book.widgets.pair_view import (
    LABELS,
    MARGINS,
    NAMES,
    PAIR_MATH,
    POINTS,
    PRESETS,
    RATE,
    pair_view,
)
from rfe_core.distances import DISTANCES
from rfe_core.losses import embedding_loss


def reference(points, labels, distance, margin):
    """Sum of Eq. 2 and its gradient, in float64 by automatic differentiation."""
    h = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(labels)
    loss = embedding_loss(h, y[:, None] == y, distance=distance, margin=margin)
    (gradient,) = torch.autograd.grad(loss, h)
    return loss.item(), gradient.numpy()


def random_states():
    """100 sets of 2 to 6 embeddings in the plane: 60 ordinary, 40 with something degenerate."""
    generator = np.random.default_rng(4)
    states = []
    for number in range(100):
        n = int(generator.integers(2, 7))
        points = generator.normal(size=(n, 2)) * generator.choice([0.01, 1, 30])
        kind = number % 10
        if kind == 6:
            points[1] = points[0]  # identical
        elif kind == 7:
            points[1] = -2 * points[0]  # opposite
        elif kind == 8:
            points[generator.integers(n)] = 0  # without direction
        elif kind == 9:
            points[0], points[1] = 0, 0
            points[-1] = 3 * points[n // 2]  # parallel
        states.append((points.tolist(), generator.integers(0, 2, n).tolist()))
    return states


@pytest.mark.browser
@pytest.mark.parametrize("margin", (0.1, 0.5, 1.0, 2.0, 1000.0))
@pytest.mark.parametrize("distance", DISTANCES)
def test_javascript_is_python(browser, distance, margin):
    states = random_states()
    tab = browser.new_page()
    try:
        found = tab.evaluate(
            f"""([states, ...rest]) => {{
              {PAIR_MATH}
              return states.map(state => embeddingLoss(...state, ...rest));
            }}""",
            [states, distance, margin],
        )
    finally:
        tab.close()
    for (points, labels), result in zip(states, found, strict=True):
        loss, gradient = reference(points, labels, distance, margin)
        # what 1 - cos leaves of d(h, h) is rounding in either language
        assert result["sum"] == pytest.approx(loss, rel=1e-9, abs=1e-12)
        # one pair's gradient is about 1 / |h| (cosine, angular); those of several may cancel
        lengths = np.linalg.norm(points, axis=1)
        shortest = min(lengths[lengths > 0], default=1)
        largest = max(abs(gradient).max(), 1 / shortest if distance in ("cosine", "angular") else 1)
        np.testing.assert_allclose(result["gradient"], gradient, rtol=0, atol=1e-9 * largest)


def test_degenerate_states_are_among_them():
    cosines = []
    for points, _ in random_states():
        lengths = np.linalg.norm(points, axis=1, keepdims=True)
        unit = np.asarray(points) / np.where(lengths, lengths, 1)
        cosines.append((unit[0] @ unit[1], lengths.min()))
    cosines = np.array(cosines)
    assert (cosines[:, 0] > 1 - 1e-12).sum() >= 10 and (cosines[:, 0] < -1 + 1e-12).sum() >= 10
    assert (cosines[:, 1] == 0).sum() >= 20


@pytest.fixture
def page(widget_page):
    return widget_page(pair_view(label="Random embeddings"))


def numbers(text):
    return np.fromstring(text, sep=" ")


def check(page):
    """Compare all that is drawn with Python; return what the view says is drawn."""
    drawn = page.drawn()
    n = int(drawn["count"])
    points = numbers(drawn["embeddings"]).reshape(n, 2)
    labels = [int(label) for label in drawn["labels"].split()]
    loss, gradient = reference(points, labels, drawn["distance"], float(drawn["margin"]))
    for name, value in (("sum", loss), ("per_embedding", loss / n), ("mean", loss / n**2)):
        assert float(drawn[name]) == pytest.approx(value, rel=1e-9, abs=1e-12)
    shown = numbers(drawn["gradient"]).reshape(n, 2)
    np.testing.assert_allclose(shown, gradient, atol=1e-9 * max(1, abs(gradient).max()))
    look = page.tab.evaluate(
        """() => {
          const seen = e => e.style.display !== 'none';
          const all = (what) => [...document.querySelectorAll(`.rfe-plane > svg ${what}`)];
          const texts = (n) => [...document.querySelectorAll('.rfe-tables table')][n].innerText;
          return {
            at: all('.rfe-point').filter(seen).map(e => e.getAttribute('transform')),
            marks: all('.rfe-point').filter(seen)
              .map(e => e.querySelector('path').className.baseVal),
            arrows: all('.rfe-arrow').filter(seen).map(e => e.getAttribute('d')),
            totals: texts(0), embeddings: texts(1), pairs: texts(2),
          };
        }"""
    )
    on_screen = np.array([numbers(t[10:-1]) for t in look["at"]])
    reach = float(drawn["reach"])
    unit = 210 / 1.06 / reach
    assert abs(points).max() <= reach
    np.testing.assert_allclose(on_screen, 210 + unit * points * [1, -1], atol=0.01)
    assert look["marks"] == [f"rfe-class-{label}" for label in labels]
    for h, g, path in zip(points, gradient, look["arrows"], strict=True):
        size = np.linalg.norm(g)
        if size < 0.01:
            continue
        tip = h - reach / 3 * g / (1 + size)  # against the gradient, its length squeezed below 66
        drawn_tip = numbers(path.split("L")[1].split("M")[0])
        np.testing.assert_allclose(drawn_tip, 210 + unit * tip * [1, -1], atol=0.02)
    assert f"{loss:.3g}" in look["totals"] or loss >= 1000 or loss < 1e-4
    return drawn


@pytest.mark.browser
def test_every_control_shows_python_s_numbers(page):
    drawn = check(page)
    assert (drawn["distance"], drawn["margin"], drawn["scale"]) == ("cosine", "1", "1")
    np.testing.assert_allclose(numbers(drawn["embeddings"]), np.ravel(POINTS[:4]))
    for distance, name in reversed(NAMES):
        page.choose("Distance d", name)
        assert check(page)["distance"] == distance
    for move, margin in (("ArrowLeft", 0.7), ("ArrowLeft", 0.5), ("End", 1000), ("Home", 0.1)):
        page.press_slider("Margin m", move)
        assert float(check(page)["margin"]) == margin
    page.press_slider("Scale of all", "ArrowRight", times=3)
    scaled = check(page)
    assert float(scaled["scale"]) == pytest.approx(1.15)
    for count in (2, 6):
        page.set_slider("Embeddings", count)
        assert check(page)["count"] == str(count)
    for preset in PRESETS:
        button = page.tab.get_by_role("button", name=preset["name"])
        button.click()
        page.frames()
        drawn = check(page)
        assert drawn["distance"] == NAMES[preset["distance"]][0]
        assert float(drawn["margin"]) == MARGINS[preset["margin"]]
        assert button.get_attribute("aria-pressed") == "true"
    assert page.value("Margin m") == "1000"


@pytest.mark.browser
def test_scale_leaves_the_angular_losses_and_changes_the_others(page):
    for distance, name in NAMES:
        page.choose("Distance d", name)
        losses = []
        for scale in (0.5, 2):
            page.set_slider("Scale of all", scale)
            losses.append(float(check(page)["sum"]))
        assert (losses[0] == pytest.approx(losses[1])) == (distance in ("cosine", "angular"))


@pytest.mark.browser
def test_keyboard_moves_and_recolours_a_point(page):
    handle = page.tab.locator(".rfe-point").first
    for key, move in (
        ("ArrowRight", (0.1, 0)),
        ("ArrowDown", (0, -0.1)),
        ("Shift+ArrowUp", (0, 0.01)),
    ):
        before = numbers(check(page)["embeddings"])[:2]
        handle.press(key)
        page.frames()
        np.testing.assert_allclose(numbers(check(page)["embeddings"])[:2], before + move, atol=1e-9)
    assert handle.get_attribute("aria-valuetext") == "x 1.50, y 0.21"
    handle.press("Enter")
    page.frames()
    assert check(page)["labels"] == "0 1 0 0"
    assert handle.get_attribute("aria-label") == "h1, background"
    page.tab.get_by_role("button", name="h3 is background; change its class").click()
    page.frames()
    assert check(page)["labels"] == "0 1 1 0"


@pytest.mark.browser
def test_gradient_step_and_way_back(page):
    before = check(page)
    h, g = (numbers(before[name]) for name in ("embeddings", "gradient"))
    page.tab.get_by_role("button", name="One gradient step").click()
    page.frames()
    after = check(page)
    np.testing.assert_allclose(numbers(after["embeddings"]), h - RATE * g, atol=1e-12)
    assert float(after["sum"]) < float(before["sum"])
    page.tab.get_by_role("button", name="Back to the start").click()
    page.frames()
    assert check(page)["embeddings"] == before["embeddings"]


@pytest.mark.browser
def test_plane_grows_with_points_that_go_far(page):
    page.tab.get_by_role("button", name="squared ℓ2, m = 1000").click()
    step = page.tab.get_by_role("button", name="One gradient step")
    reaches = []
    for _ in range(14):
        step.click()
        page.frames()
        reaches.append(float(check(page)["reach"]))
    assert reaches == sorted(reaches) and reaches[0] == 3 and reaches[-1] >= 15
    drawn = check(page)
    h = numbers(drawn["embeddings"]).reshape(-1, 2)
    labels = numbers(drawn["labels"])
    lesion, background = h[labels == 1], h[labels == 0]
    apart = np.linalg.norm(lesion[:, None] - background, axis=-1)
    assert apart.min() ** 2 >= 1000  # the margin, and no wall before it
    assert np.linalg.norm(np.diff(lesion, axis=0)) < 0.1
    drag(page, 0, (0, 0))
    assert float(check(page)["reach"]) <= reaches[-1]
    page.tab.get_by_role("button", name="Back to the start").click()
    page.frames()
    assert check(page)["reach"] == "3"


def drag(page, point, target, steps=6):
    """Drag a point with the mouse to `target`, given in embeddings' units."""
    tab = page.tab
    box = tab.locator(".rfe-plane > svg").bounding_box()
    unit = box["width"] / 2 / 1.06 / float(page.drawn()["reach"])
    at = numbers(page.drawn()["embeddings"]).reshape(-1, 2)[point]
    x, y = ([box["x"] + box["width"] / 2 + unit * p[0], box["y"] + box["height"] / 2 - unit * p[1]]
            for p in (at, target))  # fmt: skip
    tab.mouse.move(*x)
    tab.mouse.down()
    tab.mouse.move(*y, steps=steps)
    tab.mouse.up()
    page.frames()


@pytest.mark.browser
@pytest.mark.frames
def test_dragging_through_random_states_is_quick(page):
    generator = np.random.default_rng(5)
    for n in range(8):
        page.choose("Distance d", NAMES[n % 4][1])
        target = generator.uniform(-1.4, 1.4, 2)
        drag(page, 0, target)
        drawn = check(page)
        np.testing.assert_allclose(numbers(drawn["embeddings"])[:2], target, atol=0.03)
        assert page.status().startswith(f"{NAMES[n % 4][1]}, margin 1, scale 1: loss ")
    drag(page, 0, (2.9, -4))
    np.testing.assert_allclose(numbers(check(page)["embeddings"])[:2], (2.9, -3), atol=0.02)
    assert page.count_frames("pair_view") > 16


@pytest.mark.browser
def test_touch_moves_a_point(page):
    client = page.tab.context.new_cdp_session(page.tab)
    box = page.tab.locator(".rfe-point .rfe-touch").first.bounding_box()
    unit = page.tab.locator(".rfe-plane > svg").bounding_box()["width"] / 2 / 1.06 / 3
    x, y = box["x"] + box["width"] / 2 + 8, box["y"] + box["height"] / 2  # beside the mark
    before = numbers(check(page)["embeddings"])[:2]
    client.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    )
    for moved in (20, 60):
        points = [{"x": x, "y": y + moved}]
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
        page.frames()
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.frames()
    after = numbers(check(page)["embeddings"])[:2]
    np.testing.assert_allclose(after, before - [0, 60 / unit], atol=0.011)


def test_start_and_presets_are_sound():
    view = pair_view(label="x")
    assert len(POINTS) == len(LABELS) and set(LABELS) == {0, 1}
    assert {name for name, _ in NAMES} == set(DISTANCES)
    assert view.points == [list(point) for point in POINTS]
    state = json.dumps({name: getattr(view, name) for name in ("names", "presets", "points")})
    assert len(state) < 2000
