"""Priors from one labelled patient: thresholds, bands, what each marks, a classifier held out."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import fbeta_score
from synthetic import tiny_subject

from rfe_core.metrics import f_score
from rfe_core.prior import best_threshold
from rfe_study.methods import voxel_classifier
from rfe_study.methods.ncc_prior import ncc_labels
from rfe_study.methods.priors import (
    PRIORS,
    brightness,
    label_map,
    prior_labels,
    thresholds,
)
from rfe_study.methods.voxel_classifier import features, lesion_probability


@pytest.fixture(scope="module")
def v1():
    return tiny_subject("Btrain1", seed=1, shape=(24, 24, 60), domain="B")


@pytest.fixture(scope="module")
def v2():
    return tiny_subject("Btrain2", seed=2, shape=(24, 24, 60), domain="B")


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setitem(voxel_classifier.lesion_probability.__kwdefaults__, "trees", 15)


@pytest.fixture(scope="module")
def noisy(v1):
    """Responses of V1 that mark its lesions badly."""
    values = 0.3 * rng(3).standard_normal(v1.shape) + 0.6 * v1.lesion_mask
    return np.where(v1.brain_mask, np.round(values, 1), 0).astype(np.float32)


@pytest.mark.parametrize("prior", PRIORS)
def test_labels_are_the_sources_alone(prior, v1, v2):
    hidden = replace(v2, lesion_mask=None)
    (found,) = prior_labels(prior, v1, [hidden], generator=rng())
    assert found.dtype == np.int8 and found.shape == v2.shape
    assert not found[~v2.brain_mask].any() and (found == 1).any()
    assert prior.endswith("band") or set(np.unique(found)) == {0, 1}
    (again,) = prior_labels(prior, v1, [v2], generator=rng())
    np.testing.assert_array_equal(found, again)
    stranger = tiny_subject("Btrain3", seed=9, shape=(24, 24, 60), lesions=6)
    (other,) = prior_labels(prior, stranger, [v2], generator=rng())
    assert prior != "NCC" or not np.array_equal(found, other)


def test_ncc_is_the_papers(v1, v2):
    (found,) = prior_labels("NCC", v1, [v2], generator=rng(4))
    (mask,) = ncc_labels(v1, [v2], generator=rng(4))
    np.testing.assert_array_equal(found == 1, mask)


@pytest.mark.parametrize("prior", ["brightness", "classifier"])
def test_an_easy_lesion_is_found(prior, v1, v2):
    (found,) = prior_labels(prior, v1, [v2], generator=rng())
    assert f_score(found == 1, v2.lesion_mask) > 0.95


def test_thresholds_are_the_best_of_all(v1, noisy):
    truth, values = v1.lesion_mask[v1.brain_mask], noisy[v1.brain_mask]
    low, high = thresholds(noisy, v1, band=True)
    for beta, at in ((2.0, low), (0.5, high)):
        scores = {t: fbeta_score(truth, values >= t, beta=beta) for t in np.unique(values)}
        assert scores[np.float32(at)] == pytest.approx(max(scores.values()))
    plain = thresholds(noisy, v1, band=False)
    assert plain == (best_threshold(values, truth),) * 2
    assert low < plain[0] < high


def test_a_band_is_unsure_between_its_thresholds():
    values = np.array([0.1, 0.4, 0.5, 0.7, 0.9], np.float32)
    brain = np.array([True, True, True, True, False])
    assert label_map(values, 0.4, 0.7, brain).tolist() == [0, -1, -1, 1, 0]
    assert label_map(values, 0.5, 0.5, brain).tolist() == [0, 0, 1, 1, 0]
    with pytest.raises(ValueError, match=r"low must be <= high = 0\.4, got 0\.7"):
        label_map(values, 0.7, 0.4, brain)


def test_the_band_holds_the_plain_prior(v1, v2):
    noise = {m: i + 60 * rng(7).random(v1.shape).astype(np.float32) for m, i in v1.images.items()}
    hard = replace(v1, images=noise)
    (plain,), (band,) = (
        prior_labels(p, hard, [v2], generator=rng()) for p in ("brightness", "brightness band")
    )
    assert (plain[band == 1] == 1).all() and (plain[band == 0] == 0).all()


def test_brightness_finds_bright_lesions(v1):
    values = brightness(v1)
    assert values[~v1.brain_mask].max() == 0
    assert f_score(values >= best_threshold(values, v1.lesion_mask), v1.lesion_mask) > 0.99


def test_features_do_not_see_outside_the_brain(v1):
    outside = {m: np.where(v1.brain_mask, i, 1e4).astype(np.float32) for m, i in v1.images.items()}
    np.testing.assert_allclose(
        features(replace(v1, images=outside)), features(v1), rtol=1e-5, atol=1e-6
    )
    flat = {m: np.full(v1.shape, 7, np.float32) for m in v1.images}
    np.testing.assert_allclose(features(replace(v1, images=flat)), 1, rtol=1e-5)


def test_v1_is_judged_by_what_other_slices_taught(v1, monkeypatch):
    """Were it judged on what was learnt by heart, noise would look like lesions."""
    noise = {m: 50 + rng(k).random(v1.shape).astype(np.float32) for k, m in enumerate(v1.images)}
    blind = replace(v1, images=noise)
    truth, brain = v1.lesion_mask[v1.brain_mask], v1.brain_mask
    held_out, (learnt,) = lesion_probability(blind, [blind], generator=rng())
    by_heart, honest = (
        p[brain][truth].mean() - p[brain][~truth].mean() for p in (learnt, held_out)
    )
    assert by_heart > 0.1 > abs(honest) * 5
    asked = []
    monkeypatch.setattr(
        voxel_classifier,
        "_learnt",
        lambda seen, truth, part, generator, asked_, _: (
            asked.append(part) or np.zeros(len(asked_), np.float32)
        ),
    )
    lesion_probability(v1, [v1], generator=rng())
    z = np.nonzero(brain)[2]
    for k, part in enumerate(asked[:-1]):
        held = np.isin(z // 10 % 5, k)
        assert not part[held].any()
        assert np.abs(z[held][:, None] - np.unique(z[part])).min() == 3
    assert asked[-1].all()


def test_slices_without_lesions_to_learn_from_say_nothing(v1):
    one = np.zeros_like(v1.lesion_mask)
    one[10:14, 10:14, 30] = True
    lonely = replace(v1, lesion_mask=one)
    held_out, _ = lesion_probability(lonely, [], generator=rng())
    assert not held_out[:, :, 30].any()


def test_bad_inputs(v1, v2):
    with pytest.raises(ValueError, match=r"prior must be one of \('NCC', .*, got 'guess'"):
        prior_labels("guess", v1, [v2], generator=rng())
    with pytest.raises(ValueError, match="a prior needs a labelled patient, got Btrain1 without"):
        prior_labels("NCC", replace(v1, lesion_mask=None), [v2], generator=rng())
