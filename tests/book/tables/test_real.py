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
    row |= {"f_score": dice, "precision": dice / 2, "recall": 2 * dice, "fp_per_slice": 10 * dice}
    row |= {"lesions": 40, "detected": 10, "lesion_ml": 1.3}
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
            row("fitted", dice=0.4),
            row(experiment="RFE, NCC", dice=0.2),
            row(subject="patient19", dice=0.6),
            row("upper-B", dice=0.9),
        ]
    )


def test_scores_are_means_over_seeds(rows):
    table = real_tables.score_table(rows, "patient07", experiment="as read")
    assert list(table.index) == ["scanner A (lower bound)", "fitted to a real scan"]
    lower = table.iloc[0]
    assert lower["Dice"] == pytest.approx(0.2) and lower["seeds"] == 2
    assert lower["lesions found (%)"] == 25
    assert table.iloc[1]["FP a slice"] == pytest.approx(4)


def test_ways_to_prepare_a_scan_stand_side_by_side(rows):
    with_both = pd.concat([rows, pd.DataFrame([row("fitted", experiment="no negatives")])])
    table = real_tables.preparations(with_both, "patient07")
    assert list(table.columns) == ["as read", "no negatives"] and table.index[-1] == "mean"
    np.testing.assert_allclose(table["as read"], [0.2, 0.4, 0.3])
    np.testing.assert_allclose(table["no negatives"], [0.05, 0.1, 0.075])


def test_sizes_have_their_numbers(rows):
    table = real_tables.by_size(rows, "patient07", experiment="as read")
    assert list(table.columns) == [
        "0 to 10 (0)",
        "10 to 30 (10)",
        "30 to 100 (10)",
        "100 or more (10)",
    ]
    assert np.isnan(table.iloc[0, 0])
    np.testing.assert_allclose(table.iloc[0, 1:], [10, 20, 30])


def test_before_is_of_the_seeds_that_were_adapted(rows):
    table = real_tables.adaptation_table(rows, "patient07")
    assert list(table.index) == [
        ("scanner A (lower bound)", "before"),
        ("scanner A (lower bound)", "RFE, NCC"),
    ]
    np.testing.assert_allclose(table["Dice"], [0.1, 0.2])
    with pytest.raises(ValueError, match="rows must have a network adapted to patient19"):
        real_tables.adaptation_table(rows, "patient19")


def test_figures_show_the_rows(rows):
    matplotlib.use("Agg")
    figure = real.scores(rows, ["patient07", "patient19"])
    left = figure.axes[0]
    assert [t.get_text() for t in left.get_yticklabels()] == [
        "scanner A (lower bound)",
        "fitted to a real scan",
    ]
    np.testing.assert_allclose(left.lines[0].get_xdata(), [0.1, 0.3, 0.4])
    table = pd.DataFrame(
        {g: [1.0, 0.5] for g in distance.GROUPS} | {"all": [1.0, 0.5]}, index=["a", "b"]
    )
    panel = real.distances(table).axes[0]
    assert len(panel.lines) == len(distance.GROUPS) + 1
    np.testing.assert_allclose(panel.lines[0].get_xdata(), [1.0, 0.5])
    matplotlib.pyplot.close("all")


def test_figure_of_adaptation_has_a_dot_a_seed(rows):
    matplotlib.use("Agg")
    more = [
        row(seed=seed, experiment=way, dice=0.1 * k + 0.1 * seed, subject="patient19", model=model)
        for model in ("lower", "fitted")
        for seed in (0, 1)
        for k, way in enumerate(real.ADAPTED_BY)
    ]
    unadapted = row(seed=2, subject="patient19")
    figure = real.adapted(pd.DataFrame([*more, unadapted]), "patient19")
    dots, mean = figure.axes[0].lines[4:6]
    np.testing.assert_allclose(dots.get_xdata(), [0.2, 0.3])
    np.testing.assert_allclose(mean.get_xdata(), [0.25])
    matplotlib.pyplot.close("all")
