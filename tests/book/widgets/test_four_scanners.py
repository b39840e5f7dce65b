"""What the comparison of scanners measures, and that it shows it."""

import numpy as np
import pytest

from rfe_book.widgets import decode_stack
from rfe_book.widgets.four_scanners import CONTRAST_FIGURES, contrast_figures, four_scanners
from rfe_study.phantom.domains import DOMAINS
from rfe_study.phantom.heads import Anatomy

SHAPE = (24, 20, 6)


@pytest.fixture
def anatomy():
    lesion = np.zeros(SHAPE, bool)
    lesion[10:13, 8:11, 2:4] = True
    gray = np.zeros(SHAPE, np.float32)
    gray[:, :5] = 1
    return Anatomy(
        tissues=np.zeros((4, *SHAPE), np.float32),
        flow=np.zeros(SHAPE, np.float32),
        wm_probability=1 - gray,
        gm_probability=gray,
        ventricle_distance_mm=np.zeros(SHAPE, np.float32),
        lesion_mask=lesion,
        brain_mask=np.ones(SHAPE, bool),
    )


def scan(anatomy, lesion, noise=0.02):
    rng = np.random.default_rng(5)
    clean = np.where(anatomy.lesion_mask, lesion, np.where(anatomy.gm_probability > 0, 1.1, 1.0))
    return {kind: 1000 * (clean + noise * rng.standard_normal(SHAPE)) for kind in ("t1", "flair")}


def test_figures_are_those_that_went_in(anatomy):
    rows = contrast_figures(scan(anatomy, 1.5), anatomy)["flair"]
    assert list(rows) == list(CONTRAST_FIGURES)
    expected = (1.5, 1.1, 0.02, 0.5 / 0.02)
    tolerances = (0.02, 0.01, 0.1, 0.15)
    for value, wanted, tolerance in zip(rows.values(), expected, tolerances, strict=True):
        assert value == pytest.approx(wanted, rel=tolerance)


def test_grain_reaches_the_reader():
    """Compression must not smooth away the noise in which scanners differ."""
    shape, rng = (96, 96, 4), np.random.default_rng(1)
    ones, zeros = np.ones(shape, np.float32), np.zeros(shape, np.float32)
    lesion, cortex = zeros.astype(bool), zeros.copy()
    lesion[40:44, 40:44], cortex[:20] = True, 1
    head = Anatomy(
        tissues=np.zeros((4, *shape), np.float32),
        flow=zeros,
        wm_probability=1 - cortex,
        gm_probability=cortex,
        ventricle_distance_mm=zeros,
        lesion_mask=lesion,
        brain_mask=ones.astype(bool),
    )
    noises = {"A": 0.02, "D": 0.04}
    scans = {
        letter: {"flair": 1000 * (1 + noise * rng.standard_normal(shape))}
        for letter, noise in noises.items()
    }
    view = four_scanners(head, scans, DOMAINS, [1, 2])
    spreads = [decode_stack(stack, 2)[..., 0].std() for stack in view.stacks]
    top = np.percentile(scans["D"]["flair"], 99.8)
    expected = [1000 * noise / top * 255 for noise in noises.values()]
    np.testing.assert_allclose(spreads, expected, rtol=0.1)


def test_view_holds_every_scanner_and_slice(anatomy):
    scans = {letter: scan(anatomy, 1.2 + 0.1 * n) for n, letter in enumerate("ABC")}
    view = four_scanners(anatomy, scans, DOMAINS, [1, 2, 3])
    assert view.image_names == ["T1", "FLAIR"] and len(view.stacks) == 3
    assert view.names[1] == "B: Siemens Aera, 1.5 T"
    assert view.captions[1] == "axial slice z = 2: 9 mm² of lesion in it"
    name, *texts = view.figures[1][0]
    assert name == "lesion / white matter"
    assert [float(text) for text in texts] == pytest.approx([1.2, 1.3, 1.4], abs=0.02)
