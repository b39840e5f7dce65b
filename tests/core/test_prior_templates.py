"""Templates: one a lesion, at its centroid, drawn at random, whatever the lesion's size."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from rfe_core.prior import extract_templates, lesion_centres

SHAPE = (20, 22, 24)
VOLUME = np.arange(np.prod(SHAPE), dtype=np.float64).reshape(SHAPE)  # a value names its voxel


def generator(seed=0):
    return np.random.default_rng(seed)


def mask_at(*voxels, shape=SHAPE):
    mask = np.zeros(shape, bool)
    for voxel in voxels:
        mask[voxel] = True
    return mask


APART = [(4, 4, 4), (4, 4, 12), (4, 14, 4), (12, 4, 4), (12, 14, 12), (14, 8, 18)]


def test_centres_are_centroids_of_components():
    mask = mask_at((2, 3, 4), (3, 4, 5))  # touch by a corner: one lesion
    mask[10:13, 10:15, 10:11] = True
    assert sorted(lesion_centres(mask).tolist()) == [[2, 4, 4], [11, 12, 10]]
    assert lesion_centres(np.zeros(SHAPE, bool)).shape == (0, 3)


def test_a_cube_lies_about_its_centre():
    found = extract_templates(VOLUME, mask_at((4, 5, 6)), 1, 3, generator=generator())
    assert found.dtype == np.float32 and found.shape == (1, 3, 3, 3)
    np.testing.assert_array_equal(found[0], VOLUME[3:6, 4:7, 5:8])


def test_lesions_smaller_and_larger_than_a_cube_count_once():
    mask = mask_at((4, 4, 4))
    mask[8:18, 8:18, 8:18] = True  # 1000 voxels
    found = extract_templates(VOLUME, mask, 2, 5, generator=generator())
    centres = sorted(found[:, 2, 2, 2].tolist())
    assert centres == sorted([VOLUME[4, 4, 4], VOLUME[12, 12, 12]])


def test_cubes_that_leave_the_volume_are_not_drawn():
    border = [(1, 9, 9), (9, 20, 9), (9, 9, 23)]
    edge = [(2, 9, 4), (17, 4, 9), (9, 19, 21)]  # the first and last that fit
    found = extract_templates(VOLUME, mask_at(*border, *edge), 3, 5, generator=generator())
    assert set(found[:, 2, 2, 2]) == {VOLUME[voxel] for voxel in edge}


def test_every_lesion_is_equally_likely_and_none_drawn_twice():
    hits, source, mask = Counter(), generator(1), mask_at(*APART)
    for _ in range(600):
        drawn = extract_templates(VOLUME, mask, 2, 3, generator=source)[:, 1, 1, 1]
        assert len(set(drawn)) == 2
        hits.update(drawn.tolist())
    assert set(hits) == {VOLUME[voxel] for voxel in APART}
    assert chisquare(list(hits.values())).pvalue > 1e-3


def test_fewer_templates_are_the_first_of_more():
    mask = mask_at(*APART)
    few, many = (extract_templates(VOLUME, mask, n, 3, generator=generator(5)) for n in (2, 5))
    np.testing.assert_array_equal(few, many[:2])


def test_the_generator_alone_decides():
    mask = mask_at(*APART)
    draws = [extract_templates(VOLUME, mask, 6, 3, generator=generator(s)) for s in (3, 3, 4)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_too_few_lesions():
    mask = mask_at(*APART, (0, 0, 0))
    with pytest.raises(
        ValueError, match=r"must hold 7 lesions with room .* 3 voxels, got 6; lower"
    ):
        extract_templates(VOLUME, mask, 7, 3, generator=generator())
    options = {"generator": generator(), "shortfall": "all available"}
    assert len(extract_templates(VOLUME, mask, 7, 3, **options)) == 6
    with pytest.raises(ValueError, match=r"must hold 7 lesions .* got 0"):
        extract_templates(VOLUME, mask_at((0, 0, 0)), 7, 3, **options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 4}, "size must be odd, so that a cube has a centre voxel, got 4"),
        ({"size": -1}, "size must be odd, .* got -1"),
        ({"n": 0}, "n must be an integer >= 1, got 0"),
        ({"n": 2.5}, "n must be an integer >= 1, got 2.5"),
        ({"shortfall": "replace"}, "shortfall must be one of .* got 'replace'"),
        (
            {"lesion_mask": np.ones((2, 2, 2), bool)},
            r"must have the shape of volume \(20, 22, 24\)",
        ),
        ({"lesion_mask": np.ones(SHAPE)}, "lesion_mask must be bool .* got float64"),
        ({"volume": np.where(VOLUME > 9, np.nan, VOLUME)}, "volume must be finite, got NaN"),
    ],
)
def test_bad_inputs(changes, message):
    arguments = {"volume": VOLUME, "lesion_mask": mask_at(*APART), "generator": generator()}
    with pytest.raises(ValueError, match=message):
        extract_templates(**(arguments | {"n": 2, "size": 3} | changes))
