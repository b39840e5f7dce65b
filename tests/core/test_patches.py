"""Normalisation, crops that contain lesions, a split that does not leak, batches."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_core.batches import Batches
from rfe_core.patches import extract, extract_all, normalise, split_slices, stack


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def subjects():
    return [tiny_subject("a", seed=1), tiny_subject("b", seed=2)]


@pytest.fixture(scope="module")
def split(subjects):
    return extract(subjects, 60, generator=rng(), size=24)


def test_normalise_by_hand():
    brain = np.ones(1001, bool)
    brain[-1] = False
    volume = np.arange(1001.0) - 100  # brain: -100 ... 899
    scaled = normalise(volume, brain)
    assert scaled.min() == 0 and scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, np.arange(1001) / np.percentile(np.arange(1000), 99.9))


def test_normalise_keeps_zero_when_nothing_is_negative_and_clips_nothing():
    volume = np.array([5.0, 10.0, 1000.0])
    scaled = normalise(volume, np.array([True, True, False]))
    assert scaled[0] == pytest.approx(0.5, rel=1e-3) and scaled[2] > 99


def test_normalise_ignores_the_scanners_gain(subjects):
    volume, brain = subjects[0].images["t1"], subjects[0].brain_mask
    np.testing.assert_allclose(normalise(volume, brain), normalise(7 * volume, brain), rtol=1e-5)


def test_normalise_bad_inputs():
    with pytest.raises(ValueError, match="shape of volume"):
        normalise(np.ones(3), np.ones(2, bool))
    with pytest.raises(ValueError, match="at least one voxel"):
        normalise(np.ones(3), np.zeros(3, bool))
    for value in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match=r"volume must be finite, .*, got .*(nan|inf)"):
            normalise(np.array([1, 2, value]), np.array([True, True, False]))  # outside the brain
    for value in (1e300, -1e300, 1e38):
        with pytest.raises(ValueError, match=r"volume .* within -1e\+37 ... 1e\+37, got .*e\+"):
            normalise(np.array([1, 2, value]), np.ones(3, bool))
    for mask in (np.ones(3, int), np.ones(3)):
        with pytest.raises(ValueError, match=f"brain_mask must be bool .*, got {mask.dtype}"):
            normalise(np.ones(3), mask)
    with pytest.raises(ValueError, match="percentile must be > 1, got 1e-05"):
        normalise(np.array([1e37, 1e-5, 1e-5]), np.array([False, True, True]))
    with pytest.raises(ValueError, match="percentile must be > 0, got 0"):
        normalise(np.zeros(3), np.ones(3, bool))


def test_stack_axes_and_channels(subjects):
    subject = subjects[0]
    slices = stack(subject)
    assert slices.shape == (60, 3, 40, 36) and slices.dtype == np.float32
    for channel, modality in enumerate(("t1", "t2", "flair")):
        expected = normalise(subject.images[modality], subject.brain_mask)[:, :, 31]
        assert np.array_equal(slices[31, channel], expected)


def test_split_has_gaps_and_the_right_share():
    sides = split_slices(200)
    train, validation = np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)
    assert np.abs(train[:, None] - validation).min() == 3
    assert len(train) == 140
    assert not np.array_equal(sides, split_slices(200, offset=4))


def test_slices_are_a_whole_number():
    assert split_slices(0).shape == (0,) and len(split_slices(np.int64(3))) == 3
    for bad in (2.5, -1, "a"):
        with pytest.raises(ValueError, match=f"n_slices must be an integer >= 0, got {bad!r}"):
            split_slices(bad)
        with pytest.raises(ValueError, match=f"offset must be an integer >= 0, got {bad!r}"):
            split_slices(10, offset=bad)


def test_crops_are_cut_where_they_say(subjects, split):
    by_name = {s.name: s for s in subjects}
    for patches in split:
        for k in range(len(patches)):
            subject, z = by_name[patches.subjects[k]], patches.slices[k]
            windows = np.lib.stride_tricks.sliding_window_view(stack(subject)[z], (3, 24, 24))[0]
            (place,) = np.argwhere((windows == patches.images[k]).all(axis=(2, 3, 4)))
            x, y = place
            assert np.array_equal(subject.lesion_mask[x : x + 24, y : y + 24, z], patches.labels[k])
            assert np.array_equal(subject.brain_mask[x : x + 24, y : y + 24, z], patches.valid[k])


def test_every_crop_has_a_lesion_and_the_split_is_seven_to_three(split):
    train, validation = split
    assert (len(train), len(validation)) == (42, 18)
    for patches in split:
        assert patches.labels.any(axis=(1, 2)).all()


def test_no_slice_or_neighbour_on_both_sides(split):
    train, validation = split
    for name in ("a", "b"):
        a, b = (set(p.slices[p.subjects == name].tolist()) for p in (train, validation))
        assert a and b and min(abs(i - j) for i in a for j in b) >= 3


def test_crops_spread_evenly_over_slices(split):
    keys = list(zip(split[0].subjects.tolist(), split[0].slices.tolist(), strict=True))
    counts = [keys.count(k) for k in set(keys)]
    assert max(counts) - min(counts) <= 1


def test_small_slices_are_padded_with_invalid_zeros(subjects):
    patches, _ = extract(subjects, 6, generator=rng(), size=48)
    assert patches.images.shape == (4, 3, 48, 48)
    assert not patches.valid[:, 40:].any() and not patches.valid[:, :, 36:].any()
    assert (patches.images[:, :, 40:] == 0).all() and (patches.labels[:, 40:] == 0).all()


def test_same_generator_same_patches(subjects, split):
    again = extract(subjects, 60, generator=rng(), size=24)
    other = extract(subjects, 60, generator=rng(1), size=24)
    assert np.array_equal(again[0].images, split[0].images)
    assert not np.array_equal(other[0].images, split[0].images)


def test_extract_bad_inputs(subjects):
    with pytest.raises(ValueError, match="n must be an integer >= 2"):
        extract(subjects, 1, generator=rng())
    unlabelled = replace(subjects[0], lesion_mask=None)
    with pytest.raises(ValueError, match=r"a needs labels of shape \(.*\), got none"):
        extract([unlabelled], 10, generator=rng())
    healthy = replace(subjects[0], lesion_mask=np.zeros_like(subjects[0].lesion_mask))
    with pytest.raises(ValueError, match=r"no training slice of \['a'\] contains a lesion"):
        extract([healthy], 10, generator=rng())


def test_an_epoch_shows_each_patch_once(split):
    train, _ = split
    seen = [batch.images[:, 0].sum(axis=(1, 2)) for batch in Batches(train, generator=rng())]
    assert [len(s) for s in seen] == [12, 12, 12]  # 42 = 3 x 12 + a rest that is left out
    assert len(np.unique(np.concatenate(seen))) == 36


def test_mixed_batches_are_half_and_half_with_the_first_sets_steps(split):
    first, second = split  # 42 and 18 patches: the smaller set is shown again
    batches = Batches(first, second, generator=rng())
    own = {image.tobytes() for image in first.images}
    seen = list(batches)
    assert len(seen) == len(batches) == 3
    for batch in seen:
        assert batch.source.tolist() == [0] * 6 + [1] * 6
        assert [image.tobytes() in own for image in batch.images] == [True] * 6 + [False] * 6
    others = np.concatenate([b.images[6:, 0].sum(axis=(1, 2)) for b in seen])
    assert len(np.unique(others)) == 18


def test_epochs_differ_and_the_generators_state_resumes_them(split):
    generator = rng()
    batches = Batches(split[0], generator=generator)
    first = np.concatenate([b.labels for b in batches])
    state = generator.bit_generator.state
    second = np.concatenate([b.labels for b in batches])
    generator.bit_generator.state = state
    again = np.concatenate([b.labels for b in batches])
    assert not np.array_equal(first, second) and np.array_equal(second, again)


def test_flip_mirrors_x_of_everything_together(split):
    plain = next(iter(Batches(split[0], generator=rng())))
    flipped = next(iter(Batches(split[0], generator=rng(), flip=True)))
    mirrored = [not np.array_equal(a, b) for a, b in zip(plain.images, flipped.images, strict=True)]
    assert 0 < sum(mirrored) < 12
    for k in np.flatnonzero(mirrored):
        assert np.array_equal(flipped.images[k], plain.images[k][:, ::-1])
        assert np.array_equal(flipped.labels[k], plain.labels[k][::-1])
        assert np.array_equal(flipped.valid[k], plain.valid[k][::-1])


def test_batches_bad_inputs(split):
    first, second = split
    with pytest.raises(ValueError, match=r"multiple of the number of patch sets \(2\), got 7"):
        Batches(first, second, batch_size=7, generator=rng())
    with pytest.raises(ValueError, match="must not be empty"):
        Batches(first.subset(slice(0)), generator=rng())


def test_labels_of_a_prior_stand_for_the_patients_own(subjects):
    """Crops lie around its 1s and carry its -1s; nobody asks for the patients' own labels."""
    prior = []
    for subject in subjects:
        labels = np.where(rng(1).random(subject.shape) < 0.3, -1, 0).astype(np.int8)
        labels[20, 18, 22:25] = 1
        prior.append(np.where(subject.brain_mask, labels, 0).astype(np.int8))
    hidden = [replace(subject, lesion_mask=None) for subject in subjects]
    crops = extract_all(hidden, 12, generator=rng(), size=16, labels=prior)
    assert crops.labels.dtype == np.int8 and set(np.unique(crops.labels)) == {-1, 0, 1}
    assert set(crops.slices) == {22, 23, 24} and (crops.labels == 1).any(axis=(1, 2)).all()
    own = [subject.lesion_mask.astype(np.int8) for subject in subjects]
    same = (extract_all(subjects, 12, generator=rng(), size=16, labels=m) for m in (own, None))
    first, second = same
    assert np.array_equal(first.images, second.images)
    assert np.array_equal(first.labels, second.labels)
    with pytest.raises(ValueError, match=r"no slice of \['a', 'b'\] contains a lesion"):
        unsure = [np.minimum(labels, 0) for labels in prior]
        extract_all(hidden, 12, generator=rng(), size=16, labels=unsure)
    with pytest.raises(ValueError, match=r"a needs labels of shape \(.*\), got \("):
        extract_all(hidden, 12, generator=rng(), labels=[part[1:] for part in prior])
