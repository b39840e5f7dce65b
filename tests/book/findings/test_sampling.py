"""What chapter 05 says, of batches, draws and rows whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from rfe_book.findings import sampling as findings


def test_pairs_of_a_batch():
    found = findings.pairs(12 * 128 * 128)
    assert (found.pixels, found.billions, found.gigabytes) == ("196,608", "38.7", "155")


def test_pixels_with_a_gradient():
    found = findings.gradients(np.array([[0, 1.0, 2.0]]), np.ones((40, 50)))
    assert (found.touched, found.reached, found.pixels) == (2, "2,000", "2,000")
    with pytest.raises(ValueError, match="the network spreads"):
        findings.gradients(np.ones(3), np.ones(3))


def test_a_batch_and_what_it_is_asked_for():
    labels = torch.tensor([0] * 950 + [1] * 50 + [-1] * 500)
    found = findings.batch(labels)
    assert (found.lesion, found.share, found.aware_20, found.aware_2000) == ("50", "5.0", 1, 100)


def normal(n_e, exact, slope=-0.5, shift=0.0, draws=400):
    generator = np.random.default_rng(0)
    width = np.array(n_e, float) ** slope
    return np.array(exact) + width * (shift + generator.standard_normal((draws, len(n_e))))


def test_scatter_of_draws_about_their_exact_values():
    n_e, exact = (20, 200, 2000), (0.5, 0.6, 0.7)
    found = findings.scatter(n_e, {"a": normal(n_e, exact)}, {"a": exact})
    assert found.means == 3 and float(found.off) < 4
    assert found.wider in ("9", "10", "11")
    assert found.flattest == found.steepest and found.flattest.startswith(("−0.49", "−0.5"))


@pytest.mark.parametrize("changes", [{"shift": 1.0}, {"slope": -0.1}])
def test_scatter_that_the_chapter_must_not_report(changes):
    n_e, exact = (20, 200, 2000), (0.5, 0.6, 0.7)
    with pytest.raises(ValueError, match="the chapter must not say"):
        findings.scatter(n_e, {"a": normal(n_e, exact, **changes)}, {"a": exact})


def rows(aware_lesion=0):
    lines = []
    for kind in ("12 B", "6 A + 6 B"):
        for batch in range(4):
            for n_e in (20, 2000):
                few = aware_lesion if n_e == 20 else n_e // 50
                for strategy, lesion in (("50/50", n_e // 2), ("distribution-aware", few)):
                    lines.append((kind, batch, strategy, n_e, n_e - lesion, lesion))
    columns = ["batch_of", "batch", "strategy", "n_e", "drawn_background", "drawn_lesion"]
    about = {"profile": "made up", "seed": 0, "pixels": 10_000, "lesion_pixels": 200}
    about |= dict.fromkeys(("phantom_version", "code_version", "torch", "hardware", "date"), "x")
    return pd.DataFrame(lines, columns=columns).assign(**about)


def test_claim_13_in_words():
    found = findings.drawn(rows())
    assert found.verdict == found.verdict_mixed == "reproduced"
    assert (found.over, found.under, found.share, found.few) == ("25", "100", "2.0", "0.4")
    assert "profile made up" in found.made


def test_a_fair_draw_is_not_called_too_few():
    with pytest.raises(ValueError, match="mostly draws too few"):
        findings.drawn(rows(aware_lesion=1))


def test_odds_of_a_lesion_that_is_the_only_one():
    labels = torch.tensor([0] * 100 + [1] * 20)
    found = findings.odds(labels, size=1, n_e=50, steps=2)  # ten of twenty are drawn
    assert (found.once, found.often, found.steps) == ("50", "75", 2)
