"""Lesions drawn anew keep their place and size, and change their shape alone."""

import numpy as np
import pytest
from scipy import ndimage

from rfe_study.phantom import realistic_lesions
from rfe_study.phantom.heads import Anatomy

SHAPE = (40, 44, 30)
BOXES = [(slice(8, 12), slice(8, 12), slice(8, 12)), (slice(24, 26), slice(30, 33), slice(14, 16))]


@pytest.fixture(scope="module")
def anatomy():
    """Tissue with fluid on one side; two lesions, and damage that nobody marks."""
    lesion = np.zeros(SHAPE, bool)
    for box in BOXES:
        lesion[box] = True
    csf = np.zeros(SHAPE, np.float32)
    csf[:6] = 1
    damage = np.where(lesion, 0.8, 0.0)
    damage[30:34, 8:12, 20:24] = 0.3
    gray = np.where(np.indices(SHAPE)[1] > 35, 0.6, 0.1)
    tissue = (1 - csf) * (1 - damage)
    tissues = np.stack([csf, gray * tissue, (1 - gray) * tissue, (1 - csf) * damage])
    anything = np.ones(SHAPE, np.float32)
    return Anatomy(
        tissues=tissues.astype(np.float32),
        flow=0 * anything,
        wm_probability=anything,
        gm_probability=anything,
        ventricle_distance_mm=anything,
        lesion_mask=lesion,
        brain_mask=anything > 0,
    )


def lesions(mask):
    labels, n = ndimage.label(mask, np.ones((3, 3, 3)))
    return labels, np.bincount(labels.ravel(), minlength=n + 1)[1:]


@pytest.mark.parametrize("stretch", [0.0, 0.6])
def test_lesions_keep_size_place_and_the_sum_of_tissues(anatomy, stretch):
    made = realistic_lesions.redraw(anatomy, stretch, np.random.default_rng(1))
    labels, sizes = lesions(made.lesion_mask)
    assert sorted(sizes) == [12, 64]
    for box in BOXES:
        assert labels[box].any()
    assert not made.lesion_mask[anatomy.tissues[0] > 0.5].any()
    np.testing.assert_allclose(made.tissues.sum(axis=0), 1, atol=1e-5)
    assert (made.tissues >= 0).all() and made.tissues.dtype == np.float32
    assert made.tissues[3][made.lesion_mask].mean() > 0.3
    np.testing.assert_array_equal(made.tissues[0], anatomy.tissues[0])


def test_damage_that_is_no_lesion_stays(anatomy):
    made = realistic_lesions.redraw(anatomy, 0.6, np.random.default_rng(1))
    far = (slice(30, 34), slice(8, 12), slice(20, 24))
    np.testing.assert_allclose(made.tissues[:, *far], anatomy.tissues[:, *far], atol=1e-5)


def test_stretch_makes_lesions_long():
    mask = np.zeros((60, 60, 60), bool)
    mask[25:33, 25:33, 25:33] = True
    room = np.ones_like(mask)

    def length(stretch, seed):
        drawn = realistic_lesions.ellipsoids(mask, room, stretch, np.random.default_rng(seed)) > 0
        assert drawn.sum() == 512
        extent = np.linalg.eigvalsh(np.cov(np.argwhere(drawn).T))
        return np.sqrt(extent[-1] / extent[0])

    balls, long = ([length(stretch, seed) for seed in range(8)] for stretch in (0.0, 0.6))
    assert max(balls) < 1.1 < 1.5 < np.median(long)


def test_lesions_do_not_touch():
    mask = np.zeros(SHAPE, bool)
    mask[10:14, 10:14, 10:14] = mask[10:14, 15:19, 10:14] = True  # one voxel apart
    labels = realistic_lesions.ellipsoids(mask, np.ones(SHAPE, bool), 0.8, np.random.default_rng(0))
    for k in (1, 2):
        around = ndimage.binary_dilation(labels == k, np.ones((3, 3, 3)))
        assert set(np.unique(labels[around])) <= {0, k}


def test_a_negative_stretch_is_refused(anatomy):
    with pytest.raises(ValueError, match=r"stretch must be at least 0, got -0\.1"):
        realistic_lesions.redraw(anatomy, -0.1, np.random.default_rng(0))
