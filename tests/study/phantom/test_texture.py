"""Unevenness: each modality its own texture; spots in FLAIR alone, never in white matter."""

import numpy as np

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom import texture

SHAPE = (40, 42, 44)


def test_texture_is_as_strong_as_its_settings_and_its_own_in_each_modality():
    factors = texture.uneven(np.zeros(SHAPE, np.float32), np.random.default_rng(0))
    assert list(factors) == list(MODALITIES)
    logs = {m: np.log(factor) for m, factor in factors.items()}
    for m, (small, large) in texture.TEXTURE.items():
        expected = np.hypot(small, large)
        assert 0.7 * expected < logs[m].std() < 1.3 * expected
        assert factors[m].dtype == np.float32
    shared = np.corrcoef([logs[m].ravel() for m in MODALITIES])
    assert abs(shared[np.triu_indices(3, 1)]).max() < 0.1


def test_spots_brighten_flair_alone_and_no_white_matter():
    not_white = np.zeros(SHAPE, np.float32)
    not_white[20:] = 1
    even, spotted = (
        texture.uneven(where, np.random.default_rng(1)) for where in (0 * not_white, not_white)
    )
    for m in ("t1", "t2"):
        np.testing.assert_array_equal(even[m], spotted[m])
    ratio = spotted["flair"] / even["flair"]
    np.testing.assert_array_equal(ratio[:20], 1)
    bright = ratio[20:] > 1.1
    assert ratio.min() >= 1 and ratio.max() > 1.5 and 0.002 < bright.mean() < 0.05


def test_heads_differ_in_strength():
    spread = [
        np.log(texture.uneven(np.zeros(SHAPE, np.float32), np.random.default_rng(s))["t2"]).std()
        for s in range(6)
    ]
    assert 1.05 < max(spread) / min(spread) < 2
