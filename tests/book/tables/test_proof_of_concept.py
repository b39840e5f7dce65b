"""Tables of chapters 07 and 10, on made-up rows whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import sweep_rows

from rfe_book import words as book_words
from rfe_book.tables import proof_of_concept as tables
from rfe_book.tables import proof_of_concept_search
from rfe_book.tables.claims import overall_table
from rfe_study import results
from rfe_study.claims import comparisons
from rfe_study.claims.proof_of_concept import judge
from rfe_study.claims.rows import by_model, read
from rfe_study.methods.proof_of_concept import N_E, proof_of_concept


def f_score(method, seed):
    """ACD gains 0.1 over the control's 0.5, l2 loses 0.1; a seed adds the same to all."""
    base = 0.5 + 0.02 * seed
    term = method.embedding
    if term is None or term.weight == 0:
        return base
    return base + (0.1 if term.distance == "cosine" else -0.1)


@pytest.fixture(scope="module")
def scores():
    return sweep_rows.scores(f_score)


@pytest.fixture(scope="module")
def models():
    return sweep_rows.models()


def test_read_takes_one_experiment_of_one_profile(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    rows = pd.DataFrame({
        "profile": ["laptop", "smoke", "laptop", "laptop"],
        "experiment": ["search", "search", "proof-of-concept", "search"],
        "f_score": [1.0, 2.0, 3.0, 4.0],
        "target": "B", "model": "a", "seed": range(4), "subject": "b",
    })  # fmt: skip
    results.write("sweep-scores", rows)
    assert read("sweep-scores")["f_score"].tolist() == [3.0]
    assert read("sweep-scores", experiment="search")["f_score"].tolist() == [1.0, 4.0]
    results.write("sweep-scores", rows[1:2])
    with pytest.raises(ValueError, match=r"sweep-scores.csv must hold rows of .* got none"):
        read("sweep-scores")


def test_scores_by_model_are_seeds_by_patients(scores, models):
    values = by_model(scores, models)
    assert len(values) == len(proof_of_concept())
    assert values["80/20 ACD 20"].shape == (3, 40)
    row = scores.query("model == '80/20 l2 100' and seed == 2 and subject == 'Bpaired03'")
    assert values["80/20 l2 100"].loc[2, "paired03"] == pytest.approx(row["f_score"].item())
    assert by_model(scores, models, "paper's")["no embedding"].shape == (3, 2)


def test_gain_is_paired(scores, models):
    values = by_model(scores, models)
    found = comparisons.gain(values, "80/20 ACD 20", "no embedding")
    assert found == pytest.approx((0.1, 0.1, 0.1))
    told = book_words.with_interval(-0.0123, -0.02, 0.01, digits=3)
    assert told == "−0.012 (−0.020 to 0.010)"


def test_summary_means_paired_heads_of_the_seeds_that_all_have(scores):
    scores = scores[~((scores["model"] == "80/20 l2 20") & (scores["seed"] == 2))]
    table = tables.summary(tables.of_shared_seeds(scores))
    own = scores.query("model == '80/20 ACD 20' and role == 'paired' and seed < 2")
    assert table.loc["80/20 ACD 20", "F, paired heads"] == pytest.approx(own["f_score"].mean())
    assert table.loc["80/20 ACD 20", "FP a slice"] == pytest.approx(0.3)


def test_balance_takes_f_apart(scores):
    table = tables.balance(tables.summary(scores))
    own = scores[scores["model"].isin([f"80/20 ACD {n}" for n in N_E])]
    paired = own.query("role == 'paired'")
    assert table.loc["80/20, ACD", "F, paired heads"] == pytest.approx(paired["f_score"].mean())
    assert table.index.tolist()[-2:] == ["no embedding", "labels of B"]


@pytest.fixture(scope="module")
def points():
    """Scores at each operating point of models with unequal seeds; labels gain 0.2."""
    seeds = sweep_rows.some_seeds
    found = tables.at_points(sweep_rows.scores(f_score, seeds), sweep_rows.models(seeds))
    return {p: v | {"labels of B": v["no embedding"] + 0.2} for p, v in found.items()}


def test_points_are_three_scores_of_the_same_models(points):
    half, at_a, free = (values["80/20 l2 100"] for values in points.values())
    np.testing.assert_allclose(half - 0.05, at_a)
    np.testing.assert_allclose(half + 0.05, free)
    assert len(half) == 2


def test_gains_and_the_gap_they_close(points):
    table = tables.gains(points["at 0.5"])
    assert table.loc["80/20"].tolist() == ["+0.10 (0.10 to 0.10)"] * 2 + ["50% (50% to 50%)"]
    assert (tables.gap_closed(points) == "50% (50% to 50%)").all(axis=None)
    assert (tables.corners(points) == "+0.20 (0.20 to 0.20)").all(axis=None)
    assert tables.corners(points).shape == (6, 3)
    assert book_words.change(-0.123, np.nan, np.nan) == "−0.12"


def test_models_of_one_training_are_shown_by_it(points):
    table = tables.beside(points)
    assert table.loc["80/20 ACD 500 layers 0+1", "at 0.5"] == pytest.approx(
        points["at 0.5"]["80/20 ACD 500 layers 0+1"].loc[0].mean()
    )
    assert table.loc["labels of B", "at 0.5"] - table.loc[
        "no embedding", "at 0.5"
    ] == pytest.approx(0.2)
    shares = tables.by_share(points["at 0.5"])
    assert shares.index.tolist() == ["2x", "4x"] and shares.columns[-1] == "all"


SEARCHED = {
    "no embedding rate 1": 0.1, "labels of B rate 1": 0.2, "no embedding rate 0.3": 0.3,
    "ACD weight 10 margin 0.5": 0.4, "ACD weight 1 margin 0.5": 0.5, "ACD weight 1 margin 1": 0.6,
    "l2 weight 1 margin 1000": 0.7, "l2 weight 1 margin 5": 0.8,
}  # fmt: skip


def test_search_tables():
    rows = pd.DataFrame([
        {"model": model, "f_score": f + 0.01 * patient}
        for model, f in SEARCHED.items() for patient in (-1, 1)
    ])  # fmt: skip
    rates = proof_of_concept_search.rates(rows)
    assert rates.loc[0.3, "no embedding"] == pytest.approx(0.3)
    assert rates.loc[1, "labels of B"] == pytest.approx(0.2)
    acd, l2 = (proof_of_concept_search.grid(rows, name) for name in ("ACD", "l2"))
    assert acd.loc[1, "1"] == pytest.approx(0.6) and acd.index.tolist() == [1, 10]
    assert l2.columns.tolist() == ["5", "1000"]  # by size, not by letters
    with pytest.raises(ValueError, match="scores must have models named"):
        proof_of_concept_search.grid(rows, "angular")


def test_search_by_margin_averages_weights():
    names = {
        "l2 weight 1 margin 5": 6.0,
        "l2 weight 0.1 margin 5": 8.0,
        "ACD weight 1 margin 0.5": 9,
    }
    curves = pd.DataFrame([
        {"model": model, "epoch": epoch, "length_background": 1.0, "length_lesion": long + epoch,
         "dice_loss": 0.1}
        for model, long in {**names, "labels of B rate 1": np.nan}.items() for epoch in (49, 50)
    ])  # fmt: skip
    scores = pd.DataFrame({"model": list(names), "f_score": [0.4, 0.6, 0.7]})
    table = proof_of_concept_search.by_margin(curves, scores)
    assert table.loc[("l2", 5.0)].to_dict() == pytest.approx(
        {"background": 1, "lesion": 57, "Dice loss": 0.1, "F": 0.5}
    )
    assert table.loc[("ACD", 0.5), "lesion"] == 59 and len(table) == 2


def test_lengths_and_shortfalls():
    curves = sweep_rows.curves(growth=0.1)
    long = proof_of_concept_search.lengths(curves, ["80/20 l2 20", "80/20 ACD 20"])
    assert long["lesion"].tolist() == pytest.approx([2 * (1 + 0.1 * 14), 2])
    assert long["ratio"].tolist() == pytest.approx([4.8, 2])
    half = (curves["model"] == "50/50 l2 2000") & (curves["epoch"] > 43)
    curves.loc[half, "short"] = 1.0
    short = proof_of_concept_search.shortfalls(curves)
    assert len(short) == 3 * len(N_E)
    share = short["batches that run short (%)"]
    assert share[("50/50", 2000)] == pytest.approx(100 * 7 / 15 / 2)  # one of two distances
    assert share[("80/20", 2000)] == 0
    assert short.loc[("80/20", 100), "lesion pixels, labelled side"] == pytest.approx(20)


def test_verdict_tables(scores, models):
    judged = judge(scores, models)
    table = tables.verdict_table(judged)
    line = table.loc[(4, "l2 worse than ACD")]
    assert line["paired heads"] == "reproduced: +0.200 (0.200 to 0.200)"
    assert (line["above"], line["smallest"]) == (0, 0.03)
    assert np.isnan(table.loc[(5, "the 36 models rank alike"), "smallest"])
    words = overall_table(judged)
    assert words.index.tolist() == [2, 3, 4, 5]
    assert words.loc[2, "paired heads"] == "no relevant effect"  # F is the same at each n_E


def test_what_rows_can_show(models):
    generator = np.random.default_rng(0)
    scores = sweep_rows.scores(f_score)
    scores["f_score"] += 0.03 * generator.standard_normal(len(scores))
    table = tables.reached(scores, models)
    assert table["shown (%)"].between(0, 100).all() and (table["standard error"] > 0).all()
    assert (4, "l2 worse than ACD") in table.index
    assert (5, "the 36 models rank alike") not in table.index  # no mean over seeds and heads


def test_groups_count_methods():
    counts = tables.groups(proof_of_concept())
    assert counts["rfe"] == 36 and counts.sum() == len(proof_of_concept())
    words = tables.what_is_trained(proof_of_concept())
    assert words.loc["the 36 models of Section 3.2", "models"] == 36
