"""Scores on masks small enough to count by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import label
from sklearn.metrics import average_precision_score

from rfe_core.metrics import (
    average_precision,
    detected_lesions,
    f_score,
    false_positive_components,
    precision,
    recall,
)

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


def test_detection_by_overlap():
    truth, prediction = three_lesions(), np.zeros((30, 9, 9), bool)
    prediction[5, 0, 0] = True  # 1 of 12 voxels: less than ten per cent
    prediction[10:12, 0:5, 0] = True  # 10 of 100: just enough
    found, voxels = detected_lesions(prediction, truth)
    assert voxels.tolist() == [1, 12, 100] and found.tolist() == [False, False, True]
    prediction[6, 0, 0] = True
    assert detected_lesions(prediction, truth)[0].tolist() == [False, True, True]


def test_lesions_are_numbered_alike_however_a_mask_lies_in_memory():
    truth = np.random.default_rng(0).random((12, 14, 16)) < 0.04
    prediction = truth & (np.arange(16) < 8)
    found, voxels = detected_lesions(prediction, truth)
    assert 0 < found.sum() < len(found) and len(set(voxels)) > 1
    for a, b in ((np.asfortranarray(prediction), np.asfortranarray(truth)), (prediction, truth)):
        again = detected_lesions(a, b.transpose(2, 1, 0).copy().transpose(2, 1, 0))
        assert np.array_equal(again[0], found) and np.array_equal(again[1], voxels)


def test_no_overlap_is_never_a_detection():
    truth = three_lesions()
    found, _ = detected_lesions(np.zeros_like(truth), truth, min_overlap=0)
    assert found.tolist() == [False] * 3


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


@pytest.mark.parametrize("min_overlap", [-0.1, 1.5, np.nan])
def test_bad_overlaps(min_overlap):
    with pytest.raises(ValueError, match=r"min_overlap must be in \[0, 1\], got"):
        detected_lesions(np.zeros(3), np.zeros(3), min_overlap=min_overlap)


# without a threshold


@settings(max_examples=100)
@given(data=st.data(), n=st.integers(1, 40), ties=st.booleans())
def test_average_precision_against_scikit_learn(data, n, ties):
    truth = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(any)))
    values = st.sampled_from([0.0, 0.25, 0.5]) if ties else st.floats(0, 1, width=32)
    score = np.array(data.draw(st.lists(values, min_size=n, max_size=n)), np.float32)
    found = average_precision(score, truth)
    assert found == pytest.approx(average_precision_score(truth, score), abs=1e-12)
    assert found == average_precision(score[::-1], truth[::-1])
    assert average_precision(2 * score, truth) == found


def test_average_precision_of_a_volume():
    rng = np.random.default_rng(0)
    truth = rng.random((20, 30, 25)) < 0.02
    score = (rng.random(truth.shape) + 0.5 * truth).astype(np.float32)
    expected = average_precision_score(truth.ravel(), score.ravel())
    assert average_precision(score, truth) == pytest.approx(expected, rel=1e-9)
    assert average_precision(np.zeros(truth.shape), truth) == truth.mean()
    assert average_precision(truth.astype(float), truth) == 1
    assert np.isnan(average_precision(score, np.zeros(truth.shape, bool)))


def test_average_precision_refuses():
    with pytest.raises(ValueError, match="score must be finite, got NaN or infinity"):
        average_precision([0.5, np.nan], [0, 1])
    with pytest.raises(ValueError, match="truth must be a binary mask"):
        average_precision([0.5, 0.2], [0, 2])
    with pytest.raises(ValueError, match=r"shape of truth \(3,\), got \(2,\)"):
        average_precision([0.5, 0.2], [0, 1, 1])


@settings(max_examples=30)
@given(prediction=masks, truth=masks, pad=st.tuples(*[st.integers(0, 3)] * 6))
def test_empty_space_around_masks_changes_nothing(prediction, truth, pad):
    wide = [np.pad(m, [pad[:2], pad[2:4], pad[4:]]) for m in (prediction, truth)]
    assert false_positive_components(*wide) == false_positive_components(prediction, truth)
    for ours, theirs in zip(
        detected_lesions(*wide), detected_lesions(prediction, truth), strict=True
    ):
        assert ours.tolist() == theirs.tolist()
