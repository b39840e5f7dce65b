"""Each figure of chapter 10 is drawn from small inputs and shows their numbers."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from rfe_book.figures import exact as fig
from rfe_book.style import STRATEGY_STYLE

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    matplotlib.pyplot.close("all")


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
