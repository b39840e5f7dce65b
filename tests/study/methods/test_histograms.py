"""Histogram matching, against scikit-image and on patches."""

import numpy as np
import pytest
from skimage.exposure import match_histograms
from synthetic import tiny_subject

from rfe_core.patches import extract_all
from rfe_study.methods.histograms import match, match_patches


def test_quantiles_become_those_of_the_other():
    generator = np.random.default_rng(0)
    own, other = generator.gamma(3, size=20_000), 5 + generator.normal(size=30_000)
    found = match(own, own, other)
    levels = np.linspace(0.01, 0.99, 50)
    np.testing.assert_allclose(np.quantile(found, levels), np.quantile(other, levels), atol=0.02)
    assert (np.diff(found[np.argsort(own)]) >= 0).all()  # a rising map keeps the order


def test_agrees_with_scikit_image():
    generator = np.random.default_rng(1)
    own, other = generator.gamma(3, size=(100, 100)), generator.normal(size=(80, 90))
    found, oracle = match(own, own.ravel(), other.ravel()), match_histograms(own, other)
    inner = (own > np.quantile(own, 0.02)) & (own < np.quantile(own, 0.98))
    assert np.abs(found - oracle)[inner].max() < 0.03  # of a standard deviation of 1


def test_a_sample_of_itself_changes_nothing_and_ends_are_constant():
    x = np.linspace(0, 1, 1000)
    np.testing.assert_allclose(match(x, x, x), x, atol=1e-6)
    assert match(np.array([-9.0, 9.0]), x, 2 * x).tolist() == [0.0, 2.0]


def test_patches_take_the_targets_intensities_inside_the_brain_alone():
    options = {"generator": np.random.default_rng(0), "size": 20}
    patches = extract_all([tiny_subject("Atrain1"), tiny_subject("Atrain2", seed=1)], 12, **options)
    target = extract_all([tiny_subject("Btrain2", seed=5, domain="B")], 8, **options)
    target.images[:, 1] = target.images[:, 1] ** 2 + 0.3
    matched = match_patches(patches, target)
    for channel in range(3):
        for subject in ("Atrain1", "Atrain2"):
            inside = patches.valid & (patches.subjects == subject)[:, None, None]
            found = np.median(matched.images[:, channel][inside])
            wanted = np.median(target.images[:, channel][target.valid])
            assert found == pytest.approx(wanted, abs=0.02)
    outside = ~np.broadcast_to(patches.valid[:, None], patches.images.shape)
    np.testing.assert_array_equal(matched.images[outside], patches.images[outside])
    assert matched.labels is patches.labels
    assert not np.array_equal(matched.images, patches.images)


def test_an_empty_sample_is_refused():
    with pytest.raises(ValueError, match="samples must not be empty, got 0 and 3 values"):
        match(np.ones(2), np.array([]), np.ones(3))
