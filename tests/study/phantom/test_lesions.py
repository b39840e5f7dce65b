import numpy as np
import pytest
from scipy import ndimage

from rfe_study.phantom.lesions import COUNT, LOAD_ML, draw_sizes, grow


@pytest.mark.parametrize("rank", [0.02, 0.3, 0.5, 0.8, 0.98])
def test_sizes_follow_count_and_load(rank):
    sizes = draw_sizes((rank, rank), np.random.default_rng(0))
    count = np.exp(np.interp(rank, COUNT[0], np.log(COUNT[1])))
    assert len(sizes) == round(count)
    assert (np.diff(sizes) <= 0).all() and sizes[-1] >= 1
    assert LOAD_ML[1, 0] * 0.8 < sizes.sum() / 1000 < LOAD_ML[1, -1] * 1.2


def test_sizes_are_reproducible():
    first, second = (draw_sizes((0.5, 0.5), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def block():
    wm = np.zeros((40, 40, 40), np.float32)
    wm[5:35, 5:35, 5:35] = 0.9
    distance = np.abs(np.arange(40, dtype=np.float32) - 20)[:, None, None] * np.ones_like(wm)
    return wm, distance


def test_lesions_have_the_wanted_sizes_and_stay_apart():
    wm, distance = block()
    rng = np.random.default_rng(1)
    sizes = [900, 120, 40, 17, 6, 2, 1, 1]
    labels = grow(wm, distance, rng.standard_normal(wm.shape), sizes, rng)
    np.testing.assert_array_equal(np.bincount(labels.ravel())[1:], sizes)
    _, found = ndimage.label(labels > 0, np.ones((3, 3, 3)))
    assert found == len(sizes)  # connected each, touching none
    assert (wm[labels > 0] > 0).all()


def test_a_full_brain_is_an_error():
    wm, distance = np.zeros((6, 6, 6)), np.ones((6, 6, 6))
    wm[2, 2, 2] = 1
    with pytest.raises(RuntimeError, match="no room left"):
        grow(wm, distance, np.zeros_like(wm), [1, 1], np.random.default_rng(0))
