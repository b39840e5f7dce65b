"""Stored rows as tables by seed and head: each score at its place, gaps refused."""

import numpy as np
import pandas as pd
import pytest

from rfe_study.claims.comparisons import gain
from rfe_study.claims.rows import NotTrained, by_model, of_first_seed
from rfe_study.claims.scores import Scores

SUBJECTS = {"Btest1": "test", "Bpaired01": "paired", "Bpaired02": "paired"}
SEEDS = {"many": (0, 1, 2), "few": (1,), "gone": (0, 1)}


@pytest.fixture
def rows():
    generator = np.random.default_rng(0)
    scores = [
        {"model": m, "seed": seed, "subject": subject, "role": role, "domain": "B"}
        | {"f_score": generator.random(), "fp_per_slice": generator.random()}
        for m, seeds in SEEDS.items()
        for seed in seeds
        for subject, role in SUBJECTS.items()
        if (m, seed) != ("gone", 1)
    ]
    models = [
        {"model": m, "seed": seed, "domain": "B"}
        | {"status": "diverged" if (m, seed) == ("gone", 1) else "finished"}
        for m, seeds in SEEDS.items()
        for seed in seeds
    ]
    return pd.DataFrame(scores).iloc[::-1], pd.DataFrame(models)


def test_each_model_has_its_own_seeds(rows):
    values = by_model(*rows)
    assert list(values) == ["few", "gone", "many"]
    assert {m: t.index.tolist() for m, t in values.items()} == {
        "few": [1],
        "gone": [0, 1],
        "many": [0, 1, 2],
    }
    assert values["few"].columns.tolist() == ["paired01", "paired02"]
    scores = rows[0].set_index(["model", "seed", "subject"])["f_score"]
    assert values["many"].loc[2, "paired02"] == scores["many", 2, "Bpaired02"]
    assert by_model(*rows, "paper's")["few"].columns.tolist() == ["Btest1"]


def test_a_seed_that_diverged_scores_0_or_is_left_out(rows):
    assert (by_model(*rows)["gone"].loc[1] == 0).all()
    assert (by_model(*rows)["gone"].loc[0] > 0).all()
    assert by_model(*rows, column="fp_per_slice")["gone"].index.tolist() == [0]


def test_a_missing_score_is_refused(rows):
    scores, models = rows
    lost = scores[(scores["model"] == "few") & (scores["subject"] == "Bpaired02")].index
    with pytest.raises(
        ValueError,
        match="each model needs f_score on each patient, 'few' seed 1 has none on paired02",
    ):
        by_model(scores.drop(lost), models)
    with pytest.raises(ValueError, match="'few' seed 1 has none on paired01"):
        by_model(scores[scores["model"] != "few"], models)
    with pytest.raises(ValueError, match=r"must hold patients of roles \('test',\), got none"):
        by_model(scores[scores["role"] != "test"], models, "paper's")


def test_scores_by_domain_and_column(rows):
    scores = Scores.of_rows(*rows, columns=("f_score", "average_precision"))
    assert scores.of("many").equals(by_model(*rows)["many"])
    assert scores.mean(["many", "few"]).index.tolist() == [1]
    with pytest.raises(NotTrained, match="'many' has no average_precision on B"):
        scores.of("many", column="average_precision")
    with pytest.raises(NotTrained, match="'other' has no f_score on C"):
        scores.of("other", "C")
    with pytest.raises(ValueError, match="scores must hold patients of C, got none"):
        Scores.of_rows(rows[0], rows[1].assign(domain="C"))


def test_a_model_without_rows_is_named(rows):
    values = by_model(*rows)
    with pytest.raises(NotTrained, match=r"'mary' must have rows of these heads.*'many'"):
        gain(values, "few", "mary")
    assert "mary" not in values and values.get("mary") is None
    with pytest.raises(NotTrained, match=r"'few' must have rows of seed 0, got seeds \[1\]"):
        of_first_seed(values, "few")
    assert of_first_seed(values, "many").equals(values["many"].loc[0])
