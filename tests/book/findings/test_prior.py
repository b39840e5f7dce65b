"""What chapter 08 says, of rows, cubes and patients whose answers are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from prior_rows import label_rows, rows
from synthetic import tiny_subject

from rfe_book.findings import prior as findings
from rfe_study.claims.scores import Scores


def test_noise_is_over_unseen_patients():
    found = findings.noise(rows())
    assert (found.dice_low, found.dice_high, found.dice_mean) == ("0.21", "0.31", "0.26")
    assert found.cases == found.bright_wins == 2
    assert (found.precision_low, found.recall_high, found.auc_low) == ("25", "50", "70")
    assert (found.best_mean, found.transfer_loss) == ("0.36", "0.10")
    assert found.other_mean == "0.76"


def test_marking_everything_is_the_floor():
    assert findings.noise(rows()).all_mean == "0.18"  # 2 a / (1 + a), a = 100 of 1,000 voxels
    with pytest.raises(ValueError, match="hardly better than marking everything"):
        findings.noise(rows().assign(brain=100_000))
    silent = rows().assign(f_score=0.9)
    with pytest.raises(ValueError, match="brightness beats"):
        findings.noise(silent)


def test_better_priors():
    found = findings.better(label_rows())
    assert (found.wrong_NCC, found.with_a_NCC, found.pushed_NCC) == ("30", "17", "45")
    assert (found.best, found.least) == ("classifier band", "classifier band")
    assert found.unsure_classifier_band == "20"
    assert (found.own_B, found.band_B) == ("0.40", "0.50")


@pytest.mark.parametrize(
    ("source", "column", "value", "sentence"),
    [
        ("brightness", "f_score", 0.01, "all others beat NCC"),
        ("own predictions", "wrong_80/20", 0.4, "fewer wrong pairs"),
        ("brightness band", "wrong_80/20", 0.2, "a band spares"),
        ("own predictions", "f_score", 0.5, "own predictions are best"),
        ("classifier band", "f_score", 0.39, "on B the classifier is better"),
    ],
)
def test_better_refuses(source, column, value, sentence):
    changed = label_rows()
    changed.loc[changed["source"] == source, column] = value
    with pytest.raises(ValueError, match=sentence):
        findings.better(changed)


def test_luck_is_of_the_same_patient():
    found = findings.luck(label_rows(), "classifier band")
    assert found.mean == "0.27"  # .4, .2 and .2 between the V1s of patients 2, 1 and 3
    assert found.patient == "Btrain2"
    assert (found.high, found.low) == ("0.50", "0.10")
    with pytest.raises(ValueError, match="V1 matters"):
        findings.luck(label_rows().assign(f_score=0.5), "classifier band")


def test_trained_with_three_v1s():
    heads = ["paired01", "paired02"]
    f = {findings.BEST: 0.6, f"{findings.BEST}, V1 is patient 2": 0.4}
    f |= {f"{findings.BEST}, V1 is patient 3": 0.5}
    values = {name: pd.DataFrame([[v, v]], columns=heads) for name, v in f.items()}
    scores = Scores(tables={})
    adapted = SimpleNamespace(on_targets=lambda: scores, values=lambda target: values)
    found = findings.trained(adapted)
    assert (found.f_by_v1, found.perfect) == ("0.60, 0.40 and 0.50", "not tested yet")


def test_templates_that_are_opposites():
    cube = np.arange(27.0).reshape(3, 3, 3)
    found = findings.templates(np.stack([cube, cube, -cube]))
    assert (found.alike, found.opposite) == ("-0.33", "67")


def test_patients_by_a_prior_that_is_right_in_one():
    subjects = {name: tiny_subject(f"Btrain{k}", seed=k) for k, name in enumerate(("V1", "V2"), 1)}
    subjects["V1"].lesion_mask[15:23, 14:22, 25:33] = True  # large: its middle lies deep
    maps = {name: subject.lesion_mask.astype(np.float32) for name, subject in subjects.items()}
    maps["V2"] = np.where(subjects["V2"].lesion_mask, 0.25, 0).astype(np.float32)
    found = findings.patients(maps, 0.5, subjects)
    assert (found.dice_V1, found.dice_V2, found.best_V2) == ("1.00", "0.00", "1.00")
    inside = subjects["V1"].lesion_mask[subjects["V1"].brain_mask].mean()
    assert (found.whole_brain, found.threshold) == (f"{inside:.2f}", "0.50")
    assert (found.deep, found.small) == ("1.00", "1.00")


def test_span():
    found = findings.span(pd.DataFrame({"a": [0.125, 0.5], "b": [0.25, 1]}), digits=2)
    assert (found.low, found.high) == ("0.12", "1.00")


def test_cost_is_of_thirty_templates():
    made = [("ours", 1, 1.0, 10), ("ours", 30, 2.0, 10)]
    made += [("match_template", 1, 4.0, 20), ("match_template", 30, 20.0, 40)]
    found = findings.cost(pd.DataFrame(made, columns=["variant", "templates", "seconds", "mb"]))
    assert (found.faster, found.smaller) == ("10", "4")


def test_origin():
    row = {"hardware": "cpu", "torch": "2.13", "code_version": "abc", "date": "2026-01-01"}
    found = findings.origin(pd.DataFrame([row | {"phantom_version": "1.0"}]))
    assert (found.made, found.phantom) == ("cpu; PyTorch 2.13; code abc; 2026-01-01", "1.0")
