"""Whole-slice prediction and the scores of a patient."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic import tiny_subject

from rfe_core import metrics
from rfe_core.evaluation import (
    MARGIN,
    SLICES,
    boxes,
    brain_box,
    patch_f_score,
    predict,
    probability_map,
    score,
    segment,
)
from rfe_core.patches import extract_all, stack
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
    flags = np.isin(np.arange(60), [3, 30])
    np.testing.assert_allclose(predict(model, images, slices=flags), some, atol=1e-6)
    assert not predict(model, images, slices=[]).any()
    with pytest.raises(IndexError, match="integer"):
        predict(model, images, slices=[1.7])


def test_pixels_that_nobody_is_sure_of_are_not_scored(model, subject):
    crops = extract_all([subject], 4, generator=np.random.default_rng(0), size=16)
    wrong = predict(model, crops.images) > 0.5
    wrong ^= crops.labels == 1
    unsure = replace(crops, labels=np.where(wrong, -1, crops.labels).astype(np.int8))
    assert patch_f_score(model, unsure) == 1 > patch_f_score(model, crops)


def test_segment_is_predict_thresholded_inside_the_brain(model, subject):
    probability, images = np.zeros(subject.shape, np.float32), stack(subject)
    for x, y, z in boxes(subject.brain_mask, model.multiple):
        probability[x, y, z] = predict(model, images[z, :, x, y]).transpose(1, 2, 0)
    probability[~subject.brain_mask] = 0
    assert (probability_map(model, subject) == probability).all()
    threshold = float(np.median(probability[subject.brain_mask]))
    prediction = segment(model, subject, threshold=threshold, images=images)
    assert prediction.any() and (prediction == (probability > threshold)).all()
    assert not prediction[~subject.brain_mask].any()


def in_air(subject, width=40):
    """The same head with more air around it, and empty slices above and below."""
    around = [(width, width), (width, width), (5, 7)]
    pad = {name: np.pad(getattr(subject, name), around) for name in ("brain_mask", "lesion_mask")}
    images = {m: np.pad(image, around) for m, image in subject.images.items()}
    return replace(subject, images=images, **pad)


@pytest.mark.parametrize("air", [40, 41, 42, 43])
def test_the_mask_is_that_of_whole_slices(model, subject, air):
    large = in_air(subject, width=air)
    whole = predict(model, stack(large)).transpose(1, 2, 0)
    apart = np.abs(probability_map(model, large) - whole)[large.brain_mask]
    assert apart.max() < 0.05 * np.ptp(whole[large.brain_mask])


def test_a_network_sees_the_boxes_alone(model, subject, monkeypatch):
    large, seen = in_air(subject), []
    found = list(boxes(large.brain_mask, model.multiple))
    forward = model.forward_levels

    def watch(images):
        seen.append(images)
        return forward(images)

    monkeypatch.setattr(model, "forward_levels", watch)
    mask = segment(model, large)
    assert mask.shape == large.shape and not mask[~large.brain_mask].any()
    images = stack(large)
    assert len(seen) == len(found) == 8  # 58 slices hold brain, eight at a time
    for some, (x, y, z) in zip(seen, found, strict=True):
        assert torch.equal(some, torch.from_numpy(images[z, :, x, y]))
        assert all(end % model.multiple == 0 for end in (x.start, x.stop, y.start, y.stop))
        assert z.start // SLICES == (z.stop - 1) // SLICES
        assert brain_box(large.brain_mask[:, :, z], model.multiple)[:2] == (x, y)
    assert (mask == (probability_map(model, large) > 0.5)).all()


@pytest.mark.parametrize("multiple", [1, 4, 16])
def test_the_box_has_all_brain_and_a_margin(multiple):
    brain = np.zeros((90, 80, 30), bool)
    brain[31:58, 2:70, 4:9] = True  # at y = 2 the image ends before the margin does
    brain[40, 40, 20] = True
    x, y, z = brain_box(brain, multiple)
    assert z == slice(4, 21)
    assert x.start <= 31 - MARGIN and x.stop >= 58 + MARGIN and x.stop - x.start < 43 + 2 * multiple
    assert x.start % multiple == x.stop % multiple == 0 and (y.start, y.stop >= 70) == (0, True)
    assert brain_box(np.ones((5, 6, 7), bool), multiple) == (slice(0, 5), slice(0, 6), slice(0, 7))
    # looked at again, it is all
    again = brain_box(brain[x, y, z], multiple)
    assert [part.start for part in again] == [0, 0, 0] and brain[x, y, z][again].shape == brain[
        x, y, z
    ].shape
    with pytest.raises(ValueError, match="brain_mask must hold at least one voxel, got none"):
        brain_box(np.zeros((5, 5, 5), bool))


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


def test_lesions_by_size_in_mm3(subject):
    """Bins are half-open, and a voxel here has 2 mm3."""
    truth = np.zeros(subject.shape, bool)
    truth[20, 18, 20] = True  # 2 mm3
    truth[20:25, 18, 24] = True  # 10 mm3: no longer below 10
    truth[15:25, 10:15, 30:32] = True  # 200 mm3
    affine = np.diag([1.0, 1, 2, 1])
    labelled = replace(subject, lesion_mask=truth, affine=affine)
    prediction = np.zeros(subject.shape, bool)
    prediction[20, 18, 24] = True  # one of five
    prediction[15:17, 10:14, 30] = True  # 8 of 100: less than a tenth
    row = score(prediction, labelled)
    found = {k: v for k, v in row.items() if k.startswith(("lesions", "detected"))}
    assert found == {
        **{"lesions": 3, "detected": 1},
        **{"lesions_0_10": 1, "detected_0_10": 0},
        **{"lesions_10_30": 1, "detected_10_30": 1},
        **{"lesions_30_100": 0, "detected_30_100": 0},
        **{"lesions_100_inf": 1, "detected_100_inf": 0},
    }
