"""Figures of chapter 08 show the numbers they are given."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from rfe_book.figures import prior
from rfe_book.widgets.segmentation_view import OUTCOMES

matplotlib.use("Agg")
GENERATOR = np.random.default_rng(0)


def test_templates_and_their_mean():
    templates = GENERATOR.random((12, 5, 5, 5))
    figure = prior.template_sheet(templates, templates.mean(0), columns=10)
    images = [panel.images[0].get_array() for panel in figure.axes if panel.images]
    assert len(images) == 13
    np.testing.assert_array_equal(images[1], templates[1, :, :, 2].T[::-1])
    np.testing.assert_array_equal(images[-1], templates.mean(0)[:, :, 2].T[::-1])


def test_responses_lie_beside_flair():
    flair, truth = GENERATOR.random((9, 8)), np.zeros((9, 8), bool)
    truth[3:5, 3:5] = True
    responses = {"one": GENERATOR.random((9, 8)), "many": GENERATOR.random((9, 8))}
    axes = prior.responses_on_slice(flair, truth, responses).axes
    assert [panel.get_title() for panel in axes[:3]] == ["FLAIR", "one", "many"]
    np.testing.assert_array_equal(axes[2].images[0].get_array(), responses["many"])


def test_dice_curves_and_their_peaks():
    thresholds = np.linspace(0.9, 0.2, 5000).astype(np.float32)
    dice = np.exp(-(((thresholds - 0.6) / 0.05) ** 2))
    figure = prior.dice_against_threshold({"V1": (thresholds, dice)}, 0.6)
    curve, peak, chosen = figure.axes[0].lines
    x, y = curve.get_data()
    assert len(x) == 600 and (np.diff(x) < 0).all()
    np.testing.assert_allclose(y, np.interp(x, thresholds[::-1], dice[::-1]))
    assert peak.get_xdata()[0] == pytest.approx(0.6, abs=1e-3)
    assert chosen.get_xdata()[0] == 0.6


def test_outcomes_have_their_colours():
    truth = np.array([[True, True, False, False]])
    mask = np.array([[True, False, True, False]])
    figure = prior.prior_beside_truth(
        {"V1": (np.full((1, 4), 0.5), mask, truth), "V2": (np.ones((1, 4)), mask, truth)}
    )
    shown = figure.axes[0].images[0].get_array()
    colours = [tuple(int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)) for c in OUTCOMES.values()]
    found, false, missed = colours
    np.testing.assert_allclose(shown[0], [found, missed, false, (0.5, 0.5, 0.5)])


def test_noise_shows_means_of_draws():
    rows = []
    for source in ("Btrain1", "Atrain1"):
        for method in ("NCC", "brightness"):
            for patient, seed in ((1, 0), (1, 1), (2, 0), (2, 1)):
                about = {"target": "B", "source": source, "method": method, "seed": seed}
                f = 0.1 * patient + 0.02 * seed + (method == "NCC") * 0.5
                rows.append(about | {"subject": f"Btrain{patient}", "f_score": f})
    figure = prior.noise_by_patient(pd.DataFrame(rows), ["B"])
    panel = figure.axes[0]
    heights = [np.array(c.lines[0].get_ydata(), float) for c in panel.containers]
    np.testing.assert_allclose(heights[0], [0.61, 0.71])
    np.testing.assert_allclose(heights[2], [0.11, 0.21])
    assert [label.get_text() for label in panel.get_xticklabels()] == ["V1", "V2"]
    assert len(heights) == len(prior.PRIOR_STYLE)


def test_luck_joins_the_priors_of_a_patient():
    index = pd.MultiIndex.from_product([["B"], ["Btrain1", "Btrain2", "Btrain3"]])
    dice = [[np.nan, 0.2, 0.3], [0.4, np.nan, 0.5], [0.6, 0.7, np.nan]]
    table = pd.DataFrame(dice, index=index, columns=[1, 2, 3])
    figure = prior.luck_of_v1({"NCC": table, "classifier": table / 2}, ["B"])
    (panel,) = figure.axes
    joined = [line.get_ydata() for line in panel.lines if line.get_linestyle() == "-"]
    whole = [[0.2, 0.3], [0.4, 0.5], [0.6, 0.7]]
    np.testing.assert_allclose(joined, whole + [[a / 2, b / 2] for a, b in whole])
    labels = [text.get_text() for text in figure.legends[0].texts]
    assert labels == [f"V1 is patient {k}" for k in (1, 2, 3)]
