"""Each figure of chapter 12 is drawn from small inputs and shows their numbers."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from rfe_book.figures import choices as fig

matplotlib.use("Agg")


def test_weights_of_sums():
    (axes,) = fig.weight_of_sums((20, 200), 10.0).axes
    drawn = [list(line.get_ydata()) for line in axes.lines]
    assert drawn[:4] == [[1600, 160_000], [40, 400], [400, 40_000], [20, 200]]
    assert drawn[4] == [10, 10]


def test_cosines_before_and_after():
    values = {"after": np.array([0.1, 0.2]), "before": np.array([-0.9, 0.1])}
    (axes,) = fig.cosines(values).axes
    assert {text.get_text() for text in axes.texts} == set(values)
    assert axes.get_xlim() == (-1, 1)


def test_forces():
    left, right = fig.forces().axes
    squared, plain = left.lines
    assert squared.get_ydata()[-1] == 8 and (plain.get_ydata() == 1).all()
    sine, constant = right.lines
    assert sine.get_ydata().max() == pytest.approx(1, abs=1e-3)
    assert constant.get_ydata()[0] == pytest.approx(1 / np.pi)


def test_lengths():
    values = {"Eq. 2": np.ones(4), "release": np.arange(1.0, 5)}
    (axes,) = fig.lengths(values).axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[1, 1, 1, 1], [1, 2, 3, 4]]
    assert [text.get_text() for text in axes.texts] == list(values)


def test_trained_choices_and_references():
    table = pd.DataFrame(
        {
            "f_score": [-0.1, 0.02, 0.06, -0.4],
            "average_precision": [-0.01, 0.0, 0.05, -0.4],
            "worst": [-0.1, -0.01, 0.06, -0.6],
            "best": [-0.1, 0.04, 0.06, -0.1],
            "kind": ["stored", "new", "reference", "new"],
        },
        index=["margin 1", "angular", "labels of B", "ℓ2 as printed"],
    )
    (axes,) = fig.trained(table, 0.05).axes
    (spread,) = axes.collections
    ends = [line[:, 0].tolist() for line in spread.get_segments()]
    assert ends == [[-0.1, -0.1], [-0.01, 0.04], [0.06, 0.06]]  # none beyond the picture
    (told,) = axes.texts
    assert told.get_text() == "← F −0.40"
    dots = {line.get_label(): list(line.get_xdata())[:3] for line in axes.lines[1:]}
    assert dots == {"F at 0.5": [-0.1, 0.02, 0.06], "average precision": [-0.01, 0.0, 0.05]}
    assert [label.get_text() for label in axes.get_yticklabels()] == list(table.index)
    assert {label.get_color() for label in axes.get_yticklabels()} == set(fig.KINDS.values())
