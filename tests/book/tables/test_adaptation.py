"""Tables and sentences of chapter 09, on made-up rows whose answers are known."""

from dataclasses import replace

import adaptation_rows
import numpy as np
import pandas as pd
import pytest
from rfe_book.tables import adaptation
from rfe_book.tables.adaptation import BOUND, CONTROL, MORE
from rfe_book.words import listed

from rfe_study import results
from rfe_study.claims import resampling, scores
from rfe_study.methods.adaptation import PAPER, adaptation_methods
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

NAMES = adaptation_rows.NAMES


@pytest.fixture(scope="module")
def rows():
    return adaptation_rows.rows()


def by_plan(plan):
    """F of 0.5 and what `plan` has for (model, target); seeds and patients differ."""
    return adaptation_rows.rows(
        lambda target, model, seed, domain: 0.5 + 0.02 * seed + plan.get((model, target), 0)
    )


def test_read_takes_all_targets_of_one_experiment_and_profile(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    table = pd.DataFrame({
        "profile": ["laptop", "smoke", "laptop", "laptop"],
        "experiment": ["adaptation", "adaptation", "adaptation-search", "adaptation"],
        "target": ["B", "B", "B", "D"], "f_score": [1.0, 2.0, 3.0, 4.0],
    })  # fmt: skip
    results.write("sweep-scores", table)
    assert scores.read_adaptation("sweep-scores")["f_score"].tolist() == [1.0, 4.0]
    searched = scores.read_adaptation("sweep-scores", experiment=adaptation.SEARCH)
    assert searched["f_score"].tolist() == [3.0]
    results.write("sweep-scores", table[1:2])
    with pytest.raises(ValueError, match=r"sweep-scores.csv must hold rows of .* got none"):
        scores.read_adaptation("sweep-scores")


def test_stored_baselines_have_the_seeds_of_the_adapted_models(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    results.write("sweep-scores", rows.scores)
    results.write("sweep-models", rows.models)
    other = rows.baselines.assign(profile="smoke")
    results.write("baselines", pd.concat([rows.baselines, other]))
    stored = scores.Rows.stored()
    assert sorted(stored.baselines["seed"].unique()) == stored.seeds == [0, 1]
    assert set(stored.baselines["profile"]) == {"laptop"}
    assert stored.values("C")[UPPER_BOUND] == pytest.approx(rows.values("C")[UPPER_BOUND])


def test_values_are_seeds_by_patients_of_the_target(rows):
    for target, n in (("B", 8), ("C", 8), ("D", 16)):
        values = rows.values(target)
        assert list(values) == [LOWER_BOUND, UPPER_BOUND, *NAMES]
        assert {table.shape for table in values.values()} == {(2, n)}
        subjects = sorted({f"{target}test{k}" for k in range(1, n - 5)}
                          | {f"{target}extra{k}" for k in range(1, 7)})  # fmt: skip
        own = rows.scores[(rows.scores["target"] == target) & (rows.scores["model"] == PAPER)]
        expected = own.pivot(index="seed", columns="subject", values="f_score")[subjects]
        np.testing.assert_allclose(values[PAPER], expected)
        upper = rows.baselines[rows.baselines["model"] == f"upper-{target}"]
        expected = upper.pivot(index="seed", columns="subject", values="f_score")
        np.testing.assert_allclose(values[UPPER_BOUND], expected.loc[[0, 1], subjects])


def test_values_elsewhere_are_of_test_patients_alone(rows):
    on_a = rows.values("C", "A")
    assert {table.shape for table in on_a.values()} == {(2, 2)}
    assert on_a[LOWER_BOUND][1, 0] == pytest.approx(
        adaptation_rows.differs("B", "lower", 1, "A") + 0.005
    )
    assert rows.values("B", patients="paper's 2")[PAPER].shape == (2, 2)


def test_a_model_that_diverged_counts_0_and_has_no_false_positives():
    rows = adaptation_rows.rows(diverged={("B", PAPER, 1)})
    assert (rows.values("B")[PAPER][1] == 0).all() and (rows.values("B")[PAPER][0] > 0).all()
    assert PAPER not in rows.values("B", column="fp_per_slice")
    assert PAPER in rows.values("C", column="fp_per_slice")


def test_a_missing_score_is_refused(rows):
    first = (rows.scores["model"] == CONTROL) & (rows.scores["domain"] == "B")
    gone = replace(rows, scores=rows.scores.drop(rows.scores[first].index[:1]))
    with pytest.raises(ValueError, match="each model needs a score, 'no embedding' seed 0"):
        gone.values("B")
    lacking = rows.baselines[rows.baselines["seed"] != 1]
    with pytest.raises(ValueError, match="'lower bound' seed 1 has none"):
        replace(rows, baselines=lacking).values("B")


def test_differences_are_paired():
    rows = by_plan({(PAPER, "B"): 0.1, (PAPER, "C"): -0.1, ("lower", "B"): -0.2})
    by_target = rows.by_target()
    table = resampling.means(by_target["B"], minus=CONTROL)
    assert CONTROL not in table.index
    assert table.loc[PAPER].tolist() == pytest.approx([0.1, 0.1, 0.1])
    plain = resampling.means(by_target["B"]).loc[CONTROL]
    assert plain["low"] < plain["mean"] < plain["high"]
    texts = adaptation.gain_table(by_target, LOWER_BOUND)
    assert texts.loc[PAPER, "B"] == "0.300 (0.300 to 0.300)"
    assert texts.loc[PAPER, "C"] == "−0.100 (−0.100 to −0.100)"
    assert LOWER_BOUND not in texts.index and list(texts.index) == [UPPER_BOUND, *NAMES]


def test_sentences_follow_the_rows():
    by_target = by_plan({(PAPER, "B"): 0.1, (PAPER, "C"): -0.1}).by_target()
    assert adaptation.sentence(by_target, PAPER, CONTROL) == (
        "on B better, 0.100 (0.100 to 0.100); on C worse, −0.100 (−0.100 to −0.100); "
        "on D not told apart, 0.000 (0.000 to 0.000)"
    )
    told = adaptation.sentence(by_target, PAPER, CONTROL, words=MORE, where="made for")
    assert told.startswith("made for B more, ") and "; made for C fewer, " in told
    counted = adaptation.counted(by_target, PAPER, CONTROL)
    assert counted == "better on B, worse on C"
    assert adaptation.counted(by_target, BOUND, CONTROL) == "better on none, worse on none"
    assert [listed(["B", "C", "D"][:n]) for n in range(4)] == ["none", "B", "B and C", "B, C and D"]


def test_table_of_methods_says_who_knows_what():
    table = adaptation.methods_table().droplevel("group")
    assert list(table.index) == NAMES
    true = set(table.index[table["labels"] == "true"])
    assert true == {"RFE, perfect prior", "RFE, perfect prior, all pixels", "labels of V1", BOUND}
    assert table.loc[PAPER].tolist() == [
        "V2, V3", "NCC, templates of V1", "A", "embedding loss, n_E = 100"
    ]  # fmt: skip
    assert table.loc[CONTROL, ["labels", "further"]].tolist() == ["", ""]
    assert table.loc["labelled A only", "images"] == "none"
    assert table.loc["RFE, NCC, all pixels", "further"].endswith("n_E = all")
    both = {m.name for m in adaptation_methods() if m.primary == "both"}
    assert set(table.index[table["Dice on"] == "A and target"]) == both
