"""What chapter 05 says, of batches, draws and rows whose answers are known."""

from types import SimpleNamespace

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
    assert (found.pulls_background, found.fifth) == ("90", "4")


def test_50_50_runs_out_of_lesion_pixels():
    def view(centre):
        counts = [[10, 10, 10, 10], [30, 30, 30, 20], [90, 90, 90, 20]]
        tables = {"centre": [[0.0, 0.0, 0.0], centre]}
        return SimpleNamespace(
            strategies=["80/20", "50/50"], counts=[[], counts], measures=[tables]
        )

    assert findings.runs_out(view([0.2, 0.3, 0.4])).lesion == 20
    with pytest.raises(ValueError, match="the exact value climbs then"):
        findings.runs_out(view([0.2, 0.3, 0.25]))


DIAL = ("distribution-aware", "4x", "50/50")


def of_shares(recall=(0.4, 0.6, 0.8), precision=(0.9, 0.8, 0.5), f=(0.5, 0.7, 0.6)):
    """Rows of three shares, and others that must not count."""
    lines = []
    for strategy, *means in zip(DIAL, recall, precision, f, strict=True):
        name = f"{strategy} ACD all margin 1"
        for seed, off in ((0, -0.1), (1, 0.1)):
            lines.append((name, seed, "paired", "B", *(m + off for m in means)))
        lines.append((name, 0, "paired", "A", 0, 0, 0))
        lines.append((name, 0, "test", "B", 0, 0, 0))
    lines.append(("80/20 ACD 20", 0, "paired", "B", 1, 1, 1))
    columns = ["model", "seed", "role", "domain", "recall", "precision", "f_score"]
    return pd.DataFrame(lines, columns=columns)


def test_what_turning_the_dial_does():
    found = findings.turned(of_shares(), DIAL)
    assert (found.recall_first, found.recall_last) == ("0.40", "0.80")
    assert (found.precision_first, found.precision_last) == ("0.90", "0.50")
    assert (found.best, found.f_first, found.f_best, found.f_last) == ("4x", "0.50", "0.70", "0.60")
    assert (found.trainings, found.margin_36) == (2, "0.5")


def test_shares_that_are_not_told_apart_are_both_named():
    rows = of_shares()
    other = rows[rows["model"] == "4x ACD all margin 1"]
    other = other.assign(model="2x ACD all margin 1", recall=other["recall"] - 0.1)
    other = other.assign(precision=other["precision"] + 0.05, f_score=other["f_score"] - 0.01)
    found = findings.turned(pd.concat([rows, other]), ("distribution-aware", "2x", "4x", "50/50"))
    assert (found.best, found.f_best) == ("2x and 4x", "0.69 and 0.70")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recall": (0.4, 0.3, 0.8)}, "recall rises"),
        ({"precision": (0.9, 0.8, 0.85)}, "precision falls"),
        ({"f": (0.5, 0.6, 0.7)}, "between the ends"),
    ],
)
def test_what_the_dial_must_not_be_said_to_do(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        findings.turned(of_shares(**changes), DIAL)


def normal(n_e, exact, slope=-0.5, shift=0.0, draws=400):
    generator = np.random.default_rng(0)
    width = np.array(n_e, float) ** slope
    return np.array(exact) + width * (shift + generator.standard_normal((draws, len(n_e))))


def test_scatter_of_draws_about_their_exact_values():
    n_e, exact = (20, 200, 2000), (0.5, 0.6, 0.7)
    found = findings.scatter(n_e, {"a": normal(n_e, exact)}, {"a": exact})
    assert found.means == 3 and float(found.off) < 4
    assert found.wider in ("9", "10", "11")
    assert found.slopes.startswith(("all −0.49", "all −0.5"))
    both = {"a": normal(n_e, exact), "b": normal(n_e, exact, slope=-0.7)}
    assert findings.scatter(n_e, both, dict.fromkeys(both, exact)).slopes.startswith("between −0.")


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
