"""Rows of the adaptation and its bounds, by seed, patient and target."""

from dataclasses import replace

import adaptation_rows
import numpy as np
import pandas as pd
import pytest

from rfe_study import results
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.rows import ADAPTATION, read
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

NAMES, CONTROL = adaptation_rows.NAMES, "no embedding"


@pytest.fixture(scope="module")
def rows():
    return adaptation_rows.rows()


def test_read_takes_all_targets_of_one_experiment_and_profile(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    table = pd.DataFrame({
        "profile": ["laptop", "smoke", "laptop", "laptop"],
        "experiment": ["adaptation", "adaptation", "adaptation-search", "adaptation"],
        "target": ["B", "B", "B", "D"], "f_score": [1.0, 2.0, 3.0, 4.0],
        "model": "a", "seed": range(4), "subject": "b",
    })  # fmt: skip
    results.write("sweep-scores", table)
    assert read("sweep-scores", experiment=ADAPTATION)["f_score"].tolist() == [1.0, 4.0]
    searched = read("sweep-scores", experiment="adaptation-search")
    assert searched["f_score"].tolist() == [3.0]
    results.write("sweep-scores", table[1:2])
    with pytest.raises(ValueError, match=r"sweep-scores.csv must hold rows of .* got none"):
        read("sweep-scores", experiment=ADAPTATION)


def test_stored_baselines_have_the_seeds_of_the_adapted_models(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA", tmp_path)
    results.write("sweep-scores", rows.scores)
    results.write("sweep-models", rows.models)
    other = rows.baselines.assign(profile="smoke")
    results.write("baselines", pd.concat([rows.baselines, other]))
    stored = AdaptationRows.stored()
    assert sorted(stored.baselines["seed"].unique()) == stored.seeds == [0, 1]
    assert set(stored.baselines["profile"]) == {"laptop"}
    ours, theirs = (of.values("C")[UPPER_BOUND] for of in (stored, rows))
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-6)


def test_values_are_seeds_by_heads_of_the_target(rows):
    for target in "BCD":
        values = rows.values(target)
        assert list(values) == [LOWER_BOUND, UPPER_BOUND, *NAMES]
        assert {table.shape for table in values.values()} == {(2, 40)}
        own = rows.scores[(rows.scores["target"] == target) & (rows.scores["model"] == PAPER)]
        own = own[own["role"] == "paired"]
        expected = own.pivot(index="seed", columns="subject", values="f_score")
        np.testing.assert_allclose(values[PAPER], expected)
        assert values[PAPER].columns[6] == "paired07"
        upper = rows.baselines[rows.baselines["model"] == f"upper-{target}"]
        upper = upper[(upper["role"] == "paired") & (upper["domain"] == target)]
        expected = upper.pivot(index="seed", columns="subject", values="f_score")
        np.testing.assert_allclose(values[UPPER_BOUND], expected.loc[[0, 1]])


def test_values_elsewhere_are_of_test_patients_alone(rows):
    on_a = rows.values("C", "A", patients="paper's")
    assert {table.shape for table in on_a.values()} == {(2, 2)}
    assert on_a[LOWER_BOUND].loc[1, "Atest1"] == pytest.approx(
        adaptation_rows.differs("B", "lower", 1, "A") + 0.005
    )
    assert rows.values("B", patients="paper's")[PAPER].shape == (2, 2)


def test_scores_on_targets_hold_both_bounds(rows):
    scores = rows.on_targets(("f_score", "recall"))
    assert scores.of(PAPER, "D", "recall").equals(rows.values("D", column="recall")[PAPER])
    assert scores.of(LOWER_BOUND, "C").equals(rows.values("C")[LOWER_BOUND])
    assert len(scores.tables) == 3 * 2 * (2 + len(NAMES))


def test_a_model_that_diverged_counts_0_and_has_no_false_positives():
    rows = adaptation_rows.rows(diverged={("B", PAPER, 1)})
    assert (rows.values("B")[PAPER].loc[1] == 0).all()
    assert (rows.values("B")[PAPER].loc[0] > 0).all()
    assert rows.values("B", column="fp_per_slice")[PAPER].index.tolist() == [0]
    assert rows.values("C", column="fp_per_slice")[PAPER].index.tolist() == [0, 1]


def test_a_missing_score_is_refused(rows):
    first = (rows.scores["model"] == CONTROL) & (rows.scores["domain"] == "B")
    first &= rows.scores["role"] == "paired"
    gone = replace(rows, scores=rows.scores.drop(rows.scores[first].index[:1]))
    with pytest.raises(
        ValueError, match="each model needs f_score on each patient, 'no embedding' seed 0"
    ):
        gone.values("B")
    lacking = rows.baselines[rows.baselines["seed"] != 1]
    with pytest.raises(ValueError, match="'lower bound' seed 1 has none"):
        replace(rows, baselines=lacking).values("B")
