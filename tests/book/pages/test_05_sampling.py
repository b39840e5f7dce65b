"""Chapter 05: the explorer on its page shows what Python draws from the same slice."""

import re

import numpy as np
import pytest

from rfe_book.widgets.slice_draws import REDRAWS, stops
from rfe_core import sampling
from rfe_core.losses import label_embedding_loss
from rfe_study.measures.monte_carlo import draw
from rfe_study.methods.proof_of_concept import N_E

BACKGROUND, LESION = (86, 180, 233), (213, 94, 0)
BUDGET = 600_000


def check_drawn(page, pixels):
    """Counts, marked pixels and the loss of the state on the screen, against the core."""
    drawn = page.drawn()
    sample = draw(
        pixels.labels,
        int(drawn["nE"]),
        drawn["strategy"],
        seed=int(drawn["redraw"]),
        shortfall="all available",
    )
    assert drawn["wanted"] == " ".join(map(str, sample.wanted))
    assert drawn["drawn"] == " ".join(map(str, sample.drawn))
    if len(sample.indices) > 500:
        grid = page.canvas(0)[2::4, 2::4, :3].astype(int)
        marked = (grid == BACKGROUND).all(-1) | (grid == LESION).all(-1)
        assert set(np.flatnonzero(marked)) == set(pixels.places[sample.indices.numpy()])
    h, labels = pixels.embeddings[sample.indices], pixels.labels[sample.indices]
    loss = float(label_embedding_loss(h, labels, reduction="mean"))
    assert float(drawn["value"]) == pytest.approx(loss, abs=2e-4, rel=1e-3)
    return drawn


@pytest.mark.browser
@pytest.mark.frames
def test_every_control(page_for, slice_of_b):
    page = page_for("05-sampling")
    assert check_drawn(page, slice_of_b)["nE"] == "20"
    for strategy in sampling.STRATEGIES:
        page.choose("Strategy", strategy)
        assert check_drawn(page, slice_of_b)["strategy"] == strategy
    for redraw in range(1, REDRAWS + 1):
        page.choose("Draw", str(redraw))
        assert check_drawn(page, slice_of_b)["redraw"] == str(redraw - 1)
    page.press_slider("n_E", "Home")
    seen = [check_drawn(page, slice_of_b)["nE"]]
    for _ in stops(len(slice_of_b.labels))[1:]:
        page.press_slider("n_E", "ArrowRight")
        seen.append(check_drawn(page, slice_of_b)["nE"])
    assert seen == [str(n) for n in stops(len(slice_of_b.labels))]
    assert set(map(str, N_E)) < set(seen)
    assert page.count_frames("n_e_explorer") >= len(seen)


@pytest.mark.browser
def test_page_is_light(page_for):
    page = page_for("05-sampling")
    assert 0 < page.own_weight("05-sampling") <= BUDGET


@pytest.mark.browser
def test_verdicts_stand_on_the_page(page_for):
    text = page_for("05-sampling").tab.locator("main").inner_text()
    assert re.search(r"claim 13 is (reproduced|contradicted|undecided)", text)
