"""Realistic heads: sharper, stripped, contrasts that follow their factors; lesions stay."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from rfe_core import phantom, realistic
from rfe_core.realistic import FITTED

SHAPE = (40, 44, 30)


@pytest.fixture(scope="module")
def anatomy():
    """A ball of white matter in a shell of gray, CSF around it; one lesion."""
    radius = np.sqrt(sum((np.indices(SHAPE)[k] - (SHAPE[k] - 1) / 2) ** 2 for k in range(3)))
    wm = 1 / (1 + np.exp(radius - 8)).astype(np.float32)
    gm = (1 / (1 + np.exp(radius - 11)) - wm).clip(0, 1).astype(np.float32)
    brain = radius < 14
    lesion = np.hypot(*(np.indices(SHAPE)[k] - c for k, c in ((0, 20), (1, 22)))) < 2
    lesion &= radius < 5
    damage = lesion.astype(np.float32)
    csf = np.clip(1 - gm - wm, 0, 1)
    tissues = np.stack([csf, gm * (1 - damage), wm * (1 - damage), damage * (1 - csf)]) * brain
    return phantom.Anatomy(
        tissues=tissues.astype(np.float32),
        flow=np.zeros(SHAPE, np.float32),
        wm_probability=wm * brain,
        gm_probability=gm * brain,
        ventricle_distance_mm=radius.astype(np.float32),
        lesion_mask=lesion,
        brain_mask=brain,
    )


def test_folds_are_sharper_and_lesions_stay(anatomy):
    sharp = realistic.sharpen(anatomy, FITTED, np.random.default_rng(0))
    assert (sharp.lesion_mask == anatomy.lesion_mask).all()
    assert (sharp.brain_mask[anatomy.lesion_mask]).all()
    assert sharp.brain_mask.sum() < anatomy.brain_mask.sum()
    inside = sharp.brain_mask
    total = sharp.tissues[:, inside].sum(axis=0)
    np.testing.assert_allclose(total, 1, atol=1e-4)
    mixed = [(a.tissues[:3, inside].max(axis=0) < 0.8).mean() for a in (anatomy, sharp)]
    assert mixed[1] < mixed[0]
    at = anatomy.lesion_mask
    np.testing.assert_allclose(sharp.tissues[:, at], anatomy.tissues[:, at], atol=0.25)
    assert not sharp.tissues[:, ~inside].any()


def quiet(**changes):
    none = dict.fromkeys(FITTED.texture, (0.0, 0.0))
    return replace(FITTED, texture=none, noise=0.0, bias=0.0, csf_flow=0.0, **changes)


def test_a_factor_moves_its_tissue_alone(anatomy):
    ones = dict.fromkeys(("t1", "t2", "flair"), 1.0)
    plain = quiet(gray=ones, csf=ones, lesion=ones)
    images = [
        realistic.scan(anatomy, replace(plain, **change), np.random.default_rng(1))["flair"]
        for change in ({}, {"lesion": {**ones, "flair": 1.5}})
    ]
    lesion = anatomy.tissues[3] > 0.9
    white = anatomy.tissues[2] > 0.99
    np.testing.assert_allclose(images[1][lesion] / images[0][lesion], 1.5, rtol=0.05)
    np.testing.assert_allclose(images[1][white], images[0][white], rtol=0.01)


def test_texture_makes_tissue_uneven(anatomy):
    white = anatomy.tissues[2] > 0.99
    spread = [
        realistic.scan(anatomy, settings, np.random.default_rng(2))["t2"][white].std()
        for settings in (quiet(), replace(quiet(), texture=FITTED.texture))
    ]
    assert spread[1] > 2 * spread[0] + 10


def test_spots_brighten_flair_alone_and_no_white_matter(anatomy):
    with_spots, without = (
        realistic.scan(anatomy, quiet(spots=spots), np.random.default_rng(3)) for spots in (2.0, 0)
    )
    for m in ("t1", "t2"):
        np.testing.assert_array_equal(with_spots[m], without[m])
    inside = without["flair"] > 50
    ratio = with_spots["flair"][inside] / without["flair"][inside]
    assert ratio.min() > 0.999 and ratio.max() > 1.5 and (ratio > 1.1).mean() < 0.05
    np.testing.assert_allclose(ratio[(anatomy.tissues[2] > 0.99)[inside]], 1, atol=0.02)


def test_the_edge_of_the_brain_fades(anatomy):
    hard, soft = (
        realistic.scan(anatomy, quiet(rim=rim), np.random.default_rng(3))["t2"] for rim in (0.1, 1)
    )
    edge = anatomy.brain_mask & ~ndimage.binary_erosion(anatomy.brain_mask)
    deep = ndimage.binary_erosion(anatomy.brain_mask, iterations=4)
    assert soft[edge].mean() < 0.5 * hard[edge].mean()
    np.testing.assert_allclose(soft[deep], hard[deep], rtol=0.01)


def test_settings_vary_within_their_spread():
    rng = np.random.default_rng(0)
    varied = [realistic.vary(FITTED, rng) for _ in range(50)]
    noises = np.array([v.noise for v in varied]) / FITTED.noise
    assert (abs(noises - 1) <= FITTED.spread).all() and np.ptp(noises) > FITTED.spread
    gray = np.array([v.gray["t1"] for v in varied]) / FITTED.gray["t1"]
    assert (abs(gray - 1) <= FITTED.spread / 3 + 1e-9).all()
    still = realistic.vary(replace(FITTED, spread=0.0), rng)
    assert still == replace(FITTED, spread=0.0)


def test_a_subject_is_complete_and_repeatable(anatomy):
    made = [
        realistic.realistic_subject("x", anatomy, FITTED, np.random.default_rng(5))
        for _ in range(2)
    ]
    for modality, image in made[0].images.items():
        assert image.dtype == np.float32 and np.isfinite(image).all() and (image >= 0).all()
        assert not image[~made[0].brain_mask].any()
        np.testing.assert_array_equal(image, made[1].images[modality])
