"""Chapter 06: the explorer shows the core's divergences, the text the verdicts of the rows."""

import re

import pytest

from rfe_book.findings import divergence as findings
from rfe_book.widgets.slice_draws import REDRAWS, stops
from rfe_core import divergence, sampling
from rfe_study import results
from rfe_study.measures.monte_carlo import draw

BUDGET = 600_000


@pytest.mark.browser
@pytest.mark.frames
def test_every_control(page_for, slice_of_b):
    page = page_for("06-divergence")
    h = slice_of_b.embeddings.numpy()

    def check(edges):
        drawn = page.drawn()
        sample = draw(
            slice_of_b.labels,
            int(drawn["nE"]),
            drawn["strategy"],
            seed=int(drawn["redraw"]),
            shortfall="all available",
        )
        assert drawn["drawn"] == " ".join(map(str, sample.drawn))
        own = h[sample.indices.numpy()]
        found = divergence.jensen_shannon(own, h, edges=edges, per="flattened")
        assert float(drawn["value"]) == pytest.approx(found, rel=1e-3, abs=1e-9)
        said = re.search(r"JSD ([\d.]+); perfect sample", page.status())
        assert float(said[1]) == pytest.approx(found, abs=1e-4)
        return drawn

    for strategy in sampling.STRATEGIES:
        page.choose("Strategy", strategy)
        assert check("shared")["strategy"] == strategy
    for redraw in range(1, REDRAWS + 1):
        page.choose("Draw", str(redraw))
        check("shared")
    page.choose("Edges", "own (released code)")
    check("own")
    page.choose("Show", "2-D cloud")
    assert check("own")["panel"] == "1"
    page.press_slider("n_E", "Home")
    for n_e in stops(len(slice_of_b.labels))[1:]:
        page.press_slider("n_E", "ArrowRight")
        assert check("own")["nE"] == str(n_e)
    assert page.count_frames("n_e_explorer") >= len(stops(len(slice_of_b.labels)))


@pytest.mark.browser
def test_page_is_light(page_for):
    page = page_for("06-divergence")
    assert 0 < page.own_weight("06-divergence") <= BUDGET


@pytest.mark.browser
def test_verdicts_on_the_page_are_those_of_the_rows(page_for):
    claim = findings.claim_1(results.read("representativeness"))
    text = page_for("06-divergence").tab.locator("main").inner_text()
    assert f"as the paper states it: {claim.of_b_own}." in text
    assert f"Does it fall by more than a perfect sample’s? {claim.answer}. {claim.meaning}" in text
