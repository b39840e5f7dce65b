"""Chapter 11: its text says what the rows say; the test patient was scored once."""

import re

import pytest

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
    text = re.sub(r"\s+", " ", page.tab.locator("main").inner_text()).replace("−", "-")
    for subject in (real_tables.DEVELOPMENT, real_tables.TEST):
        said = real_tables.findings(rows, subject)
        assert f"{said['lower']:.3f} ({said['lower_low']:.3f} to {said['lower_high']:.3f}" in text
    gains = real_tables.adapted_findings(rows, real_tables.TEST)
    for model in ("lower", "fitted"):
        ends = f"{gains[f'{model}_own_low']:+.3f} to {gains[f'{model}_own_high']:+.3f}"
        assert f"itself adds {gains[f'{model}_own']:+.3f} ({ends}" in text
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


def test_scans_go_in_as_was_best_on_the_development_patient():
    ways = real_tables.preparations(results.read("real"), real_tables.DEVELOPMENT)
    assert ways.loc["mean"].idxmax() == real.AS_READ == real.AS_TRAINED[0]


def test_what_the_text_says_of_patient_19_is_so():
    rows = results.read("real")
    said = real_tables.findings(rows, real_tables.TEST)
    assert said["best_model"] == real_tables.MODELS["fitted"]
    assert said["best_low"] > said["others_high"]
    scores = real_tables.score_table(rows, real_tables.TEST, experiment="as read")
    assert scores["precision"].idxmax() == said["best_model"]
    assert scores["FP a slice"].idxmin() == said["best_model"]
    assert scores["lesions found (%)"].idxmin() == said["best_model"]
    for patient, classes in ((real_tables.TEST, 3), (real_tables.DEVELOPMENT, 2)):
        sizes = real_tables.by_size(rows, patient, experiment="as read")
        assert (sizes.iloc[:, :classes].idxmin() == said["best_model"]).all()
    after = real_tables.adapted_findings(rows, real_tables.TEST)
    assert min(after["lower_rfe"], after["lower_control"]) > after["lower_before"]
    assert max(after["fitted_rfe"], after["fitted_control"]) < after["fitted_before"]
    assert max(after["lower_dice"], after["fitted_dice"]) < 0.01
    assert after["prior_precision"] > 0.6 and after["prior_recall"] < 0.01
    assert max(after[f"lower_{way}"] for way in ("rfe", "labels", "dice")) < said["best"]
    for patient in (real_tables.DEVELOPMENT, real_tables.TEST):
        ways = real_tables.preparations(rows, patient).drop(index="mean")
        cleaned = ways["no negatives"] > ways["as read"]
        assert list(cleaned.index[cleaned]) == [said["best_model"]]


def test_networks_are_in_the_repository_and_made_the_rows():
    rows = results.read("real")
    rows = rows[rows["model"].isin(real_tables.MODELS) & (rows["experiment"] != real.PRIOR)]
    for (profile, model, seed), own in rows.groupby(["profile", "model", "seed"]):
        for branch, adapted in (("", False), ("-branch", True)):
            path = results.DATA / f"checkpoints/{profile}-{model}{branch}-seed{seed}.safetensors"
            made = own[own["experiment"].isin(real.METHODS) == adapted]["weights"]
            assert made.empty or set(made) == {checkpoints.weights_digest(path)}
