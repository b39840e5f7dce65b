"""Scores on masks small enough to count by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from skimage.measure import label

from rfe_core.metrics import f_score, false_positive_components, lesion_detection, precision, recall

masks = arrays(bool, (3, 4, 3))


def test_counted_by_hand():
    truth = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    prediction = np.array([1, 0, 0, 1, 0, 0, 0, 0])
    assert precision(prediction, truth) == 1 / 2
    assert recall(prediction, truth) == 1 / 3
    assert f_score(prediction, truth) == 2 / 5


@settings(max_examples=60)
@given(prediction=masks, truth=masks)
def test_f_is_the_harmonic_mean_also_at_the_edges(prediction, truth):
    p, r, f = (score(prediction, truth) for score in (precision, recall, f_score))
    assert f == pytest.approx(2 * p * r / (p + r) if p + r else 0)
    assert f == f_score(truth, prediction)
    assert (f == 1) == bool((prediction == truth).all())


def test_empty_masks():
    empty, full = np.zeros(4, bool), np.ones(4, bool)
    for score in (precision, recall, f_score):
        assert score(empty, empty) == 1
        assert score(empty, full) == score(full, empty) == 0


def test_components_touch_by_corners():
    truth = np.zeros((5, 5, 5), bool)
    prediction = truth.copy()
    prediction[0, 0, 0] = prediction[1, 1, 1] = True  # one component
    prediction[4, 4, 4] = True  # another
    assert false_positive_components(prediction, truth) == 2
    truth[1, 1, 1] = True  # the first one now hits
    assert false_positive_components(prediction, truth) == 1


@settings(max_examples=30)
@given(prediction=masks, truth=masks)
def test_false_positives_against_skimage(prediction, truth):
    labels = label(prediction, connectivity=3)
    expected = sum(not truth[labels == k].any() for k in range(1, labels.max() + 1))
    assert false_positive_components(prediction, truth) == expected


def three_lesions():
    truth = np.zeros((30, 9, 9), bool)
    truth[0, 0, 0] = True  # 1 voxel
    truth[5:7, 0:3, 0:2] = True  # 12 voxels
    truth[10:20, 0:5, 0:2] = True  # 100 voxels
    return truth


def test_detection_by_size_and_overlap():
    truth, prediction = three_lesions(), np.zeros((30, 9, 9), bool)
    prediction[5, 0, 0] = True  # 1 of 12 voxels: less than ten per cent
    prediction[10:12, 0:5, 0] = True  # 10 of 100: just enough
    found = [(d.lesions, d.detected) for d in lesion_detection(prediction, truth)]
    assert found == [(1, 0), (1, 0), (0, 0), (1, 1)]
    prediction[6, 0, 0] = True
    found = [(d.lesions, d.detected) for d in lesion_detection(prediction, truth)]
    assert found == [(1, 0), (1, 1), (0, 0), (1, 1)]


def test_sizes_are_in_mm3_and_bins_are_half_open():
    truth = three_lesions()
    bins = lesion_detection(truth, truth, voxel_volume_mm3=2.0, edges_mm3=(0, 2, 24, 25))
    assert [(d.lower, d.upper, d.lesions) for d in bins] == [(0, 2, 0), (2, 24, 1), (24, 25, 1)]


def test_no_overlap_is_never_a_detection():
    truth = three_lesions()
    bins = lesion_detection(np.zeros_like(truth), truth, min_overlap=0)
    assert sum(d.lesions for d in bins) == 3 and sum(d.detected for d in bins) == 0


@pytest.mark.parametrize("score", [f_score, precision, recall, false_positive_components])
def test_bad_masks(score):
    with pytest.raises(ValueError, match=r"prediction must have the shape of truth \(3,\)"):
        score(np.zeros(4), np.zeros(3))
    with pytest.raises(ValueError, match="truth must be a binary mask"):
        score(np.zeros(3), np.array([0, 1, 2]))
    with pytest.raises(ValueError, match="truth must be a binary mask"):
        score(np.zeros(2), np.array([1, np.nan]))
    with pytest.raises(ValueError, match="prediction must be a binary mask"):
        score(np.array([np.inf, 0]), np.zeros(2))
    with pytest.raises(ValueError, match="prediction must be a binary mask"):
        score(np.array([0.2, 0.7]), np.zeros(2))


@pytest.mark.parametrize(
    "settings",
    [
        {"voxel_volume_mm3": 0},
        {"voxel_volume_mm3": np.nan},
        {"voxel_volume_mm3": np.inf},
        {"edges_mm3": (3, 1)},
        {"edges_mm3": (1,)},
        {"edges_mm3": (0, np.nan, 3)},
        {"min_overlap": 1.5},
        {"min_overlap": np.nan},
    ],
)
def test_bad_detection_settings(settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"{name} must be"):
        lesion_detection(np.zeros(3), np.zeros(3), **settings)
