"""Chapter 06: the explorer shows the core's divergences, the text the verdicts of the rows."""

import re

import numpy as np
import pytest
import torch

from rfe_core import checkpoints, divergence, results, sampling, verdicts
from rfe_core.domains import Patient
from rfe_core.monte_carlo import draw
from rfe_core.volumes import phantom_subjects
from rfe_core.widgets.slice_draws import REDRAWS, slice_pixels, stops

BUDGET = 600_000


@pytest.fixture(scope="module")
def pixels():
    torch.set_num_threads(1)
    (subject,) = phantom_subjects([Patient("B", "dev", 4)], workers=0, progress=False)
    weights = results.DATA / "checkpoints" / "laptop-lower-seed0.safetensors"
    return slice_pixels(checkpoints.load_model(weights), subject, 97)


@pytest.mark.browser
def test_every_control(page_for, pixels):
    page = page_for("06-divergence")
    h = pixels.embeddings.numpy()

    def check(edges):
        drawn = page.drawn()
        sample = draw(
            pixels.labels,
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
    for n_e in stops(len(pixels.labels))[1:]:
        page.press_slider("n_E", "ArrowRight")
        assert check("own")["nE"] == str(n_e)
    times = page.tab.evaluate("performance.getEntriesByName('n_e_explorer').map(e => e.duration)")
    print(f"median frame {np.median(times):.1f} ms of {len(times)}")
    assert np.median(times) <= 16


@pytest.mark.browser
def test_page_is_light(page_for):
    page = page_for("06-divergence")
    own = {path: size for path, size in page.weights.items() if path.startswith("06-divergence")}
    print(own)
    assert 0 < sum(own.values()) <= BUDGET


@pytest.mark.browser
def test_verdicts_on_the_page_are_those_of_the_rows(page_for):
    rows = results.read("representativeness")
    rows = rows[rows["batch_of"] == "12 B"]
    generator = np.random.default_rng(0)
    published = verdicts.overall(verdicts.falls(rows, "own_flattened", generator=generator))
    beyond = verdicts.overall(verdicts.falls_beyond_null(rows, "channel", generator=generator))
    text = page_for("06-divergence").tab.locator("main").inner_text()
    assert f"As published, claim 1 is {published} with the released code’s binning" in text
    assert f"and {beyond} per channel" in text
