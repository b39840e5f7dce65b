"""What the rows say: means by hand."""

import numpy as np
import pandas as pd
import pytest
from prior_rows import label_rows, rows

from rfe_book.tables import prior
from rfe_study.measures import prior_labels


def test_setting_of_the_paper():
    kept = prior.paper_setting(rows())
    assert len(kept) == len(rows()) - 1 and 0.9 not in set(kept["f_score"])


def test_thresholds_are_those_chosen_on_the_patient():
    assert prior.thresholds(rows(), "Btrain1", seed=1) == {(30, 5): 0.61}
    assert set(prior.thresholds(rows(), "Btrain1", seed=0)) == {(30, 5), (1, 5)}


def test_summary_averages_draws():
    table = prior.summary(prior.paper_setting(rows()))
    row = table.loc["B", "Btrain2"]
    assert row["Dice"] == pytest.approx(0.21) and row["Dice, of A"] == pytest.approx(0.71)
    assert row["Dice, brightness"] == pytest.approx(0.25)
    assert row["lesion (% of brain)"] == pytest.approx(10)


def test_setting_is_by_number_and_size():
    grid = prior.by_setting(rows(), "B", seed=0)
    assert grid.columns.tolist() == ["5 × 5 × 5"] and grid.index.name == "templates"
    assert grid.loc[30, "5 × 5 × 5"] == pytest.approx(0.25)


def test_priors_compared_over_domains():
    table = prior.compared(label_rows())
    assert table.index.tolist() == list(prior.SOURCES)  # true labels are no prior
    row = table.loc["classifier band"]
    assert row["Dice"] == pytest.approx(0.6)  # .5, .6 and .7 on B, C and D
    assert (row["unsure lesion (%)"], row["wrong pairs, 80/20 (%)"]) == pytest.approx((20, 5))
    assert table.loc["NCC", "wrong pairs, natural (%)"] == pytest.approx(15)


def test_pairs_pushed_apart_are_counted_with_those_of_a():
    """Of what the prior calls lesion a tenth is, of the rest a hundredth; half of all is A's."""
    near = np.array([[9900, 100], [900, 100], [0, 0]])
    row = prior_labels.score(near, near)
    about = {"source": "NCC", "target": "B", "v1": 1, "seed": 0, "subject": prior_labels.BOTH}
    found = prior.with_a(pd.DataFrame([about | row])).loc["NCC"]
    pushed = (0.9 * 0.99 + 0.1 * 0.01 + 0.9 + 0.01) / 4
    assert found["pushed"] == pytest.approx(pushed, abs=1e-3)
    assert found["all"] == row["wrong_with_a_80/20"]


def test_each_patient_has_two_v1():
    found = prior.by_v1(label_rows(), "classifier band")
    assert found.loc["B", "Btrain3"].tolist() == pytest.approx([0.5, 0.3, np.nan], nan_ok=True)
    assert len(found) == 9 and (found.notna().sum(axis=1) == 2).all()
