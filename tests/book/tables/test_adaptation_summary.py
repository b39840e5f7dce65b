"""Where gains come from, lesions by size, the search and the cost: made-up rows, known answers."""

import adaptation_rows
import numpy as np
import pandas as pd
import pytest

from rfe_book.tables import adaptation, adaptation_search, gains
from rfe_book.tables.adaptation import CHAIN, CONTROL
from rfe_core import metrics
from rfe_study.claims.verdicts import CONTRADICTED, REPRODUCED, UNDECIDED, Verdict
from rfe_study.methods.adaptation import PAPER, RATE, WEIGHTS, adaptation_methods, search
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

NAMES = adaptation_rows.NAMES


@pytest.fixture(scope="module")
def rows():
    return adaptation_rows.rows()


def test_summary_has_every_model_of_every_domain(rows):
    table = adaptation.summary(rows)
    order = [LOWER_BOUND, UPPER_BOUND, *NAMES]
    assert list(table.index) == [(d, m) for d in "BCD" for m in order]
    own = rows.scores.query("target == domain == 'D' and role == 'paired' and model == @PAPER")
    line = table.loc[("D", PAPER)]
    assert line["F"] == pytest.approx(own["f_score"].mean())
    assert line["FP a slice"] == pytest.approx(1 - own["f_score"].mean())
    assert line["seeds ±"] == pytest.approx(np.std([0, 0.01], ddof=1))
    one = adaptation.summary(adaptation_rows.rows(seeds=(0,)))
    assert one["seeds ±"].isna().all() and one["F"].notna().all()
    gone = adaptation.summary(adaptation_rows.rows(diverged={("B", PAPER, 0)}))
    finished = rows.values("B", column="fp_per_slice")[PAPER].loc[1]
    assert gone.loc[("B", PAPER), "FP a slice"] == pytest.approx(finished.mean())


def test_f_is_that_of_masks():
    generator = np.random.default_rng(0)
    for _ in range(5):
        prediction, truth = generator.random((2, 200)) < 0.4
        parts = metrics.precision(prediction, truth), metrics.recall(prediction, truth)
        expected = metrics.f_score(prediction, truth)
        assert gains.f_of(*parts) == pytest.approx(expected)
    assert gains.f_of(0, 0) == 0


def test_parts_of_a_gain_sum_to_it_and_know_their_cause():
    generator = np.random.default_rng(1)
    before, after = generator.random((2, 2, 3, 5))
    by_precision, by_recall = gains.split_of_gain(before, after)
    gain = gains.f_of(*after) - gains.f_of(*before)
    np.testing.assert_allclose(by_precision + by_recall, gain)
    by_precision, by_recall = gains.split_of_gain((0.5, 0.6), (0.8, 0.6))
    assert by_recall == 0 and by_precision > 0
    swapped = gains.split_of_gain((0.6, 0.5), (0.6, 0.8))
    assert swapped[1] == pytest.approx(by_precision)


def test_gain_parts_table_sums_and_counts_false_positives(rows):
    table = gains.gain_parts_table(rows, PAPER, LOWER_BOUND)
    assert list(table.index) == ["B", "C", "D"]
    f, by_p, by_r, wrong = (
        float(table.loc["C", column].split()[0].replace("−", "-"))
        for column in ("F", "by precision", "by recall", "FP a slice")
    )
    p, r = (rows.by_target(column=column)["C"] for column in ("precision", "recall"))
    gain = gains.f_of(p[PAPER], r[PAPER]) - gains.f_of(p[LOWER_BOUND], r[LOWER_BOUND])
    assert f == pytest.approx(gain.mean(), abs=6e-4)
    assert by_p + by_r == pytest.approx(f, abs=2e-3)
    f_scores = rows.values("C")
    assert wrong == pytest.approx(
        (f_scores[LOWER_BOUND] - f_scores[PAPER]).to_numpy().mean(), abs=6e-4
    )


def test_lesions_are_pooled_by_size():
    rows = adaptation_rows.rows(lambda t, model, seed, d: 0.3 if model == "lower" else 0.5)
    found = adaptation.found_by_size(rows, [LOWER_BOUND, PAPER])
    assert set(found["model"]) == {LOWER_BOUND, PAPER} and len(found) == 3 * 2 * 2 * 4
    assert found.loc[found["domain"] == "D", "lesions"].max() == 400
    table = adaptation.size_table(found, [LOWER_BOUND, PAPER])
    assert table.columns.tolist() == ["0-10 mm³", "10-30 mm³", "30-100 mm³", "> 100 mm³"]
    assert table.loc[("B", LOWER_BOUND)].tolist() == pytest.approx([30, 60, 60, 60])
    assert table.loc[("B", PAPER)].iloc[0] == pytest.approx(50)


def test_chain_differs_by_what_it_says():
    methods = {method.name: method for method in adaptation_methods()}
    settings = [
        {
            key
            for key in {**methods[a].settings, **methods[b].settings}.keys() - {"name"}
            if methods[a].settings.get(key) != methods[b].settings.get(key)
        }
        for a, b, _ in CHAIN[1:]
    ]
    assert settings[:7] == [
        {"statistics"}, {"unlabelled", "embedding"}, {"embedding"}, {"source"}, {"embedding"},
        {"embedding"}, {"source"},
    ]  # fmt: skip
    weights = [methods[m].embedding.weight for m in (CONTROL, PAPER)]
    assert weights[0] == 0 < weights[1]


def test_chain_and_ranking_follow_the_rows():
    plan = {"labelled A only": 0.05, CONTROL: 0.02, PAPER: 0.08}
    rows = adaptation_rows.rows(lambda t, model, seed, d: 0.4 + plan.get(model, 0))
    table = adaptation.chain_table(rows.by_target())
    assert len(table) == len(CHAIN)
    line = table.loc["the embedding loss (RFE, NCC − no embedding)"]
    assert line.tolist() == ["0.060 (0.060 to 0.060)"] * 3
    order = adaptation.ranking(rows.by_target())
    assert list(order.index[:3]) == [PAPER, "labelled A only", CONTROL]
    assert LOWER_BOUND not in order and len(order) == len(NAMES)


def test_elsewhere_compares_on_every_domain():
    forgets = {("C", "A"): -0.1, ("C", "C"): 0.2}
    rows = adaptation_rows.rows(
        lambda t, model, seed, d: 0.4 + (forgets.get((t, d), 0) if model == PAPER else 0)
    )
    table = adaptation.elsewhere(rows, PAPER, LOWER_BOUND)
    assert table.columns.tolist() == ["on A", "on B", "on C", "on D"]
    assert table.loc["made for C", "on A"] == "−0.100 (−0.100 to −0.100)"
    assert table.loc["made for C", "on C"] == "0.200 (0.200 to 0.200)"
    assert table.loc["made for B", "on A"].startswith("0.000 ")


def test_closed_is_a_share_of_the_gap():
    levels = {"lower": 0.2, "upper-B": 0.6, "upper-C": 0.6, "upper-D": 0.2, PAPER: 0.3}
    rows = adaptation_rows.rows(lambda t, model, seed, d: levels.get(model, 0.2))
    table = gains.closed(rows.by_target(), [PAPER, CONTROL])
    assert table.loc[PAPER].tolist() == ["25% (25% to 25%)"] * 2 + ["no gap to close"]
    assert table.loc[CONTROL, "B"] == "0% (0% to 0%)"


def test_cost_is_against_the_control():
    curves = pd.DataFrame([
        {"model": m, "epoch": e, "seconds": s + (10 if e == 50 else 0)}
        for m, s in ((PAPER, 3.0), (CONTROL, 2.0), ("labelled A only", 1.0)) for e in (48, 49, 50)
    ])  # fmt: skip
    table = adaptation.cost(curves)
    assert list(table.index) == [PAPER, CONTROL, "labelled A only"]  # the experiment's order
    assert table["against"].tolist() == pytest.approx([1.5, 1, 0.5])


def test_comparisons_say_every_verdict():
    about = {
        "statistic": "x",
        "threshold": 0.0,
        "estimate": 0.0,
        "low": 0.0,
        "high": 0.0,
        "p_above": 0.5,
        "p_below": 0.5,
    }
    parts = [
        Verdict(claim=claim, part=part, verdict=verdict, **about)
        for claim, part, verdict in (
            ("ours", "better than entropy, mean of B, C, D", REPRODUCED),
            ("ours", "better than Dice on NCC", UNDECIDED),
            ("ours", "better than labels of V1", UNDECIDED),
            ("ours", "a perfect prior is better than NCC", CONTRADICTED),
            (6, "better than the lower bound", CONTRADICTED),
        )
    ]
    assert adaptation.comparisons(parts) == (
        "By these it is better than “entropy”, "
        "not told apart from “Dice on NCC” and “labels of V1”."
    )


def searched_scores(best=None):
    """Scores of the search on V1; those of the settings `best` are the highest of their lines."""
    chosen = [f"no embedding rate {RATE:g}", *(f"{k} weight {w:g}" for k, w in WEIGHTS.items())]
    best = chosen if best is None else best
    return pd.DataFrame([
        {"model": m.name, "target": t, "seed": 0, "f_score": 0.4 + 0.1 * n + 0.3 * (m.name in best)}
        for m in search() for n, t in enumerate("BCD")
    ])  # fmt: skip


def test_search_shows_all_settings_and_what_was_chosen():
    table = adaptation_search.searched(searched_scores())
    assert len(table) == len(search())
    assert list(dict.fromkeys(table.index.get_level_values("line"))) == ["no embedding", *WEIGHTS]
    weights = [s for line, s in table.index if line == "RFE"]
    assert weights == ["weight 1", "weight 10", "weight 100"]
    chosen = table[table["chosen"] == "yes"]
    assert len(chosen) == 1 + len(WEIGHTS)
    assert chosen["mean"].to_numpy() == pytest.approx(0.8)
    assert chosen[["B", "C", "D"]].iloc[0].tolist() == pytest.approx([0.7, 0.8, 0.9])
    with pytest.raises(ValueError, match="must be named by rate or weight, got 'RFE'"):
        adaptation_search.searched(pd.DataFrame([{"model": "RFE", "target": "B", "f_score": 1.0}]))


def test_search_tells_what_the_rows_say():
    table = adaptation_search.searched(searched_scores())
    assert all(adaptation_search.best_of_search(table).values())
    told = adaptation_search.told(table)
    assert told.startswith("Of each line the setting with the highest mean was chosen")
    other = adaptation_search.searched(searched_scores(best=["RFE weight 10"]))
    assert adaptation_search.best_of_search(other)["RFE"] is False
    assert "is not the setting with the highest mean for RFE" in adaptation_search.told(other)
    table["chosen"] = ["yes" if n % 3 == 1 else "" for n in range(len(table))]  # the middle ones
    assert adaptation_search.at_edge(table) == []
    assert adaptation_search.told(table).endswith("none lies at the end of its line.")
