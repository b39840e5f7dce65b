"""Each figure of chapter 09 is drawn from small inputs and shows their numbers."""

import adaptation_rows
import matplotlib
import numpy as np
import pytest

from rfe_book.figures import adaptation
from rfe_book.tables import adaptation as tables
from rfe_book.tables.adaptation import BOUND, CONTROL, RIVALS, SHARES
from rfe_study.claims.headline import NONE_AT_LESIONS
from rfe_study.methods.adaptation import PAPER
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

matplotlib.use("Agg")


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


def gains_in(panel):
    """What a panel of `every_method` shows, from the top."""
    points = {}
    for container in panel.containers:
        x, y = container.lines[0].get_data()
        points |= dict(zip(map(int, y), x, strict=True))
    return [points[k] for k in sorted(points)]


def test_every_method_shows_differences_on_each_target_and_the_mean(by_target):
    models = [PAPER, *RIVALS]
    figure = adaptation.every_method(by_target, models, minus=CONTROL, ends=(-0.5, 0.5))
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == models
    assert [panel.get_title() for panel in figure.axes][2:] == ["domain D", "mean of all"]
    shown = np.array([gains_in(panel) for panel in figure.axes])
    expected = [
        [(values[m] - values[CONTROL]).to_numpy().mean() for m in models]
        for values in by_target.values()
    ]
    assert shown[:3] == pytest.approx(np.array(expected))
    assert shown[3] == pytest.approx(np.mean(expected, axis=0))
    assert figure.axes[0].get_xlim() == (-0.5, 0.5)


def test_class_shares_are_joined_in_their_order(rows):
    precision, recall = (rows.by_target(column=column) for column in ("precision", "recall"))
    panel = adaptation.class_shares(precision, recall).axes[1]
    lines = {line.get_label(): np.transpose(line.get_data()) for line in panel.lines}

    def point(model):
        return [of["C"][model].to_numpy().mean() for of in (recall, precision)]

    assert lines["RFE, perfect prior"] == pytest.approx(np.array([*map(point, SHARES.values())]))
    for model in (NONE_AT_LESIONS, BOUND):
        assert lines[model].ravel() == pytest.approx(point(model))
    assert {"1×", "2×", "4×", "80/20"} <= {text.get_text() for text in panel.texts}


def test_detection_by_size(rows):
    found = tables.found_by_size(rows)
    panel = adaptation.detection(found).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in panel.lines}
    assert set(lines) == set(tables.BY_SIZE)
    own = found[(found["model"] == PAPER) & (found["domain"] == "B")]
    assert lines[PAPER][0] == pytest.approx(100 * own[own["size"] == "0-10"]["found"].mean())
