"""What chapter 07 says, of made-up rows whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import sweep_rows

from rfe_book.findings import plane, proof_search
from rfe_book.findings import proof as findings
from rfe_book.tables import proof as tables
from rfe_study.claims import proof as claims
from rfe_study.claims.rows import by_model
from rfe_study.methods.proof import proof_of_concept


def f_score(method, seed):
    """ACD gains 0.1 over the control's 0.5, l2 loses 0.1, labels gain 0.2."""
    base = 0.5 + 0.02 * seed
    if method.name == "labels of B":
        return base + 0.2
    term = method.embedding
    if term is None or term.weight == 0:
        return base
    return base + (0.1 if term.distance == "cosine" else -0.1)


@pytest.fixture(scope="module")
def scores():
    return sweep_rows.scores(f_score)


@pytest.fixture(scope="module")
def values(scores):
    return by_model(scores, sweep_rows.models())


@pytest.fixture(scope="module")
def judged(scores):
    return claims.judge(scores, sweep_rows.models(), generator=np.random.default_rng(0), draws=100)


def test_experiment_counts(scores):
    found = findings.experiment(proof_of_concept(), scores)
    assert (found.models, found.beside, found.seeds, found.patients) == (60, 24, 3, 8)


def test_gains_are_over_the_control(values):
    found = findings.gains(values, generator=np.random.default_rng(0))
    assert (found.reads_ACD, found.reads_l2) == ("better than", "worse than")
    assert found.gain_ACD == "0.100 (0.100 to 0.100)"
    assert found.gain_l2 == "−0.100 (−0.100 to −0.100)"
    assert found.b_images == found.statistics == "not told apart from"
    assert found.f_labels == f"{values['labels of B'].mean():.2f}"
    assert found.above == 18 and " ACD " in found.best and " l2 " in found.worst


def test_a_changed_row_changes_what_is_said(scores):
    lower = scores.copy()
    lower.loc[lower["model"] == "no embedding", "f_score"] -= 0.05
    values = by_model(lower, sweep_rows.models())
    found = findings.gains(values, generator=np.random.default_rng(0))
    assert found.gain_ACD == "0.150 (0.150 to 0.150)"
    assert found.gain_l2 == "−0.050 (−0.050 to −0.050)"
    with pytest.raises(ValueError, match="does not always help"):
        none = {"no embedding": values["no embedding"] - 0.1}
        findings.gains(values | none, generator=np.random.default_rng(0))
    assert float(found.f_none) == pytest.approx(values["no embedding"].mean(), abs=0.005)


def test_an_example_of_pairs(values):
    found = findings.points(values)
    assert (found.gain_good, found.gain_bad) == ("+0.10", "+0.10")
    assert float(found.apart) == pytest.approx(
        float(found.control_good) - float(found.control_bad), abs=0.011
    )


def parts(**recall):
    """Rows of `summary` in which a strategy trades precision for recall; the control has 0.7."""
    rows = {}
    for method in proof_of_concept():
        strategy = getattr(method.embedding, "strategy", "")
        gain = recall.get(findings.SHORT.get(strategy, ""), 0)
        gain = 0 if method.group != "rfe" else gain
        rows[method.name] = {"recall": 0.7 + gain, "precision": 0.7 - gain}
    return pd.DataFrame(rows).T


def test_strategies_are_operating_points():
    found = findings.strategies(parts(half=0.2, fifth=0.1, aware=-0.05))
    assert (found.recall_half, found.precision_half) == ("+0.20", "−0.20")
    assert found.recall == "50/50, 80/20, distribution-aware"
    assert found.precision == "distribution-aware, 80/20, 50/50"
    with pytest.raises(ValueError, match="finds most invents most"):
        findings.strategies(parts(half=-0.2, fifth=0.1))


def test_n_e_says_where_f_rises(judged, values):
    found = findings.n_e(judged["all 8"], values)
    assert (found.rises, found.open) == ("none", "none")
    assert found.level == "50/50, distribution-aware and 80/20"
    assert found.heavier == "perhaps more steeply (undecided)"
    assert (found.threshold, found.sum_20, found.equal_at) == ("0.005", "+0.00", 200)


def test_distance_and_lengths(judged):
    found = findings.distance(judged["all 8"], sweep_rows.curves(growth=0.1))
    assert (found.acd, found.worse) == ("ahead of", "reproduced")
    assert found.acd_minus_l2 == "0.200 (0.200 to 0.200)"
    assert (found.lesion_ACD, found.lesion_l2, found.background_l2) == ("1.0", "2.4", "1.0")


def test_margins_make_lengths():
    index = pd.MultiIndex.from_product([["l2"], [5.0, 20.0, 1000.0]])
    table = pd.DataFrame({"lesion": [5.0, 15.0, 70.0], "F": [0.6, 0.62, 0.58]}, index)
    found = findings.margins(table)
    assert (found.long_5, found.long_1000, found.f_20) == ("5.0", "70.0", "0.62")
    with pytest.raises(ValueError, match="the longer"):
        findings.margins(table.assign(lesion=[5.0, 4.0, 70.0]))


def test_seeds_agree(judged, values):
    found = findings.seeds(judged["all 8"], values, 0.08)
    assert (found.alike, found.ranked, found.planned) == ("1.00", "reproduced", "0.028")
    assert found.each == "reproduced" and found.scatter == "0.000"


def test_claims_of_both_sets(judged):
    found = findings.claims(judged)
    words = tables.overall_table(judged)
    assert found.all_2 == words.loc[2, "all 8"] == "not reproduced"
    assert found.two_4 == words.loc[4, "paper's 2"]


def grid(f_of):
    """Rows of a search: F by distance, weight and margin."""
    rows = []
    for distance, weights, margins in (
        ("ACD", (1, 10, 100), (0.5, 0.75, 1)), ("l2", (0.01, 0.1, 1), (5, 20, 1000)),
    ):  # fmt: skip
        for weight in weights:
            for margin in margins:
                f = f_of(distance, weight, margin)
                model = f"{distance} weight {weight:g} margin {margin:g}"
                rows.append({"model": model, "f_score": f, "seed": 0})
    return pd.DataFrame(rows)


def test_search_ranks_what_was_chosen():
    second = grid(lambda d, w, m: 0.7 if (d, w, m) == ("ACD", 10, 0.5) else 0.6 - m / 1e4 + w / 100)
    found = proof_search.search(second, grid(lambda d, w, m: 0.3))
    assert (found.chosen_ACD, found.rank_ACD) == ("λ = 10, m = 0.5", "number 4")
    assert (found.rank_l2, found.l2_papers, found.far_first) == ("best", "0.50", "0.30")


def test_cost_of_a_step():
    born = {"hardware": "cpu", "torch": "2", "code_version": "abc", "date": "2026-01-01"}
    names = ["no embedding", "ACD, n_E = 2000, margin 1", "l2, n_E = 2000, margin 5",
             "ACD, all pixels"]  # fmt: skip
    steps = pd.DataFrame({"variant": names, "seconds": 0.16, "ratio": [1, 1.04, 1.12, 1.2]})
    found = proof_search.cost(steps.assign(**born), sweep_rows.curves(), sweep_rows.models())
    assert (found.plain, found.ACD, found.l2, found.everything) == ("160", "4", "12", "20")
    assert (found.short_half, found.few, found.made) == (
        "0",
        "8.0",
        "cpu; PyTorch 2; code abc; 2026-01-01",
    )


def test_cosines_before_and_after():
    x, y = np.tile([1.0, 0.0], (3, 1)), np.tile([0.0, 1.0], (3, 1))
    before = {("before", d, c): x for d in "AB" for c in ("background", "lesion")}
    before["before", "B", "lesion"] = (x + y) / 2**0.5
    after = {("after", d, c): z for d in "AB" for c, z in (("background", x), ("lesion", y))}
    table = plane.cosines(before | after)
    assert table["after"].tolist() == pytest.approx([1, 1, 0, 0])
    found = plane.plane(table)
    assert (found.lesions_before, found.lesions_after) == ("0.71", "1.00")
    assert (found.apart_before, found.apart_after) == ("0.71", "0.00")
    with pytest.raises(ValueError, match="point the same way"):
        plane.plane(table.rename(columns={"before": "after", "after": "before"}))


def test_plane_is_that_of_the_first_stage():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(20, 3)) * [1, 1, 0]
    groups = {("before", d, c): flat for d in "AB" for c in ("background", "lesion")}
    groups |= {("after", *key[1:]): flat + np.array([0, 0, 5]) for key in groups}
    found = plane.in_plane(groups, 5, seed=0)
    before, after = found["before"]["A"]["lesion"], found["after"]["A"]["lesion"]
    assert before.shape == (5, 2)
    np.testing.assert_allclose(before, after, atol=1e-9)  # what leaves the plane is not seen
