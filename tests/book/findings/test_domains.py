"""What chapter 01 says, of heads, scanners and lesions whose answers are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rfe_book.findings import domains as findings
from rfe_study.phantom import scanner
from rfe_study.phantom.domains import DOMAINS
from rfe_study.phantom.heads import Anatomy

SHAPE = (16, 16, 8)


def head(**brightness):
    """A head with one lesion, and its FLAIR in scanners that show it so bright."""
    ones, none = np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    gray, lesion = none.copy(), np.zeros(SHAPE, bool)
    gray[:4], lesion[8:10, 8:10, 4] = 1, True
    anatomy = Anatomy(
        tissues=np.zeros((4, *SHAPE), np.float32),
        flow=none,
        wm_probability=ones - gray,
        gm_probability=gray,
        ventricle_distance_mm=none,
        lesion_mask=lesion,
        brain_mask=ones.astype(bool),
    )
    scans = {x: {"flair": np.where(lesion, 1000 * b, 1000.0)} for x, b in brightness.items()}
    return anatomy, scans


def test_brightness_is_over_white_matter():
    found = findings.one_head(*head(A=1.3, B=1.8, C=1.2, D=1.31))
    assert (found.A, found.B, found.C, found.D) == ("1.30", "1.80", "1.20", "1.31")


@pytest.mark.parametrize("changes", [{"B": 1.25}, {"C": 1.4}])
def test_a_head_of_which_the_chapter_would_say_what_is_not_so(changes):
    with pytest.raises(ValueError, match="the chapter must not say"):
        findings.one_head(*head(**({"A": 1.3, "B": 1.8, "C": 1.2, "D": 1.31} | changes)))


def test_brains_are_compared_with_the_real_ones():
    real = {"kind": ["real", "real", "scanner A"], "figure": "brain (ml)", "value": [1000, 1200, 9]}
    ours = pd.DataFrame({"brain_ml": [1400.0, 1460.0]})
    assert findings.brains(ours, pd.DataFrame(real)).larger == "30%"
    with pytest.raises(ValueError, match="brains are larger"):
        findings.brains(ours / 1.3, pd.DataFrame(real))


def test_patients_are_those_of_table_1():
    found = findings.patients(DOMAINS)
    assert (found.all, found.train, found.paired) == (28, 3, 40)


def test_physics_is_that_of_the_equations():
    found = findings.physics(DOMAINS)
    flair, tissue = DOMAINS["A"].flair, scanner.RELAXATION[3.0]
    assert found.left_wm == f"{np.exp(-flair.echo_time_ms / tissue['wm'].t2_ms):.2f}"
    assert float(found.times) == pytest.approx(
        float(found.left_lesion) / float(found.left_wm), abs=0.1
    )
    nulled = replace(flair, inversion_time_ms=float(found.null_csf))
    assert scanner.signal(nulled, tissue["csf"]) < 1e-3
    assert float(found.factor) == pytest.approx(float(found.pure_B) / float(found.pure_A), abs=0.02)


def test_physics_of_scanners_that_are_not_as_the_chapter_says():
    with pytest.raises(ValueError, match="A and D have the same contrast"):
        findings.physics(DOMAINS | {"D": DOMAINS["B"]})


def test_most_lesions_are_small():
    rows = pd.DataFrame({"load_ml": [5.0, 10, 30], "brain_ml": [1000.0] * 3})
    found = findings.cohort(rows, pd.DataFrame({"size_mm3": [5, 5, 5, 985]}))
    assert (found.measured, found.below) == (3, 1)
    assert (found.share_median, found.share_max) == ("1.0%", "3.0%")
    assert (found.small_count, found.small_volume) == ("75%", "1.5%")
    with pytest.raises(ValueError, match="small lesions hold little"):
        findings.cohort(rows, pd.DataFrame({"size_mm3": [5, 5]}))


def test_the_largest_deviation_is_of_what_was_drawn():
    comparison = pd.DataFrame(
        {
            "figure": ["count", "load", "probability", "contrast"],
            "real": [80.0, 10.0, 0.7, 1.3],
            "phantom": [100.0, 7.0, 0.1, 1.2],
            "rule": ["within a factor 1.25"] * 2 + ["", "each within 10%"],
            "within": [True, False, True, True],
        }
    )
    found = findings.realism(comparison)
    assert (found.held, found.rules) == (2, 3)
    assert (found.worst, found.worst_side, found.worst_factor) == ("load", "smaller", "1.43")
