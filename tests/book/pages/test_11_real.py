"""Chapter 11: its text says what the rows say; the test patient was scored once."""

import re

import pytest

from rfe_book.findings import real as findings
from rfe_book.tables import real as real_tables
from rfe_core import checkpoints
from rfe_study import results
from rfe_study.realism import distance
from rfe_study.runs import real

BUDGET = 900_000


@pytest.mark.browser
def test_page_is_light_and_says_what_the_rows_say(page_for):
    page = page_for("11-real")
    own = {path: size for path, size in page.weights.items() if path.startswith("11-real")}
    assert 0 < sum(own.values()) <= BUDGET
    rows = results.read("real")
    text = re.sub(r"\s+", " ", page.tab.locator("main").inner_text())
    for subject in (real_tables.DEVELOPMENT, real_tables.TEST):
        said = findings.networks(rows, subject)
        assert f"Mean Dice is {said.lower} for scanner A" in text
        assert f"The best set is {said.best}. {said.best_is}." in text
    moved = findings.adapted(rows, real_tables.TEST)
    assert f"The lower bound {moved.lower_moves}." in text
    for own in (moved.lower_own, moved.fitted_own):
        assert f"itself adds {own}:" in text
    page.choose("Phantom", "fitted")
    far = distance.distances(results.read(distance.STATISTICS))["all"]
    assert page.drawn()["far"] == f"{far['fitted']:.2f}"


def test_the_test_patient_was_scored_once():
    rows = results.read("real")
    test = rows[rows["subject"] == real_tables.TEST]
    assert (test["role"] == "test").all() and test["date"].nunique() == 1
    assert set(rows[rows["role"] == "test"]["subject"]) == {real_tables.TEST}
    plain = test[test["experiment"] == "as read"]
    assert set(plain["model"]) == set(real_tables.MODELS)
    development = rows[rows["subject"] == real_tables.DEVELOPMENT]
    same = plain.merge(development, on=["model", "seed", "experiment"])
    assert len(same) == len(plain) and (same["weights_x"] == same["weights_y"]).all()


def test_findings_are_those_of_the_tables():
    rows = results.read("real")
    ways = real_tables.preparations(rows, real_tables.DEVELOPMENT)
    assert ways.loc["mean"].idxmax() == real.AS_READ
    scores = real_tables.score_table(rows, real_tables.TEST, experiment="as read")
    said = findings.networks(rows, real_tables.TEST)
    for name, model in (("lower", "lower"), ("fitted", "fitted"), ("drawn", "random-protocols")):
        mean = scores.loc[real_tables.MODELS[model], "Dice"]
        assert getattr(said, name).startswith(f"{mean:.2f} (")
    adapted = real_tables.adaptation_table(rows, real_tables.TEST)
    moved = findings.adapted(rows, real_tables.TEST)
    for name in ("lower", "fitted"):
        dice = adapted.loc[real_tables.MODELS[name], "Dice"]
        assert getattr(moved, f"{name}_before") == f"{dice['before']:.2f}"
        assert getattr(moved, f"{name}_rfe") == f"{dice['RFE, NCC']:.2f}"
        assert getattr(moved, f"{name}_control") == f"{dice['no embedding']:.2f}"


def test_networks_are_in_the_repository_and_made_the_rows():
    rows = results.read("real")
    rows = rows[rows["model"].isin(real_tables.MODELS) & (rows["experiment"] != real.PRIOR)]
    for (profile, model, seed), own in rows.groupby(["profile", "model", "seed"]):
        for branch, adapted in (("", False), ("-branch", True)):
            path = results.DATA / f"checkpoints/{profile}-{model}{branch}-seed{seed}.safetensors"
            made = own[own["experiment"].isin(real.METHODS) == adapted]["weights"]
            assert made.empty or set(made) == {checkpoints.weights_digest(path)}
