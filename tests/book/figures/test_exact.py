"""Each figure of chapter 10 is drawn from small inputs and shows their numbers."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from rfe_book.figures import exact as fig
from rfe_book.style import STRATEGY_STYLE
from rfe_book.tables.exact import RATIOS, model

matplotlib.use("Agg")


def test_three_pixels_and_their_sums():
    units, labels = np.array([[1, 0], [0.8, 0.6], [0, 1]]), np.array([1, 1, 0])
    left, right = fig.sums_of_directions(units, labels).axes
    ends = {tuple(np.round(arrow.xy, 6)) for arrow in left.texts if arrow.get_text() == ""}
    assert ends == {(1, 0), (0.8, 0.6), (0, 1)}
    arrows = [arrow for arrow in right.texts if arrow.get_text() == ""]
    assert [tuple(np.round(a.xy, 6)) for a in arrows] == [(0, 1), (1.8, 0.6), (1.8, 0.6)]
    assert tuple(arrows[-1].xyann) == (0, 1)


def test_errors_are_means_over_draws():
    errors = {name: np.array([[0.5, 0.1], [1.5, 0.3]]) for name in STRATEGY_STYLE}
    (axes,) = fig.gradient_errors([20, 2000], errors).axes
    lines = [container.lines[0].get_ydata() for container in axes.containers]
    assert len(lines) == 3 and all(line == pytest.approx([1, 0.2]) for line in lines)


def test_pairs_leave_at_the_ceiling():
    variants = fig.VARIANT_STYLE
    rows = [(v, n, 1e-6 * n) for v in variants for n in (20, 1000)]
    rows = pd.DataFrame(rows, columns=["variant", "n_e", "seconds"])
    (axes,) = fig.cost_against_n_e(rows, ceiling=1.0).axes
    leaving = [line.get_ydata()[-1] for line in axes.lines if line.get_linestyle() == ":"]
    assert leaving == pytest.approx([1, 1])


def test_ratios_and_samples_side_by_side():
    rows = ["no embedding", *RATIOS, "labels of B"]
    table = pd.DataFrame({c: np.arange(7) / 10 for c in fig.SCORE_STYLE}, index=rows)
    names = [model(r, n) for r, (_, _, n_e) in fig.SAMPLED_STYLE.items() for n in (*n_e, "all")]
    values = {name: pd.DataFrame([[0.5, 0.7], [0.6, 0.7]]) for name in [*names, "no embedding"]}
    values[model("80/20", 2000)] = values[model("80/20", 2000)].head(1)  # one seed
    values[model("4x")] = values[model("4x")] + 0.2
    left, right = fig.ratios_and_samples(table, values).axes
    assert left.lines[0].get_ydata().tolist() == pytest.approx(np.arange(1, 6) / 10)
    marks = [c.lines[0] for c in right.containers]
    hollow = [m.get_markerfacecolor() == "white" for m in marks]
    assert hollow == [name == model("80/20", 2000) for name in names]
    heights = [m.get_ydata()[0] for m in marks]
    assert heights == pytest.approx([0.2 * (name == model("4x")) for name in names])
