"""What chapter 07 says, of made-up rows whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import sweep_rows

from rfe_book.findings import plane, proof_of_concept_points, proof_of_concept_search
from rfe_book.findings import proof_of_concept as findings
from rfe_book.tables import proof_of_concept as tables
from rfe_book.tables.claims import overall_table
from rfe_book.words import signed
from rfe_study.claims import corner, operating_points
from rfe_study.claims import proof_of_concept as claims
from rfe_study.methods.proof_of_concept import ENDS, N_E, proof_of_concept

#: F that a strategy adds, and an exact share of lesion.
AHEAD = {"50/50": 0.02, "distribution-aware": 0.0, "80/20": 0.1}
EXACT = {"distribution-aware": 0.04, "2x": 0.06, "4x": 0.07, "80/20": 0.05, "50/50": 0.0}
#: What average precision has beside F, by strategy.
FREE = {"50/50": 0.14, "distribution-aware": 0.02, "2x": 0.03, "4x": 0.04, "80/20": 0.1}


def f_score(method, seed):
    """The control has .5, labels .7; F rises with n_E; the emptiest models fail and scatter."""
    generator = np.random.default_rng([seed, *method.name.encode()])
    noise = 0.01 * generator.standard_normal()
    term = method.embedding
    fixed = {"labels of B": 0.7, "labelled A only, statistics of B": 0.63, "no embedding": 0.5}
    if method.name in fixed or term is None:
        return fixed.get(method.name, 0.45) + noise / 10
    if method.group == "all pixels":
        return 0.5 + EXACT[term.strategy]
    at = N_E.index(term.n_e)
    step = 0.05 * (at if term.strategy == "80/20" or at != 3 else 0) / 5
    if term.strategy == "distribution-aware" and term.n_e == ENDS[0]:
        scatter = (-0.15, 0.15, 0)[seed]
        return 0.2 + scatter if term.distance == "cosine" else 0.25 - scatter
    return 0.52 + AHEAD[term.strategy] + step + noise / 10


@pytest.fixture(scope="module")
def scores():
    rows = sweep_rows.scores(f_score, sweep_rows.some_seeds)
    head = rows["subject"].str.extract(r"(\d+)$", expand=False).astype(int)
    rows["f_score"] += 0.002 * np.sin(head * (1 + rows["model"].str.len()))
    strategy = rows["model"].str.split(" ").str[0]
    free = strategy.map(FREE).fillna(0.05) - 0.02 * rows["model"].str.contains(" l2 ")
    rows["average_precision"] = rows["f_score"] + free
    rows["f_score_a"] = rows["f_score"] - strategy.map({"80/20": 0.03, "4x": 0.04}).fillna(0.0)
    return rows


@pytest.fixture(scope="module")
def models():
    return sweep_rows.models(sweep_rows.some_seeds)


@pytest.fixture(scope="module")
def points(scores, models):
    return tables.at_points(scores, models)


@pytest.fixture(scope="module")
def values(points):
    return points["at 0.5"]


@pytest.fixture(scope="module")
def judged(scores, models):
    return claims.judge(scores, models)


@pytest.fixture(scope="module")
def parts(judged):
    return judged["paired heads"]


def test_experiment_counts(scores):
    made = [(m.name, seed) for m in proof_of_concept() for seed in range(m.seeds)]
    models = pd.DataFrame(made, columns=["model", "seed"]).assign(status="finished")
    found = findings.experiment(proof_of_concept(), models, scores)
    assert (found.models, found.beside, found.heads, found.papers) == (68, 32, 40, 2)
    assert (found.many, found.few, found.one) == ("8", "3", "1")
    fewer = models[~((models["model"] == "80/20 l2 20") & (models["seed"] > 0))]
    with pytest.raises(ValueError, match="as many seeds as planned"):
        findings.experiment(proof_of_concept(), fewer, scores)
    gone = models.assign(status="diverged")
    with pytest.raises(ValueError, match="no training diverged"):
        findings.experiment(proof_of_concept(), gone, scores)


def test_gains_are_over_the_control(values):
    found = findings.gains(values)
    assert found.f_none == f"{values['no embedding'].to_numpy().mean():.3f}"
    assert {found.best, found.second} == {"80/20 ACD 2000", "80/20 l2 2000"}
    assert found.above == 34
    assert found.below == "“distribution-aware ACD 20” and “distribution-aware l2 20”"
    assert int(found.closed.split("%")[0]) == pytest.approx(85, abs=2)
    assert int(found.without.rstrip("%")) == pytest.approx(65, abs=2)


def test_gains_compare_the_seeds_that_all_have(values):
    lucky = values["80/20 ACD 20"] + np.array([[0], [0], [3]])  # in a seed that most lack
    more = pd.concat([values["80/20 ACD 2000"], values["80/20 ACD 2000"].loc[[2]].set_axis([9])])
    found = findings.gains({**values, "80/20 ACD 20": lucky, "80/20 ACD 2000": more * 1.0})
    assert found.best != "80/20 ACD 20" and (found.seeds, found.seeds_36) == (3, 2)
    low, middle, high = map(float, (found.f_none, found.f_fifth, found.f_labels))
    assert (middle - low) / (high - low) == pytest.approx(
        int(found.closed_alone.rstrip("%")) / 100, abs=0.01
    )


def test_gains_say_nothing_else_than_the_rows(values):
    none, labels = values["no embedding"], values["labels of B"]
    with pytest.raises(ValueError, match="does not always help"):
        findings.gains({**values, "no embedding": none - 0.5})
    with pytest.raises(ValueError, match="few lesion pixels"):
        findings.gains({**values, "50/50 l2 20": none - 0.1})
    with pytest.raises(ValueError, match="most of the gap"):
        findings.gains({**values, "labels of B": labels + 0.5})
    with pytest.raises(ValueError, match="more than half"):
        findings.gains({**values, tables.STATISTICS: none.loc[[0]]})


def test_an_example_of_pairs(values):
    control = values["no embedding"] + np.linspace(0, 0.3, 40)
    found = findings.pair({"no embedding": control, "80/20 ACD 2000": control + 0.1})
    assert (found.sd_gain, found.sd_control) == ("0.00", f"{control.loc[0].std(ddof=1):.2f}")


def test_n_e_says_how_far_f_rises(parts, values):
    found = findings.n_e(parts, values)
    assert found.rise_fifth.startswith("+0.05") and found.seeds == 1
    assert float(found.mean_ACD) == pytest.approx(0.05, abs=0.01)
    one, other = values["80/20 ACD 2000 sum/n"].loc[0], values["80/20 ACD 20 sum/n"].loc[0]
    assert found.sum_ACD == signed((one - other).mean(), 3)
    with pytest.raises(ValueError, match="adds little"):
        heavier = values["80/20 l2 2000 sum/n"] + 0.1
        findings.n_e(parts, {**values, "80/20 l2 2000 sum/n": heavier})


def test_only_one_strategy_rises_steadily(parts, values):
    low = values["80/20 ACD 500"] - 0.1
    with pytest.raises(ValueError, match="alone rises steadily"):
        findings.n_e(parts, {**values, "80/20 ACD 500": low})


def test_without_the_corner_verdicts_are_others(scores, models, judged):
    found = findings.without_corner(corner.judge(scores, models))
    whole = findings.claims(judged)
    assert (found.all_2, whole.all_2) == ("reproduced", "reproduced")
    assert (found.all_5, whole.all_5) == ("reproduced", "contradicted")


def test_the_papers_margin(values):
    models = ("80/20 ACD 20 margin 1", "80/20 ACD 200 margin 1")
    lower = {m: values[m.removesuffix(" margin 1")].loc[[0]] - 0.06 for m in models}
    searched = grid(lambda d, w, m: 0.7 - m / 10)
    found = proof_of_concept_points.margin_1({**values, **lower}, searched)
    assert (found.by_20, found.by_200) == ("0.06", "0.06")
    with pytest.raises(ValueError, match="smallest margin is best"):
        proof_of_concept_points.margin_1({**values, **lower}, grid(lambda d, w, m: m))
    with pytest.raises(ValueError, match="below statistics of B alone"):
        high = {tables.STATISTICS: values[tables.STATISTICS] - 0.2}
        proof_of_concept_points.margin_1({**values, **lower, **high}, searched)


def test_again_says_what_trainings_share(parts, values):
    found = findings.again(parts, values)
    assert (found.seeds, found.seeds_ends) == (2, 3)
    assert (found.ranked, found.same) == ("reproduced", "contradicted")
    assert float(found.rest[:5]) < 0.01 < float(found.differ[:5])
    assert float(found.spread) == pytest.approx(float(found.rest[:5]) / 2**0.5, abs=0.001)


def test_claims_of_both_sets(judged):
    found = findings.claims(judged)
    words = overall_table(judged)
    assert found.all_5 == words.loc[5, "paired heads"] == "contradicted"
    assert found.two_4 == words.loc[4, "paper's"]


def summary(**recall):
    """Rows of `summary` in which a strategy trades precision for recall; the control has 0.7."""
    rows = {}
    for method in proof_of_concept():
        strategy = getattr(method.embedding, "strategy", "")
        gain = recall.get(findings.SHORT.get(strategy, ""), 0)
        gain = 0 if method.group != "rfe" else gain
        rows[method.name] = {"recall": 0.7 + gain, "precision": 0.7 - gain}
    rows["no embedding"]["precision"] = 0.3
    return pd.DataFrame(rows).T


def test_strategies_are_operating_points():
    found = proof_of_concept_points.strategies(summary(half=0.2, fifth=0.1, aware=-0.05))
    assert (found.recall_half, found.precision_half) == ("+0.20", "+0.20")
    assert (found.recall_aware, found.precision_aware) == ("−0.05", "+0.45")
    with pytest.raises(ValueError, match="the more is found"):
        proof_of_concept_points.strategies(summary(half=-0.2, fifth=0.1))


def test_points_ask_the_same_thrice(scores, models):
    found = proof_of_concept_points.points(operating_points.judge(scores, models))
    assert found.half_AP == "ahead of"


def test_lead_is_made_of_two_ends(values):
    found = proof_of_concept_points.lead(values)
    assert (found.half_20[:5], found.half_2000[:5], found.aware_2000[:5]) == (
        "+0.08",
        "+0.08",
        "+0.10",
    )
    assert float(found.aware_20[:5]) == pytest.approx(0.42, abs=0.02)
    with pytest.raises(ValueError, match="most of the lead"):
        even = values["80/20 ACD 20"] - 0.1
        proof_of_concept_points.lead({**values, "distribution-aware ACD 20": even})


def test_shares_have_a_best_at_each_point(points):
    found = proof_of_concept_points.shares(points)
    assert float(found.ap_50) - float(found.f_50) == pytest.approx(0.14, abs=0.021)
    assert (found.margin, found.margin_36) == ("1", "0.5")
    with pytest.raises(ValueError, match="alike"):
        four = points["at 0.5"]["4x ACD all margin 1"] + 0.03
        half = {**points["at 0.5"], "4x ACD all margin 1": four}
        proof_of_concept_points.shares({**points, "at 0.5": half})
    with pytest.raises(ValueError, match="best lies between"):
        proof_of_concept_points.shares({**points, "at 0.5": points["threshold-free"]})


def test_distance_by_corners_and_lengths(parts, points):
    found = proof_of_concept_points.distance(parts, points, sweep_rows.curves(growth=0.1))
    assert (found.rest[1:], found.rougher_seeds) == ("0.00 (−0.00 to 0.00)", 2)
    assert found.rest_AP.startswith("+0.02") and found.rough == "no relevant effect"
    assert (found.lesion_ACD, found.lesion_l2) == ("1.0", "2.4")
    assert (found.of_all_ACD, found.of_all_l2) == ("1.0 to 1.0", "2.4 to 2.4")


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
                rows.append({"model": model, "f_score": f, "seed": 0, "subject": "Bdev1"})
    return pd.DataFrame(rows)


def test_search_says_what_was_chosen():
    best = {("ACD", 10, 0.5), ("l2", 0.1, 20)}
    found = proof_of_concept_search.search(
        grid(lambda *key: 0.7 if key in best else 0.6 - key[2] / 1e4)
    )
    assert (found.chosen_ACD, found.f_ACD) == ("λ = 10, m = 0.5", "0.70")
    assert (found.chosen_l2, found.l2_papers, found.heads) == ("λ = 0.1, m = 20", "0.50", 1)
    with pytest.raises(ValueError, match="best of nine"):
        proof_of_concept_search.search(grid(lambda d, w, m: m))


def test_margins_make_lengths():
    index = pd.MultiIndex.from_product([["l2"], [5.0, 20.0, 1000.0]])
    table = pd.DataFrame({"lesion": [5.0, 15.0, 70.0], "F": [0.6, 0.62, 0.58]}, index)
    found = proof_of_concept_search.margins(table)
    assert (found.long_5, found.long_1000) == ("5.0", "70.0")
    with pytest.raises(ValueError, match="the longer"):
        proof_of_concept_search.margins(table.assign(lesion=[5.0, 4.0, 70.0]))


def test_cost_of_a_step():
    born = {"hardware": "cpu", "torch": "2", "code_version": "abc", "date": "2026-01-01"}
    names = ["no embedding", "ACD, n_E = 2000, margin 1", "l2, n_E = 2000, margin 5",
             "ACD, all pixels"]  # fmt: skip
    steps = pd.DataFrame({"variant": names, "seconds": 0.16, "ratio": [1, 1.04, 1.12, 1.2]})
    found = proof_of_concept_search.cost(
        steps.assign(**born), sweep_rows.curves(), sweep_rows.models()
    )
    assert (found.plain, found.ACD, found.l2, found.everything) == ("160", "4", "12", "20")
    assert (found.short_half, found.few, found.made) == (
        "0",
        "8.0",
        "cpu; PyTorch 2; code abc; 2026-01-01",
    )


def test_cosines_before_and_after():
    x, y = np.tile([1.0, 0.0], (3, 1)), np.tile([0.0, 1.0], (3, 1))
    slant = 0.6 * x + 0.8 * y
    before = {("before", d, "lesion"): y for d in "AB"}
    before |= {("before", "A", "background"): x}
    before["before", "B", "background"] = 0.96 * x - 0.28 * y
    after = {("after", d, "background"): x for d in "AB"}
    after |= {("after", "A", "lesion"): slant, ("after", "B", "lesion"): 0.28 * x + 0.96 * y}
    table = plane.cosines(before | after)
    assert table["after"].tolist() == pytest.approx([0.936, 1, 0.6, 0.28])
    apart = {("before", "B"): 1.8, ("after", "B"): 2.13}
    found = plane.plane(table, apart)
    assert (found.parted_B_before, found.parted_B_after) == ("1.8", "2.1")
    assert (found.ground_before, found.ground_after) == ("0.96", "1.00")
    assert found.enough == "0.5"
    with pytest.raises(ValueError, match="come closer"):
        worse = table["before"].where(table["after"] > 0.9, 0.5)
        plane.plane(table.assign(before=worse), apart)
    with pytest.raises(ValueError, match="point one way"):
        plane.plane(table.rename(columns={"before": "after", "after": "before"}), apart)
    with pytest.raises(ValueError, match="parts them better"):
        plane.plane(table, apart | {("after", "B"): 1.0})


def test_classes_are_parted_by_the_best_direction():
    rng = np.random.default_rng(0)
    around = rng.normal(size=(2000, 3)) * [1, 5, 0]
    groups = {("s", "B", "lesion"): around + np.array([3, 0, 0]), ("s", "B", "background"): -around}
    assert plane.parted(groups)["s", "B"] == pytest.approx(3, abs=0.2)


def test_plane_is_that_of_the_first_stage():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(20, 3)) * [1, 1, 0]
    groups = {("before", d, c): flat for d in "AB" for c in ("background", "lesion")}
    groups |= {("after", *key[1:]): flat + np.array([0, 0, 5]) for key in groups}
    found = plane.in_plane(groups, 5, seed=0)
    before, after = found["before"]["A"]["lesion"], found["after"]["A"]["lesion"]
    assert before.shape == (5, 2)
    np.testing.assert_allclose(before, after, atol=1e-9)  # what leaves the plane is not seen
