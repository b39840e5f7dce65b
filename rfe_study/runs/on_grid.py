"""What is made of a scan, written on the grid of its own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from rfe_core.scans.errors import VolumeError
from rfe_core.scans.header import read_header
from rfe_study.phantom.volumes import write

#: What a NIfTI header says of where its voxels are, beside their number and size.
GRID_FIELDS = (
    *("qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y"),
    *("qoffset_z", "srow_x", "srow_y", "srow_z", "xyzt_units"),
)


def write_on_grid(path: Path, volume: NDArray[np.bool_ | np.float32], scan: Path) -> None:
    """Write a mask (uint8) or a map (float32), (X, Y, Z) in RAS+, on the grid of the scan's file.

    Orientation, shape, affine, its codes and units are those of ``scan``, so voxel by voxel the
    two files belong together; of its header nothing else is copied, so no name goes along.

    Raises
    ------
    VolumeError
        ``scan`` cannot be read, or is no scan of that many voxels.
    """
    like = read_header(scan)
    shape, affine = like.get_data_shape(), like.get_best_affine()
    turned = nib.apply_orientation(
        volume.astype(np.uint8 if volume.dtype == bool else np.float32),
        nib.orientations.ornt_transform(nib.io_orientation(np.eye(4)), nib.io_orientation(affine)),
    )
    if turned.shape != shape[:3] or turned.size != np.prod(shape):
        raise VolumeError(
            f"{scan}: scan must have the shape {turned.shape} of what is written on its grid, "
            f"got {shape}"
        )
    header = like.__class__(endianness=like.endianness)
    for field in (*GRID_FIELDS, "dim", "pixdim"):
        header[field] = like[field]
    header.set_data_dtype(turned.dtype)
    kind: Any = nib.Nifti2Image if isinstance(like, nib.Nifti2Header) else nib.Nifti1Image
    write(path, kind(turned.reshape(shape), affine, header))
