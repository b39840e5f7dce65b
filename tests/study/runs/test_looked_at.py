"""A part of a patient lies where it lay in the whole."""

import dataclasses

import nibabel as nib
import numpy as np
import pytest
from synthetic import tiny_subject

from rfe_study.runs.looked_at import part

OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(0.1, -0.05, 0.2) @ np.diag([1.0, 1.0, 1.5]), [-4, -5, 6]
)


@pytest.mark.parametrize("lesions", [True, False])
def test_a_part_stays_where_it_was_in_space(lesions):
    whole = dataclasses.replace(tiny_subject("p1", shape=(8, 9, 10), domain="B"), affine=OBLIQUE)
    whole = whole if lesions else dataclasses.replace(whole, lesion_mask=None)
    inside = part(whole, np.s_[2:7, :, -4:])
    assert inside.shape == (5, 9, 4) and (inside.name, inside.domain) == ("p1", "B")
    moved = inside.affine @ [0, 0, 0, 1], whole.affine @ [2, 0, 6, 1]
    np.testing.assert_allclose(*moved)
    assert (inside.voxel_size_mm == whole.voxel_size_mm).all()
    assert (inside.images["t2"] == whole.images["t2"][2:7, :, 6:]).all()
    assert (inside.brain_mask == whole.brain_mask[2:7, :, 6:]).all()
    assert (inside.lesion_mask is None) != lesions
    assert not lesions or (inside.lesion_mask == whole.lesion_mask[2:7, :, 6:]).all()
    inside.images["t2"][:] = 0  # of its own
    assert whole.images["t2"][3, 3, 7] > 0
