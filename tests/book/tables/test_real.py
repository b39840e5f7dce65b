"""Tables and figures of chapter 11 say what their rows say."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from rfe_book.figures import real
from rfe_book.tables import real as real_tables
from rfe_study.realism import distance

SIZES = ("0_10", "10_30", "30_100", "100_inf")


def row(model="lower", seed=0, experiment="as read", subject="patient07", dice=0.1, **more):
    row = {"model": model, "seed": seed, "experiment": experiment, "subject": subject}
    row |= {"f_score": dice, "precision": dice / 2, "recall": 2 * dice, "average_precision": dice}
    row |= {"lesions": 40, "detected": 10, "lesion_ml": 1.3, "marked_ml": 2.6}
    row |= {"marked_lesions": 40, "fp_components": 10}
    row |= {f"lesions_{size}": 10 for size in SIZES} | {"lesions_0_10": 0}
    row |= {f"detected_{size}": k for k, size in enumerate(SIZES)}
    return row | more


@pytest.fixture
def rows():
    return pd.DataFrame(
        [
            row(dice=0.1),
            row(seed=1, dice=0.3),
            row(experiment="no negatives", dice=0.05),
            row("four-scanners", dice=0.4),
            row(experiment="RFE, NCC", dice=0.2),
            row(subject="patient19", dice=0.6),
            row("upper-B", dice=0.9),
        ]
    )


def test_scores_are_means_over_seeds(rows):
    table = real_tables.score_table(rows, "patient07")
    assert list(table.index) == [
        ("scanner A (lower bound)", "as read"),
        ("scanner A (lower bound)", "negatives set to 0"),
        ("all four scanners", "as read"),
    ]
    lower = table.iloc[0]
    assert lower["Dice"] == pytest.approx(0.2) and lower["seeds"] == 2
    assert lower["marked / true volume"] == 2
    assert lower["lesion F1"] == pytest.approx(2 * 0.25 * 0.75)  # a quarter found, 3 in 4 right


def test_who_marks_nothing_has_no_lesion_right(rows):
    nothing = rows.assign(detected=0, marked_lesions=0, fp_components=0)
    assert (real_tables.of_patient(nothing, "patient07")["lesion_f1"] == 0).all()
    with pytest.raises(ValueError, match="rows must score patient20"):
        real_tables.of_patient(rows, "patient20")


def test_sizes_have_their_numbers(rows):
    table = real_tables.by_size(rows, "patient07")
    names = ["0 to 10 (0)", "10 to 30 (10)", "30 to 100 (10)", "100 or more (10)"]
    assert list(table.columns) == names
    assert np.isnan(table.iloc[0, 0])
    np.testing.assert_allclose(table.iloc[0, 1:], [10, 20, 30])


def test_figures_show_the_rows(rows):
    matplotlib.use("Agg")
    figure = real.scores(rows, ["patient07", "patient19"])
    dice = figure.axes[0].lines[0]
    np.testing.assert_allclose(dice.get_xdata(), [0.1, 0.3, 0.05, 0.4])
    np.testing.assert_allclose(dice.get_ydata(), [-0.22, -0.22, 0.78, 1.78])
    (left, right), other = (panel.get_xlim() for panel in figure.axes)
    assert left == 0 and right > 0.6 and other == (left, right)  # patient 19's mark fits in, too
    table = pd.DataFrame(
        {g: [1.0, 0.5] for g in distance.GROUPS} | {"all": [1.0, 0.5]}, index=["a", "b"]
    )
    panel = real.distances(table).axes[0]
    assert len(panel.lines) == len(distance.GROUPS) + 1
    np.testing.assert_allclose(panel.lines[0].get_xdata(), [1.0, 0.5])
    matplotlib.pyplot.close("all")
