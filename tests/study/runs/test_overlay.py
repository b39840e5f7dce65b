"""The picture of a patient: which slices, which side, which colour."""

from dataclasses import replace

import numpy as np
from synthetic import tiny_subject

from rfe_study.runs.overlay import BOTH, MARKED, PIXELS_PER_MM, TITLE, TRUTH, montage, slices_shown


def colours(tile):
    flat = np.asarray(tile).reshape(-1, 3)
    return {tuple(map(int, c)) for c in np.unique(flat, axis=0) if len(set(c.tolist())) > 1}


def test_the_fullest_slice_of_each_part_is_shown():
    brain = np.zeros((4, 4, 20), bool)
    brain[:, :, 2:14] = True  # two slices a part
    mask = brain & False
    mask[0, 0, [3, 4]], mask[:2, 0, 13] = True, True
    assert slices_shown(mask, brain) == [3, 4, 7, 9, 11, 13]
    assert slices_shown(mask, brain[:, :, :5]) == [2, 3, 4]  # fewer slices than parts


def test_sides_and_colours():
    """A mark at the patient's right front is on the picture's left, above; truth is green."""
    subject = replace(tiny_subject(shape=(40, 50, 12)), affine=np.diag([1.0, 1.0, 3.0, 1.0]))
    nothing, right, left = (np.zeros(subject.shape, bool) for _ in range(3))
    right[24:30, 30:36, :], left[8:14, 10:16, :] = True, True
    subject = replace(subject, lesion_mask=left)
    picture = np.asarray(montage(subject, {"a": right, "b": left, "c": nothing}))
    height = (picture.shape[0] - 4 * TITLE) // 4
    assert (height + TITLE) * 4 == picture.shape[0]
    rows = [picture[k * (height + TITLE) + TITLE : (k + 1) * (height + TITLE)] for k in range(4)]
    assert [colours(row) for row in rows] == [{TRUTH}, {TRUTH, MARKED}, {BOTH}, {TRUTH}]
    tile = rows[1][:, : picture.shape[1] // 6]
    y, x = (index.mean() for index in np.nonzero((tile == MARKED).all(axis=2)))
    assert x < tile.shape[1] / 2 and y < tile.shape[0] / 2  # high x is right, high y is front
    y, x = (index.mean() for index in np.nonzero((tile == TRUTH).all(axis=2)))
    assert x > tile.shape[1] / 2 and y > tile.shape[0] / 2


def test_a_millimetre_is_as_long_in_both_directions():
    subject = replace(tiny_subject(shape=(20, 60, 12)), affine=np.diag([3.0, 1.0, 5.0, 1.0]))
    picture = montage(subject, {"a": subject.brain_mask})
    brain = subject.brain_mask.any(axis=2)
    x, y = (np.flatnonzero(brain.any(axis=axis)) for axis in (1, 0))
    reach = [min(n, int(k[-1]) + 5) - max(0, int(k[0]) - 4) for k, n in ((x, 20), (y, 60))]
    assert picture.width == 6 * round(PIXELS_PER_MM * 3 * reach[0])
    assert picture.height == 2 * (round(PIXELS_PER_MM * reach[1]) + TITLE)


def test_without_labels_and_marks():
    subject = replace(tiny_subject(), lesion_mask=None)
    assert colours(montage(subject, {"a": subject.brain_mask & False})) == set()
