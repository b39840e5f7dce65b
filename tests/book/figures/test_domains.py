"""Each figure is drawn from small inputs and shows their numbers."""

from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest

from rfe_book.figures import domains
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import DOMAINS
from rfe_study.phantom.heads import SHAPE, Anatomy
from rfe_study.realism import fidelity

matplotlib.use("Agg")
Z = 92


@pytest.fixture(scope="module")
def anatomy():
    """A block of white matter with fluid, a lesion and a spot that looks like one."""
    tissues = np.zeros((4, *SHAPE), np.float32)
    tissues[2, 30:130, 30:160] = 1
    fluid, true, false = np.s_[70:80, 80:90], np.s_[50:60, 60:70], np.s_[90:95, 60:65]
    for tissue, place in ((0, fluid), (3, true), (3, false)):
        tissues[(slice(None), *place)] = 0
        tissues[(tissue, *place)] = 1
    lesion = np.zeros(SHAPE, bool)
    lesion[50:60, 60:70, Z] = True
    return Anatomy(
        tissues=tissues,
        flow=tissues[0],
        wm_probability=tissues[2],
        gm_probability=tissues[1],
        ventricle_distance_mm=tissues[0],
        lesion_mask=lesion,
        brain_mask=tissues.sum(0) > 0,
    )


def test_anatomy_has_four_steps_of_equal_size(anatomy):
    axes = domains.anatomy(anatomy, Z).axes
    assert [panel.get_title()[:2] for panel in axes] == ["1.", "2.", "3.", "4."]
    assert {panel.images[0].get_array().shape[:2] for panel in axes} == {(192, 160)}
    before, after = (axes[n].images[0].get_array() for n in (2, 3))
    orange = (after == np.array([213 / 255, 94 / 255, 0], np.float32)).all(-1)
    assert orange.sum() == 100 and before.ndim == 2


def test_contrasts_are_the_signals(anatomy):
    figure = domains.contrasts(DOMAINS)
    csf, gray, lesion, white = figure.axes[2].lines
    for at, domain in enumerate(DOMAINS.values()):
        signals = scanner.tissue_signals(domain.flair, domain.field_strength_t)
        drawn = [line.get_ydata()[at] for line in (csf, gray, lesion)]
        assert drawn == pytest.approx(list(signals[[0, 1, 3]] / signals[2]))
    assert white.get_ydata()[0] == 1


def test_lesions_curve_ends_at_all_and_each_patient_has_a_mark():
    rows = pd.DataFrame({"domain": list("AAB"), "load_ml": [1.0, 5, 30], "lesions": [30, 60, 200]})
    left, right = domains.lesions(rows, pd.DataFrame({"size_mm3": [1, 2, 2, 50]})).axes
    assert left.lines[0].get_ydata().tolist() == [25, 50, 75, 100]
    assert left.lines[1].get_xdata()[0] == fidelity.REAL["lesion size, 5th percentile (mm3)"]
    assert sum(len(line.get_xdata()) for line in right.lines[:2]) == 3


def test_mimics_outline_what_is_no_lesion(anatomy):
    plain, marked = domains.mimics(anatomy, anatomy.tissues.sum(0), Z).axes
    outlines = [c for c in marked.collections if c.get_paths()]
    assert len(outlines) == 3 and not plain.collections
    false = outlines[1].get_paths()[0].get_extents()  # x from the left, y from the top
    assert 89 <= false.x0 <= false.x1 <= 95 and 191 - 65 <= false.y0 <= false.y1 <= 191 - 59


def test_mimics_outline_spots_of_the_head(anatomy):
    bright = np.ones(SHAPE, np.float32)
    bright[40:44, 70:75] = 1.8
    spotted = replace(anatomy, uneven={"flair": bright})
    _, marked = domains.mimics(spotted, anatomy.tissues.sum(0), Z).axes
    spots = marked.collections[-1].get_paths()[0].get_extents()
    assert 39 <= spots.x0 <= spots.x1 <= 44 and 191 - 75 <= spots.y0 <= spots.y1 <= 191 - 69


def test_same_head_has_one_gray_scale_and_a_near_view(anatomy):
    bright = anatomy.tissues.sum(0)
    scans = {"A": {"flair": 1000 * bright}, "B": {"flair": 2000 * bright}}
    figure = domains.same_head(scans, anatomy, Z, zoom=20)
    assert {panel.images[0].get_clim() for panel in figure.axes} == {(0, 2000)}
    above, _, below, _ = figure.axes
    assert above.images[0].get_array().shape == (129, 99)  # the brain's box
    assert below.images[0].get_array().shape == (20, 20)
    (frame,) = above.patches
    assert frame.get_xy() == (44 - 30 - 0.5, 129 - (54 - 30) - 20 - 0.5)  # from the top left
    assert len(below.collections) == 1 and not figure.axes[3].collections  # outlined on A alone
