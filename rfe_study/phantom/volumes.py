"""An image or a mask as a small file, written whole or not at all."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from rfe_core.files import replacing

INT16_LEVELS = 32767


def write_image(path: Path, image: NDArray[np.float32], affine: NDArray[np.float64]) -> None:
    """Write an image as scaled int16, gzip level 1.

    The scale is max(abs(image)) / 32767, so a voxel changes by at most half of that: half of
    float32's storage, and far below the noise of a scan (scanners themselves keep 4096 levels).
    """
    scale = np.float32(np.abs(image).max() / INT16_LEVELS)
    levels = np.rint(image / scale) if scale > 0 else image
    levels = np.clip(levels, -INT16_LEVELS, INT16_LEVELS).astype(np.int16)
    nifti = nib.Nifti1Image(levels, affine)
    nifti.header.set_slope_inter(float(scale) if scale > 0 else 1.0, 0.0)
    _write_mm(path, nifti)


def write_mask(path: Path, mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> None:
    """Write a mask as uint8 of 0 and 1, gzip level 1."""
    _write_mm(path, nib.Nifti1Image(mask.astype(np.uint8), affine))


def _write_mm(path: Path, nifti: nib.Nifti1Image) -> None:
    nifti.header.set_xyzt_units("mm")
    write(path, nifti)


def write(path: Path, image: nib.Nifti1Image) -> None:
    """Write a file of gzip level 1, whole or not at all."""
    # mtime 0: the same volume gives the same bytes. Level 1: much faster, hardly larger.
    with replacing(path) as partial:
        partial.write_bytes(gzip.compress(image.to_bytes(), compresslevel=1, mtime=0))
