"""Realistic heads: sharper, stripped, contrasts that follow their factors; lesions stay."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from rfe_study.phantom import realistic
from rfe_study.phantom.realistic import FITTED


def test_folds_are_sharper_and_lesions_stay(ball_anatomy):
    sharp = realistic.sharpen(ball_anatomy, FITTED, np.random.default_rng(0))
    assert (sharp.lesion_mask == ball_anatomy.lesion_mask).all()
    assert (sharp.brain_mask[ball_anatomy.lesion_mask]).all()
    assert sharp.brain_mask.sum() < ball_anatomy.brain_mask.sum()
    inside = sharp.brain_mask
    total = sharp.tissues[:, inside].sum(axis=0)
    np.testing.assert_allclose(total, 1, atol=1e-4)
    mixed = [(a.tissues[:3, inside].max(axis=0) < 0.8).mean() for a in (ball_anatomy, sharp)]
    assert mixed[1] < mixed[0]
    at = ball_anatomy.lesion_mask
    np.testing.assert_allclose(sharp.tissues[:, at], ball_anatomy.tissues[:, at], atol=0.25)
    assert not sharp.tissues[:, ~inside].any()


def quiet(**changes):
    none = dict.fromkeys(FITTED.texture, (0.0, 0.0))
    return replace(FITTED, texture=none, noise=0.0, bias=0.0, csf_flow=0.0, **changes)


def test_a_factor_moves_its_tissue_alone(ball_anatomy):
    ones = dict.fromkeys(("t1", "t2", "flair"), 1.0)
    plain = quiet(gray=ones, csf=ones, lesion=ones)
    images = [
        realistic.scan(ball_anatomy, replace(plain, **change), np.random.default_rng(1))["flair"]
        for change in ({}, {"lesion": {**ones, "flair": 1.5}})
    ]
    lesion = ball_anatomy.tissues[3] > 0.9
    white = ball_anatomy.tissues[2] > 0.99
    np.testing.assert_allclose(images[1][lesion] / images[0][lesion], 1.5, rtol=0.05)
    np.testing.assert_allclose(images[1][white], images[0][white], rtol=0.01)


def test_texture_makes_tissue_uneven(ball_anatomy):
    white = ball_anatomy.tissues[2] > 0.99
    spread = [
        realistic.scan(ball_anatomy, settings, np.random.default_rng(2))["t2"][white].std()
        for settings in (quiet(), replace(quiet(), texture=FITTED.texture))
    ]
    assert spread[1] > 2 * spread[0] + 10


def test_spots_brighten_flair_alone_and_no_white_matter(ball_anatomy):
    with_spots, without = (
        realistic.scan(ball_anatomy, quiet(spots=spots), np.random.default_rng(3))
        for spots in (2.0, 0)
    )
    for m in ("t1", "t2"):
        np.testing.assert_array_equal(with_spots[m], without[m])
    inside = without["flair"] > 50
    ratio = with_spots["flair"][inside] / without["flair"][inside]
    assert ratio.min() > 0.999 and ratio.max() > 1.5 and (ratio > 1.1).mean() < 0.05
    np.testing.assert_allclose(ratio[(ball_anatomy.tissues[2] > 0.99)[inside]], 1, atol=0.02)


def test_the_edge_of_the_brain_fades(ball_anatomy):
    hard, soft = (
        realistic.scan(ball_anatomy, quiet(rim=rim), np.random.default_rng(3))["t2"]
        for rim in (0.1, 1)
    )
    edge = ball_anatomy.brain_mask & ~ndimage.binary_erosion(ball_anatomy.brain_mask)
    deep = ndimage.binary_erosion(ball_anatomy.brain_mask, iterations=4)
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


def test_a_subject_is_complete_and_repeatable(ball_anatomy):
    made = [
        realistic.realistic_subject("x", ball_anatomy, FITTED, np.random.default_rng(5))
        for _ in range(2)
    ]
    for modality, image in made[0].images.items():
        assert image.dtype == np.float32 and np.isfinite(image).all() and (image >= 0).all()
        assert not image[~made[0].brain_mask].any()
        np.testing.assert_array_equal(image, made[1].images[modality])
