"""Each figure of chapter 09 is drawn from small inputs and shows their numbers."""

import adaptation_rows
import matplotlib
import numpy as np
import pytest
from adaptation_rows import NAMES

from rfe_book.figures import adaptation
from rfe_book.tables import adaptation as adaptation_tables
from rfe_book.tables.adaptation import BOUND, CONTROL
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="module")
def rows():
    return adaptation_rows.rows()


@pytest.fixture(scope="module")
def by_target(rows):
    return rows.by_target()


def test_fig_4a_has_three_bars_a_domain(by_target):
    (axes,) = adaptation.fig_4a(by_target).axes
    heights = [bar.get_height() for bar in axes.patches]
    expected = [
        v[m].to_numpy().mean()
        for v in by_target.values()
        for m in (LOWER_BOUND, PAPER, UPPER_BOUND)
    ]
    assert heights == pytest.approx(expected)
    assert [t.get_text() for t in axes.get_xticklabels()] == ["domain B", "domain C", "domain D"]
    dots = [line.get_ydata() for line in axes.lines if line.get_marker() == "o"]
    assert any(np.allclose(d, by_target["C"][PAPER].mean(axis=1)) for d in dots)


def test_every_method_is_drawn_once(by_target):
    figure = adaptation.every_method(by_target, label="F")
    panel = figure.axes[2]
    names = [t.get_text() for t in figure.axes[0].get_yticklabels()]  # shared by all
    assert sorted(names) == sorted([LOWER_BOUND, UPPER_BOUND, *NAMES])
    shown = {}
    for container in panel.containers:
        line = container.lines[0]
        shown |= {names[int(y)]: x for x, y in zip(*line.get_data(), strict=True)}
    expected = {m: v.to_numpy().mean() for m, v in by_target["D"].items()}
    assert shown == pytest.approx(expected)


def test_differences_leave_out_the_reference(by_target):
    figure = adaptation.every_method(by_target, label="gain", minus=CONTROL)
    panel = figure.axes[0]
    names = [t.get_text() for t in panel.get_yticklabels()]
    assert CONTROL not in names and len(names) == len(NAMES) + 1
    (controls,) = [c for c in panel.containers if c.get_label() == "controls"]
    x, y = controls.lines[0].get_data()
    at = names.index("labels of V1")
    expected = (by_target["B"]["labels of V1"] - by_target["B"][CONTROL]).to_numpy().mean()
    assert x[list(y).index(at)] == pytest.approx(expected)


def test_precision_and_recall_of_every_model(rows):
    precision, recall = (rows.by_target(column=column) for column in ("precision", "recall"))
    panel = adaptation.precision_and_recall(precision, recall).axes[1]
    points = {line.get_label(): line.get_data() for line in panel.lines}
    for model in (LOWER_BOUND, PAPER, UPPER_BOUND, CONTROL, BOUND):
        expected = [of["C"][model].to_numpy().mean() for of in (precision, recall)]
        assert np.ravel(points[model]) == pytest.approx(expected)
    assert len(points["other methods"][0]) == len(NAMES) + 2 - 5


def test_detection_by_size(rows):
    found = adaptation_tables.found_by_size(rows, list(adaptation.MODEL_STYLE))
    panel = adaptation.detection(found).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in panel.lines}
    assert set(lines) == set(adaptation.MODEL_STYLE)
    table = adaptation_tables.size_table(found, [LOWER_BOUND, PAPER])
    for model in (LOWER_BOUND, PAPER):
        assert lines[model] == pytest.approx(table.loc[("B", model)].to_numpy())


def test_chance_is_in_per_cent():
    (axes,) = adaptation.chance_to_be_drawn(np.array([1, 10]), {"n": [0.1, 0.5]}).axes
    (line,) = axes.lines
    assert line.get_ydata().tolist() == [10, 50] and line.get_label() == "n"
