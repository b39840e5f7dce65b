"""The prior: NCC against scikit-image, its undefined places, the exact threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import match_template

from rfe_core import ncc as core_ncc
from rfe_core.metrics import f_score
from rfe_core.ncc import combine, ncc_response, response
from rfe_core.prior import (
    best_threshold,
    dice_curve,
    prior_mask,
)

SHAPE = (13, 21, 17)


def noise(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def smooth(seed=0):
    """Neighbours alike, as in an image."""
    field = noise(tuple(n + 2 for n in SHAPE), seed)
    for axis in range(3):
        field = np.lib.stride_tricks.sliding_window_view(field, 3, axis).mean(-1)
    return field


def inside(size, shape=SHAPE):
    """Where the whole window lies in the volume."""
    return tuple(slice(size // 2, n - size // 2) for n in shape)


def ncc_by_loops(volume, template):
    """The equation, window by window, in float64."""
    size, pattern = len(template), template - template.mean()
    result = np.zeros(volume.shape)
    for place in np.ndindex(*(n - size + 1 for n in volume.shape)):
        window = volume[tuple(slice(p, p + size) for p in place)]
        centred = window - window.mean()
        length = np.sqrt((centred**2).sum() * (pattern**2).sum())
        result[tuple(p + size // 2 for p in place)] = (centred * pattern).sum() / length
    return result


# A volume, and how far NCC may be from the equation and from scikit-image.
VOLUMES = {
    "noise": (noise(), 1e-6, 1e-6),
    "smooth": (smooth(), 1e-6, 1e-6),
    "offset": (noise() + 100, 1e-6, 1e-6),
    "large offset": (noise() + 1e6, 1e-6, 2e-3),  # scikit-image loses digits
    "large offset, float32": ((noise() + 1e4).astype(np.float32), 1e-6, 1e-6),
    "scaled up": (1e9 * noise(), 1e-6, 1e-6),
    "scaled down": (1e-9 * noise(), 1e-6, 1e-6),
    "integers": (np.round(1000 * noise()).astype(np.int16), 1e-6, 1e-6),
    "ramp": (noise() + np.linspace(0, 1000, SHAPE[0])[:, None, None], 1e-4, 1e-4),
    "step of 1000": (noise() + 1000.0 * (np.arange(SHAPE[1]) > 10)[:, None], 1e-4, 1e-4),
    "faint beside bright": (noise() * 10.0 ** np.linspace(-2, 2, SHAPE[2]), 1e-6, 1e-4),
}


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("name", VOLUMES)
def test_is_the_equation_and_agrees_with_match_template(name, size):
    volume, from_equation, from_library = VOLUMES[name]
    templates = np.stack([noise((size,) * 3, seed) for seed in range(2)])
    found = ncc_response(volume, templates)
    assert found.dtype == np.float32 and found.shape == (2, *SHAPE)
    for own, template in zip(found, templates, strict=True):
        ncc, place = 2 * own.astype(float) - 1, inside(size)
        theirs = match_template(volume.astype(float), template)
        expected = ncc_by_loops(volume.astype(float), template)
        np.testing.assert_allclose(ncc, expected, rtol=0, atol=from_equation)
        np.testing.assert_allclose(ncc[place], theirs, rtol=0, atol=from_library)


def test_a_copy_is_a_perfect_match_and_a_negative_the_opposite():
    volume = noise()
    window = (slice(4, 9), slice(7, 12), slice(10, 15))
    templates = np.stack([volume[window], 5 - 3 * volume[window]])
    found = ncc_response(volume, templates)
    assert found[:, 6, 9, 12] == pytest.approx([1, 0], abs=1e-6)
    assert found.min() >= 0 and found.max() <= 1
    assert (found > 0.99).sum() == (found < 0.01).sum() == 1


@settings(max_examples=20)
@given(
    gain=st.floats(1e-3, 1e3),
    offset=st.floats(-1e3, 1e3),  # within what FLAT tells from a constant
    template_gain=st.floats(1e-3, 1e3),
    seed=st.integers(0, 1000),
)
def test_gain_and_offset_do_not_matter(gain, offset, template_gain, seed):
    volume, templates = noise((7, 8, 9), seed), noise((2, 3, 3, 3), seed + 1)
    expected = response(volume, templates)
    changed = response(gain * (volume + offset), template_gain * (templates - offset / 7))
    np.testing.assert_allclose(changed, expected, atol=2e-5)


def test_flat_windows_are_no_evidence():
    volume = noise()
    volume[2:9, 3:10, 4:11] = 7.3
    found = ncc_response(volume, noise((3, 5, 5, 5), 1))
    assert (found[:, 4:7, 5:8, 6:9] == 0.5).all()
    around = found[:, 3:8, 4:9, 5:10].copy()
    around[:, 1:4, 1:4, 1:4] = 0
    assert (around != 0.5).all()  # one voxel of noise in the window, and it counts


@pytest.mark.parametrize("value", [0.0, 1e-3, 0.1, 1e6, -2e5])
def test_a_constant_volume_is_flat_everywhere(value):
    """Also where the sums of its windows are not exact in binary."""
    volume = np.full((9, 9, 9), value, np.float32)
    assert (ncc_response(volume, noise((2, 5, 5, 5))) == 0.5).all()
    volume[0, 0, 0] = 5 * value + 1  # so that the mean of the volume is another
    assert (ncc_response(volume, noise((2, 5, 5, 5)))[:, 5:, 5:, 5:] == 0.5).all()


def test_the_border_is_no_evidence():
    found = ncc_response(noise(), noise((2, 5, 5, 5), 1))
    border = np.ones(SHAPE, bool)
    border[inside(5)] = False
    assert (found[:, border] == 0.5).all()
    assert (found[:, ~border] != 0.5).mean() > 0.99


def test_a_volume_as_large_as_the_template():
    volume = noise((5, 5, 5))
    found = ncc_response(volume, volume[None])[0]
    assert found[2, 2, 2] == pytest.approx(1, abs=1e-6)
    assert (np.delete(found.ravel(), 62) == 0.5).all()


@pytest.mark.parametrize("windows", [1, 40, 100, 10**6])
def test_fused_is_combined(monkeypatch, windows):
    volume, templates = smooth(), noise((11, 5, 5, 5), 5)
    expected = combine(ncc_response(volume, templates))
    monkeypatch.setattr(core_ncc, "WINDOWS", windows)
    np.testing.assert_allclose(response(volume, templates), expected, atol=1e-6)


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_does_not_matter_and_nothing_is_changed(order):
    volume, templates = smooth(), noise((3, 3, 3, 3), 5)
    given, before = np.array(volume, order=order), volume.copy()
    np.testing.assert_array_equal(response(given, templates), response(volume, templates))
    np.testing.assert_array_equal(given, before)
    given.setflags(write=False)  # as arrays from memory maps are
    np.testing.assert_array_equal(response(given, templates), response(volume, templates))


def test_a_brain_mask_leaves_the_response_inside_and_makes_it_zero_outside():
    volume, templates, brain = smooth(), noise((3, 5, 5, 5), 5), np.zeros(SHAPE, bool)
    brain[0:3, 4:9, 2:12] = brain[6, 11, 16] = brain[12, 20, 0] = True
    found = response(volume, templates, brain)
    np.testing.assert_array_equal(found[brain], response(volume, templates)[brain])
    assert (found[~brain] == 0).all()
    assert found[6, 11, 16] == 0.5  # at the border of the volume


def test_planes_without_brain_are_not_computed(monkeypatch):
    brain = np.zeros(SHAPE, bool)
    brain[6, 10:12, 5] = True
    places = [p for p, _ in core_ncc.window_responses(noise(), noise((1, 5, 5, 5)), brain)]
    assert places == [(slice(6, 7), slice(10, 12), slice(2, 15))]


def test_geometric_mean():
    responses = np.array([[0.5, 1.0, 0.0], [0.5, 0.25, 1.0]], np.float32)
    assert combine(responses).tolist() == [0.5, 0.5, 0.0]
    many = np.full((200, 2), 1e-6, np.float32)  # whose product is no float32
    assert combine(many) == pytest.approx([1e-6, 1e-6], rel=1e-4)


def dice_by_counting(values, mask, threshold):
    return f_score(values >= threshold, mask)


@settings(max_examples=100)
@given(data=st.data())
def test_threshold_is_the_best_of_all(data):
    """With many ties: responses take few values."""
    n = data.draw(st.integers(1, 30))
    values = np.array(data.draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))) / 8
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    mask[data.draw(st.integers(0, n - 1))] = True
    candidates = np.unique(values)[::-1]
    expected = [dice_by_counting(values, mask, t) for t in candidates]
    thresholds, dice = dice_curve(values, mask)
    np.testing.assert_array_equal(thresholds, candidates)
    np.testing.assert_allclose(dice, expected, rtol=1e-12)
    best = best_threshold(values, mask)
    assert dice_by_counting(values, mask, best) == pytest.approx(max(expected))
    higher = candidates[candidates > best]
    assert all(dice_by_counting(values, mask, t) < max(expected) - 1e-12 for t in higher)


def test_of_equally_good_thresholds_the_highest():
    values = np.array([0.9, 0.8, 0.7, 0.6])
    mask = np.array([True, False, False, True])  # 2/3 with one voxel and with four
    assert best_threshold(values, mask) == 0.9


def test_a_coarse_grid_misses_what_the_exact_search_finds():
    """The released search: steps of 0.1, then finer about the best one."""
    values = np.array([0.95, 0.949, 0.5, 0.4, 0.3])
    mask = np.array([True, False, False, True, True])
    grid = [dice_by_counting(values, mask, t) for t in np.arange(0, 1.01, 0.1)]
    assert dice_by_counting(values, mask, best_threshold(values, mask)) >= max(grid)
    peak = np.array([0.9501, 0.9499, 0.2])
    only = np.array([True, False, False])
    assert max(dice_by_counting(peak, only, t) for t in np.arange(0, 1.01, 0.1)) < 1
    assert dice_by_counting(peak, only, best_threshold(peak, only)) == 1


def test_mask_is_what_the_threshold_was_chosen_for():
    values = np.random.default_rng(0).random((6, 7, 8)).astype(np.float32)
    mask = values + 0.3 * np.random.default_rng(1).random((6, 7, 8)) > 0.9
    thresholds, dice = dice_curve(values, mask)
    at = best_threshold(values, mask)
    assert f_score(prior_mask(values, at), mask) == pytest.approx(dice.max())
    assert at in thresholds


def with_nan():
    volume = noise()
    volume[3, 4, 5] = np.nan
    volume[0, 0, 0], volume[1, 1, 1] = np.inf, -np.inf
    return volume


CUBES = noise((2, 5, 5, 5))
MASK = np.ones(4, bool)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: response(with_nan(), CUBES), "volume must be finite, got .* at 3 voxels"),
        (
            lambda: response(noise((9, 4, 9)), CUBES),
            r"volume must be \(X, Y, Z\) with sides >= a template's 5, got \(9, 4, 9\)",
        ),
        (lambda: response(noise((9, 9)), CUBES), r"volume must be \(X, Y, Z\) .* got \(9, 9\)"),
        (
            lambda: response(noise(), noise((2, 4, 4, 4))),
            r"templates must be .* cubes of odd side \(K, s, s, s\), got \(2, 4, 4, 4\)",
        ),
        (lambda: response(noise(), noise((2, 5, 5, 3))), r"got \(2, 5, 5, 3\)"),
        (lambda: response(noise(), noise((5, 5, 5))), r"got \(5, 5, 5\)"),
        (lambda: response(noise(), np.empty((0, 5, 5, 5))), r"got \(0, 5, 5, 5\)"),
        (
            lambda: response(noise(), CUBES * np.array([1, np.nan])[:, None, None, None]),
            "templates must be finite",
        ),
        (
            lambda: response(noise(), CUBES * np.array([1, 0])[:, None, None, None] + 0.1),
            r"templates must vary, got constant ones at \[1\]",
        ),
        (
            lambda: response(noise(), CUBES, np.ones((2, 2, 2), bool)),
            r"brain_mask must be bool of the volume's shape \(13, 21, 17\), got bool \(2, 2, 2\)",
        ),
        (lambda: response(noise(), CUBES, np.ones(SHAPE)), "brain_mask must .* got float64"),
        (lambda: combine(np.empty((0, 3))), r"responses must be one or more in \[0, 1\], got none"),
        (lambda: combine(np.array([[0.5], [-0.1]])), "got -0.1 to 0.5"),
        (lambda: combine(np.array([[0.5], [1.1]])), "got 0.5 to 1.1"),
        (lambda: combine(np.array([[0.5], [np.nan]])), "got nan to nan"),
        (
            lambda: best_threshold(np.ones(4), ~MASK),
            "lesion_mask must hold a lesion to choose a threshold by, got none",
        ),
        (lambda: best_threshold(np.ones(3), MASK), r"response's shape \(3,\), got bool \(4,\)"),
        (lambda: best_threshold(np.ones(4), np.ones(4)), "lesion_mask must be bool .* got float64"),
        (lambda: best_threshold(np.array([1, 2, np.nan, 1]), MASK), "response must be finite"),
        (lambda: best_threshold(np.array([1, 2, np.inf, 1]), MASK), "response must be finite"),
        (lambda: prior_mask(np.array([0.5, np.nan]), 0.5), "response must be finite, got NaN"),
        (lambda: prior_mask(np.ones(4), np.nan), r"threshold must be in \(0, 1\], got nan"),
        (lambda: prior_mask(np.ones(4), 0.0), r"threshold must be in \(0, 1\], got 0.0"),
        (lambda: prior_mask(np.ones(4), 1.5), r"threshold must be in \(0, 1\], got 1.5"),
    ],
)
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()
