"""Folds are sharp and add up, deep gray is partly myelin, the mask is tight, its rim fades."""

import numpy as np
import pytest

from rfe_study.phantom import folds


@pytest.fixture
def maps():
    """Probabilities of a block: half cortex, half white matter, blurred between."""
    inside = np.ones((40, 30, 20), bool)
    wm = 1 / (1 + np.exp((np.indices(inside.shape)[0] - 20) / 5)).astype(np.float32)
    return (0.95 - 0.95 * wm).ravel(), (0.95 * wm).ravel(), inside


def test_folds_add_up_and_leave_few_mixed_voxels(maps):
    gm, wm, inside = maps
    depth = np.full(gm.size, 5, np.float32)
    tissues = folds.fold(gm, wm, depth, inside, np.random.default_rng(0))
    np.testing.assert_allclose(tissues.sum(axis=0), 1, atol=1e-5)
    assert tissues.dtype == np.float32 and (tissues >= 0).all()
    myelin = folds.MYELIN[1][0]
    largest = [np.maximum(*pair) for pair in ((gm, wm), (tissues[1] / (1 - myelin), tissues[2]))]
    mixed = [(share < 0.7).mean() for share in largest]
    assert mixed[1] < 0.75 * mixed[0]


def test_deep_gray_is_partly_myelin(maps):
    gm, wm, inside = maps
    shallow, deep = (
        folds.fold(gm, wm, np.full(gm.size, d, np.float32), inside, np.random.default_rng(0))
        for d in (0, 40)
    )
    low, high = folds.MYELIN[1]
    np.testing.assert_allclose(deep[1] * (1 - low), shallow[1] * (1 - high), atol=1e-5)
    np.testing.assert_array_equal(deep[0], shallow[0])


def test_the_mask_is_tight_closes_folds_and_keeps_lesions():
    radius = np.sqrt(sum((g - 19.5) ** 2 for g in np.indices((40, 40, 40))))
    solid = (radius < 14).astype(np.float32)
    solid[19:21, 19:21, 19:] = 0  # a narrow fold
    solid[17:23, 17:23, 14:18] = 0  # and a hole
    lesion = np.zeros(solid.shape, bool)
    lesion[2, 20, 20] = True
    mask = folds.strip(solid, lesion)
    assert mask[20, 20, 20] and mask[20, 20, 15] and mask[2, 20, 20]
    assert not mask[radius > 16][1:].sum() > 1  # the lesion alone lies further out


def test_the_rim_fades_over_its_width():
    mask = np.zeros((30, 30, 30), bool)
    mask[5:25, 5:25, 5:25] = True
    thin, wide = (folds.rim(mask, width)[15, 15] for width in (0.1, 1.5))
    assert (thin[mask[15, 15]] > 0.99).all() and not thin[~mask[15, 15]].any()
    assert wide[5] < 0.4 < 0.99 < wide[15]
    assert not wide[~mask[15, 15]].any()
