"""Each figure of chapter 06 is drawn from small inputs and shows their numbers."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from rfe_book.figures import divergence as fig
from rfe_book.style import STRATEGY_STYLE

matplotlib.use("Agg")

N_E = (20, 200, 2000)


@pytest.fixture
def rows():
    made = []
    for level, strategy in enumerate(STRATEGY_STYLE):
        for batch in (0, 1):
            for n_e in N_E:
                seen = (1 + 0.001 * level) / n_e + 0.1 * batch
                place = {"strategy": strategy, "batch": batch, "n_e": n_e}
                made.append(place | {"jsd": seen, "null": 1 / n_e})
    return pd.DataFrame(made)


def test_perfect_samples_beside_the_formula():
    simulated, formula = np.array([0.5, 0.2, 0.01]), np.array([1.6, 0.3, 0.01])
    (axes,) = fig.plug_in_bias(N_E, simulated, formula).axes
    first, second, limit = axes.lines
    assert (first.get_ydata() == simulated).all() and (second.get_ydata() == formula).all()
    assert limit.get_ydata()[0] == pytest.approx(np.log(2))


def test_curves_and_their_nulls(rows):
    generator = np.random.default_rng(0)
    figure = fig.divergence_curves(
        rows, {"null": "left", "jsd": "right"}, {"jsd": "null"}, generator=generator
    )
    left, right = figure.axes
    assert [len(panel.containers) for panel in (left, right)] == [3, 3]
    last = right.containers[-1].lines[0].get_ydata()
    assert last == pytest.approx([1.002 / n + 0.05 for n in N_E])
    dotted = [line for line in right.lines if line.get_linestyle() == ":"]
    assert len(dotted) == 3
    assert all(line.get_ydata() == pytest.approx([1 / n for n in N_E]) for line in dotted)


def test_names_stand_at_the_ends_and_apart(rows):
    figure = fig.divergence_curves(
        rows, {"jsd": "panel"}, {}, generator=np.random.default_rng(0), log=False
    )
    (panel,) = figure.axes
    names = {text.get_text(): text.xyann[1] for text in panel.texts}
    assert set(names) == set(STRATEGY_STYLE)
    heights = [names[strategy] for strategy in STRATEGY_STYLE]  # in order of their last values
    assert np.diff(heights).min() >= fig.APART - 1e-9
    assert panel.get_yscale() == "linear"
    assert any((np.array(line.get_ydata()) == 0).all() for line in panel.lines)
