"""What chapter 10 says, of made-up samples and rows whose answers are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sweep_rows
import torch

from rfe_book.findings import exact as findings
from rfe_book.findings import exact_headline
from rfe_book.tables import exact as tables
from rfe_core.sampling import STRATEGIES
from rfe_study.claims import headline
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import Verdict
from rfe_study.measures.gradient_noise import Comparison
from rfe_study.methods.proof_of_concept import N_E

STOPS = [*N_E, 5000]


def compared(noise=1.0, exact=None):
    """Samples around the exact loss of each strategy; errors are 5 over the root of n_E."""
    exact = exact or {"50/50": 0.3, "distribution-aware": 0.1, "80/20": 0.2}
    scatter = np.array([-1.0, 1.0] * 10)[:, None] * noise
    errors = 5 / np.sqrt(STOPS) * np.ones((20, 1))
    found = {}
    for strategy in STRATEGIES:
        values = np.array([exact[strategy]] * len(N_E) + [0.11])
        drawn = [(n // 2, n // 2) for n in N_E] + [(4500, 500)]
        found[strategy] = Comparison(drawn, drawn, values, values + 0.01 * scatter, errors)
    return found


def test_table_has_counts_and_all_pixels():
    table = findings.three_losses(compared(), STOPS, 1000)
    assert table.loc["80/20"].tolist() == [500, 500, 0.2, 50]
    assert table.loc["all pixels"].tolist() == pytest.approx([4500, 500, 0.11, 18])


def test_samples_say_losses_and_errors():
    found = findings.samples(compared(), STOPS, 1000)
    assert (found.loss_half, found.loss_aware, found.loss_fifth) == ("0.300", "0.100", "0.200")
    assert (found.loss_all, found.draws, found.apart) == ("0.110", 20, "0.0")
    assert found.slope == "−0.50"
    assert (found.error_100_low, found.error_100_high) == ("50", "50")


def test_samples_refuse_what_is_not_so():
    swapped = {"50/50": 0.1, "distribution-aware": 0.3, "80/20": 0.2}
    with pytest.raises(ValueError, match="come closest"):
        findings.samples(compared(exact=swapped), STOPS, 1000)
    off = {name: c._replace(losses=c.losses + 1) for name, c in compared().items()}
    with pytest.raises(ValueError, match="what the exact form says"):
        findings.samples(off, STOPS, 1000)
    flat = {name: c._replace(errors=np.ones_like(c.errors)) for name, c in compared().items()}
    with pytest.raises(ValueError, match="one over the root"):
        findings.samples(flat, STOPS, 1000)
    exactly = {name: c._replace(errors=c.errors / 100) for name, c in compared().items()}
    with pytest.raises(ValueError, match="very noisy"):
        findings.samples(exactly, STOPS, 1000)


def test_same_up_to_rounding():
    one, gradient = torch.tensor(2.0, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    found = findings.same(one * (1 + 2e-15), one, [gradient, gradient])
    assert (found.value, found.gradient) == ("2e-15", "0e+00")
    with pytest.raises(ValueError, match="is the double sum"):
        findings.same(one, one, [gradient, 2 * gradient])


def timed(exact=0.1):
    """Pairs take n_E squared microseconds, a library twice that, the exact form its own time."""
    made = {"hardware": "cpu", "torch": "2", "code_version": "abc", "date": "2026-01-01"}
    rows = []
    for n_e in (1000, 2000):
        rows += [("pytorch-metric-learning", n_e, 2e-6 * n_e**2), ("z @ z.T", n_e, 1e-6 * n_e**2)]
    rows += [("label form, signed", n, 1e-9 * n**2) for n in (1000, 20_000)]
    rows += [("exact form", n, exact * n / findings.WHOLE) for n in (1000, 4000, findings.WHOLE)]
    return pd.DataFrame(rows, columns=["variant", "n_e", "seconds"]).assign(**made)


def test_costs():
    found = findings.costs(timed())
    assert (found.whole_pixels, found.whole_ms, found.pairs_2000_ms) == ("196,608", "100", "4000")
    assert (found.pairs_minutes, found.pieces_seconds, found.ten_seconds) == ("644", "39", "3,162")
    assert (found.than_library, found.than_plain) == ("15729", "7864")
    assert found.made.endswith("2026-01-01")
    with pytest.raises(ValueError, match="milliseconds for all pixels"):
        findings.costs(timed(exact=2))


#: Precision, recall, F and average precision of the exact loss by ratio.
BY_RATIO = {
    "distribution-aware": (0.8, 0.5, 0.6, 0.6),
    "2x": (0.7, 0.6, 0.65, 0.65),
    "4x": (0.6, 0.7, 0.64, 0.7),
    "80/20": (0.5, 0.8, 0.6, 0.71),
    "50/50": (0.4, 0.9, 0.3, 0.7),
}

PARTS = ("precision", "recall", "f_score", "average_precision")


def trained(seeds=(0, 1), **changes):
    """Scores and models: exact forms as `BY_RATIO` says; others have F .5, n_E = 2000 .66."""
    scores = sweep_rows.scores(seeds=seeds).assign(average_precision=0.5, f_score=0.5)
    scores.loc[scores["model"].str.contains("ACD 2000"), "f_score"] = 0.66
    for ratio, values in (BY_RATIO | changes).items():
        where = scores["model"] == f"{ratio} ACD all margin 1"
        scores.loc[where, list(PARTS)] = values
    return scores, sweep_rows.models(seeds=seeds)


def by_ratio(scores, models):
    table = tables.by_ratio(scores, models, sweep_rows.curves())
    table.loc[list(tables.RATIOS), "lesion (%)"] = 2, 4, 8, 20, 50
    return table


def test_ratios_say_what_moves():
    scores, models = trained()
    found = findings.ratios(scores, models, by_ratio(scores, models))
    assert (found.sure, found.open) == ("natural, 2x, 4x and 80/20", "50/50")
    assert found.f_by == "0.040 (0.040 to 0.040)"
    assert (found.ap_by, found.f_4x) == ("−0.010 (−0.010 to −0.010)", "0.64")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"2x": (0.7, 0.4, 0.65, 0.65)}, "the more is found"),
        ({"2x": (0.9, 0.6, 0.65, 0.65)}, "the less is right"),
        ({"80/20": (0.5, 0.8, 0.7, 0.71)}, "between natural and 80/20"),
        ({"distribution-aware": (0.8, 0.5, 0.6, 0.8)}, "ranks worst"),
        ({"80/20": (0.5, 0.8, 0.6, 0.69)}, "by average precision it is not"),
        ({"80/20": (0.5, 0.8, 0.6, 0.65)}, "the order stays"),
    ],
)
def test_ratios_refuse_what_is_not_so(changes, sentence):
    scores, models = trained(**changes)
    with pytest.raises(ValueError, match=sentence):
        findings.ratios(scores, models, by_ratio(scores, models))


def perfect(gain):
    """All pixels beside samples of 100 with a perfect prior, on each target."""
    heads = [f"paired{k:02d}" for k in range(1, 5)]
    f = {"RFE, perfect prior": 0.5, "RFE, perfect prior, all pixels": 0.5 + gain}
    found = {
        (target, model, "f_score"): pd.DataFrame([[value] * 4] * 2, columns=heads)
        for target in "BCD"
        for model, value in f.items()
    }
    return Scores(tables=found)


def test_samples_beside_all_pixels():
    scores, models = trained()
    many = "80/20 ACD 2000 margin 1"
    scores.loc[scores["model"] == many, "f_score"] = 0.61
    found = findings.sampled(scores, models, perfect(0.01))
    assert (found.by_20, found.seeds_20) == ("0.100 (0.100 to 0.100)", 2)
    assert (found.verdict, found.by_2000) == ("no relevant effect", "−0.010 (−0.010 to −0.010)")
    assert (found.again, found.again_by) == ("no relevant effect", "+0.010 (0.010 to 0.010)")
    assert (found.best, found.best_f, found.best_sampled_f) == ("2x ACD all", "0.65", "0.66")
    assert (found.more_half, found.more_seeds) == ("0.160 (0.160 to 0.160)", "2")
    one = (models["model"] == many) & (models["seed"] == 1)
    with pytest.raises(ValueError, match="all pixels are not ahead of every sample"):
        findings.sampled(scores, models[~one], perfect(0.01))
    fewer = scores.assign(f_score=scores["f_score"].mask(scores["model"] == "50/50 ACD 2000", 0.5))
    with pytest.raises(ValueError, match="more pixels help 50/50"):
        findings.sampled(fewer, models, perfect(0.01))
    scores, models = trained(**{"4x": (0.6, 0.7, 0.7, 0.7)})
    with pytest.raises(ValueError, match="not ahead of the best sample"):
        findings.sampled(scores, models, perfect(0.01))
    with pytest.raises(ValueError, match="a hundred pixels do as well"):
        findings.sampled(*trained(), perfect(0.1))


def verdict(part, estimate, outcome, **about):
    numbers = {"estimate": estimate, "low": estimate - 0.1, "high": estimate + 0.1}
    numbers |= {"p_above": 0.5, "p_below": 0.5, "threshold": 0.8}
    return Verdict(
        claim="x", part=part, statistic="share of a gap", verdict=outcome, **numbers, **about
    )


def shares(mean="contradicted", without="contradicted"):
    beside = {"main": False}
    return {
        headline.WITH_PERFECT: [
            verdict("B, 200 crops: at least 80%", 0.9, "reproduced", **beside),
            verdict("RFE, mean of B, C, D", 0.4, mean),
            *(verdict(f"{d}: RFE", v, "undecided", **beside) for d, v in (("B", 0.7), ("D", 0.5))),
            verdict("C: RFE", np.nan, "undecided", **beside),
        ],
        headline.WITH_V1: [
            verdict("RFE", -0.3, "contradicted"),
            verdict("B: RFE", 0.6, "reproduced", **beside),
        ],
        headline.WITHOUT_LABELS: [
            verdict("RFE", -0.2, without),
            verdict("B: RFE", -0.4, "contradicted", **beside),
        ],
    }


def test_headline():
    f = {"exact 1x": 0.5, "exact 2x": 0.6, "exact 4x": 0.55, "all pixels": 0.4}
    f = {f"RFE, perfect prior, {end}": v for end, v in f.items()}
    f["no embedding, crops at lesions"] = 0.65
    values = {model: pd.DataFrame([[v] * 2] * 2, columns=["x", "y"]) for model, v in f.items()}
    adapted = SimpleNamespace(targets=["B", "C"], values=lambda target: values)
    found = exact_headline.headline(shares(), adapted)
    assert (found.mean, found.B) == ("40% (30% to 50%)", "70% (60% to 80%)")
    assert (found.v1, found.v1_verdict) == ("−30% (−40% to −20%)", "contradicted")
    assert (found.without, found.without_verdict) == ("−20% (−30% to −10%)", "contradicted")
    assert (found.without_B, found.best_B) == ("−40% (−50% to −30%)", "2x")
    assert found.by_C == "−0.100 (−0.100 to −0.100)"
    assert found.v1_B == "60% (50% to 70%)"
    with pytest.raises(ValueError, match="out of reach"):
        exact_headline.headline(shares("reproduced"), adapted)
    with pytest.raises(ValueError, match="neither is what was promised"):
        exact_headline.headline(shares(without="undecided"), adapted)
