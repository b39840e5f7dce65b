"""Chapter 04: its widget on the built page, and what its text says about numbers."""

import numpy as np
import pytest
import torch

from rfe_book.widgets.pair_view import MARGINS, NAMES, PRESETS
from rfe_core.losses import embedding_loss

NAME = "04-embedding"


def numbers(text):
    return np.fromstring(text, sep=" ")


def check(page):
    """Compare what the page shows with Python's Eq. 2 and its gradient; return what is drawn."""
    drawn = page.drawn()
    n = int(drawn["count"])
    h = torch.tensor(numbers(drawn["embeddings"]).reshape(n, 2), requires_grad=True)
    y = torch.tensor(numbers(drawn["labels"]))
    adjacency = y[:, None] == y
    settings = {"distance": drawn["distance"], "margin": float(drawn["margin"])}
    for reduction in ("sum", "per_embedding", "mean"):
        loss = embedding_loss(h, adjacency, reduction=reduction, **settings)
        assert float(drawn[reduction]) == pytest.approx(loss.item(), rel=1e-9, abs=1e-12)
    (gradient,) = torch.autograd.grad(embedding_loss(h, adjacency, **settings), h)
    np.testing.assert_allclose(numbers(drawn["gradient"]).reshape(n, 2), gradient, atol=1e-8)
    shown = page.tab.locator(".rfe-tables table").nth(2).locator("tbody tr")
    assert shown.count() == n * (n - 1) // 2
    return drawn


@pytest.mark.browser
def test_every_control_on_the_page(page_for):
    page = page_for(NAME)
    assert check(page)["distance"] == "cosine"
    for distance, name in reversed(NAMES):
        page.choose("Distance d", name)
        assert check(page)["distance"] == distance
    page.press_slider("Margin m", "ArrowRight", times=2)
    assert float(check(page)["margin"]) == MARGINS[MARGINS.index(1.0) + 2]
    before = check(page)
    page.press_slider("Scale of all", "ArrowLeft", times=4)
    after = check(page)
    assert float(after["scale"]) < 1
    assert float(after["sum"]) == pytest.approx(float(before["sum"]))  # scale invariance
    page.press_slider("Embeddings", "ArrowRight")
    assert check(page)["count"] == "5"
    for preset in PRESETS:
        page.tab.get_by_role("button", name=preset["name"]).click()
        page.frames()
        drawn = check(page)
        expected = NAMES[preset["distance"]][0], MARGINS[preset["margin"]]
        assert (drawn["distance"], float(drawn["margin"])) == expected
    page.tab.locator(".rfe-point").nth(1).press("ArrowLeft")
    page.frames()
    moved = numbers(check(page)["embeddings"])[2:4] - numbers(drawn["embeddings"])[2:4]
    np.testing.assert_allclose(moved, [-0.1, 0], atol=0.006)  # and onto the grid of hundredths
    for button in ("One gradient step", "Back to the start"):
        page.tab.get_by_role("button", name=button).click()
        page.frames()
        check(page)
    assert "as a mean" in page.status()


@pytest.mark.browser
def test_text_and_figures_of_the_page(page_for):
    tab = page_for(NAME).tab
    text = tab.locator("article").inner_text()
    assert "nan" not in text and "{glue" not in text and "not on the margin" not in text
    for name in ("fig-framework", "fig-distances", "fig-forces", "fig-adjacency"):
        assert tab.locator(f"#{name} img").count() == 1
    assert tab.locator("#tab-reductions tbody tr").count() == 3
