"""Whole-slice prediction and the scores of a patient."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import metrics
from rfe_core.evaluation import evaluate, predict, score, segment
from rfe_core.patches import stack
from rfe_core.unet import UNet


@pytest.fixture(scope="module")
def subject():
    return tiny_subject()


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return UNet(widths=(4, 8), norm="batch")


def test_predict_takes_only_the_wanted_slices_and_keeps_the_mode(model, subject):
    images = stack(subject)
    every, some = predict(model, images), predict(model, images, slices=[3, 30], batch_size=1)
    assert every.shape == (60, 40, 36) and (every > 0).all() and (every < 1).all()
    assert (some[[3, 30]] > 0).all() and (np.delete(some, [3, 30], axis=0) == 0).all()
    np.testing.assert_allclose(some[[3, 30]], every[[3, 30]], atol=1e-6)
    assert model.training


def test_segment_is_predict_thresholded_inside_the_brain(model, subject):
    probability = predict(model, stack(subject)).transpose(1, 2, 0)
    threshold = float(np.median(probability[subject.brain_mask]))
    expected = (probability > threshold) & subject.brain_mask
    prediction = segment(model, subject, threshold=threshold)
    assert expected.any() and (prediction == expected).mean() > 0.9999
    assert not prediction[~subject.brain_mask].any()


def test_bad_images_and_thresholds(model, subject):
    images = stack(subject)
    images[3, 0, 5, 5] = np.nan
    for call in (lambda: predict(model, images), lambda: segment(model, subject, images=images)):
        with pytest.raises(ValueError, match="images must be finite, got NaN or infinity"):
            call()
    for threshold in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"threshold must be in \[0, 1\], got"):
            segment(model, subject, threshold=threshold)


def test_score_counts(subject):
    prediction = subject.lesion_mask.copy()
    brain_slices = int(subject.brain_mask.any(axis=(0, 1)).sum())
    perfect = score(prediction, subject)
    assert perfect["f_score"] == perfect["precision"] == perfect["recall"] == 1
    assert perfect["fp_components"] == 0 and perfect["lesions"] == perfect["detected"] > 0
    free = np.argwhere(~subject.lesion_mask)[0]  # a corner of the volume: far from any lesion
    prediction[tuple(free)] = True
    row = score(prediction, subject)
    assert row["fp_components"] == 1 and row["fp_per_slice"] == 1 / brain_slices
    assert row["f_score"] == metrics.f_score(prediction, subject.lesion_mask) < 1
    assert row["lesions"] == sum(v for k, v in row.items() if k.startswith("lesions_"))
    assert (row["subject"], row["domain"]) == ("Atrain1", "A")


def test_score_needs_labels(subject):
    with pytest.raises(ValueError, match="got Atrain1 without lesion mask"):
        score(subject.lesion_mask, replace(subject, lesion_mask=None))


def test_evaluate_is_score_of_segment_for_each_patient(model, subject):
    other = tiny_subject("Atrain2", seed=1)
    expected = [score(segment(model, s, threshold=0.4), s) for s in (subject, other)]
    assert evaluate(model, [subject, other], threshold=0.4) == expected
    assert [row["subject"] for row in expected] == ["Atrain1", "Atrain2"]
