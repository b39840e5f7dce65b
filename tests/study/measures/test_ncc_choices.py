"""Flat windows and the grid of the release, on volumes small enough to see through."""

import numpy as np
import pytest

from rfe_core.ncc import ncc_response
from rfe_core.prior import best_threshold
from rfe_study.measures import ncc_choices


def test_only_constant_windows_become_matches():
    volume = np.zeros((9, 9, 12), np.float32)
    volume[..., 6:] = np.random.default_rng(0).random((9, 9, 6))
    response = np.full(volume.shape, 0.3, np.float32)
    found = ncc_choices.flat_as_match(response, volume)
    assert (found[..., :4] == 1).all()  # windows of 5 from 0 to 5
    assert (found[..., 4:] == np.float32(0.3)).all()
    own = ncc_response(volume, volume[None, :5, :5, 6:11])[0]
    inner = np.s_[2:-2, 2:-2, 2:4]
    assert (own[inner] == 0.5).all() and (ncc_choices.flat_as_match(own, volume)[inner] == 1).all()


def test_the_grid_is_never_better_than_the_exact_threshold():
    generator = np.random.default_rng(1)
    for _ in range(5):
        response = generator.random(500).astype(np.float32)
        lesion = generator.random(500) < response**3
        exact = ncc_choices.best_f(response, lesion, best_threshold(response, lesion))
        grid = ncc_choices.best_f(response, lesion, ncc_choices.grid_threshold(response, lesion))
        assert exact - 0.1 < grid <= exact


def test_comparison_of_a_volume_with_air():
    lesion = np.zeros((8, 8, 16), bool)
    lesion[3:5, 3:5, 11:13] = True
    volume = np.zeros(lesion.shape, np.float32)
    volume[..., 8:] = np.random.default_rng(2).random((8, 8, 8))
    response = np.where(lesion, 0.9, 0.5).astype(np.float32)
    brain = volume > 0
    found = ncc_choices.compare(volume, response, brain, lesion)
    assert found["ours"] == 1 and found["grid"] == pytest.approx(1)
    assert found["flat"] == pytest.approx(6 / 16) and found["air"] < 0.1
