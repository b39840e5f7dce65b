"""Which grids are one: by the rule that refuses a file and that says which one is resampled."""

from pathlib import Path

import numpy as np
import pytest

from rfe_core.scans.errors import VolumeError
from rfe_core.scans.geometry import check_grid, same_grid

SHAPE, EDGES = (5, 6, 7), np.diag([2.0, 1.0, 3.0, 1.0])
FLAIR = SHAPE, EDGES


def moved(millimetres):
    affine = EDGES.copy()
    affine[0, 3] += millimetres
    return SHAPE, affine


@pytest.mark.parametrize(
    ("grid", "same", "complaint"),
    [
        (FLAIR, True, None),
        (moved(0.099), True, None),  # of the shortest edge, 1 mm, a tenth
        (moved(0.101), False, r"within 0\.1 voxel \(0\.1 mm\) of flair\.nii, got 0\.101 mm"),
        (((5, 6, 8), EDGES), False, r"must equal \(5, 6, 7\) of flair\.nii, got \(5, 6, 8\)"),
    ],
)
def test_a_file_is_refused_just_if_its_grid_is_another(grid, same, complaint):
    assert same_grid(grid, FLAIR) is same
    files = Path("t1.nii"), grid, Path("flair.nii"), FLAIR
    if same:
        check_grid(*files)
    else:
        with pytest.raises(VolumeError, match=complaint):
            check_grid(*files)
