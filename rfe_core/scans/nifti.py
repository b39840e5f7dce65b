"""One NIfTI file read in RAS+ orientation, and checked.

Every problem with a file is a `VolumeError` that names the file, the rule, the value found and what
to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from rfe_core.scans.errors import VolumeError
from rfe_core.scans.header import GZIP_RATIO, IMAGE_RATIO, read_stored

#: Squares of values below it vanish in float32, squares of those above 1 / it are infinite.
LEAST_INTENSITY = 1e-18

MASK_TOLERANCE = 1e-3  # a mask stored as scaled integers (255 * 1/255) is binary up to rounding


def read_image(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Read a 3-D image.

    Parameters
    ----------
    path
        A ``.nii`` or ``.nii.gz`` file (NIfTI-1 or NIfTI-2).

    Returns
    -------
    image
        Float32 (X, Y, Z), axes reordered and flipped (never resampled) so that they run
        right, anterior, superior. The file's scale factors are applied.
    affine
        Float64 (4, 4), from voxel index to millimetres, of the reoriented array.

    Raises
    ------
    VolumeError
        As `header.read_stored`, or it holds NaN or infinity, the same value in every voxel, or
        intensities that float32 cannot square.
    """
    image, affine = _read(path, np.float32)
    low, high = image.min(), image.max()
    if not np.isfinite([low, high]).all():  # NaN anywhere makes both NaN
        bad = image.size - np.count_nonzero(np.isfinite(image))
        raise VolumeError(
            f"{path}: voxels must be finite, got NaN or infinity in {bad} of {image.size}; "
            "set them to 0 outside the head (numpy.nan_to_num) and save again"
        )
    if low == high:
        raise VolumeError(
            f"{path}: image must not be empty, got {low} in every voxel; export this modality again"
        )
    if not LEAST_INTENSITY <= max(-low, high) <= 1 / LEAST_INTENSITY:
        raise VolumeError(
            f"{path}: largest intensity must lie between {LEAST_INTENSITY:g} and "
            f"{1 / LEAST_INTENSITY:g} (squares in float32), got {max(-low, high):g}; rescale it"
        )
    return image, affine


def read_mask(
    path: Path, labels: Sequence[int] = ()
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Read a mask: bool (X, Y, Z) and its affine (4, 4), in RAS+ as `read_image` does.

    It must hold 0 and 1 alone, unless ``labels`` names the values that count, of any whole numbers.

    Raises
    ------
    VolumeError
        As for `read_image` (a mask may be empty here), or a value other than 0 and 1; with labels
        one that is not whole, or others alone.
    """
    mask, affine = _read(path)
    whole, valid = mask, True
    if mask.dtype.kind not in "ui":
        whole = np.rint(mask)
        with np.errstate(invalid="ignore"):  # infinity fails, as does NaN
            valid = bool(np.all(np.abs(mask - whole) < MASK_TOLERANCE))
    if labels:
        rule = f"whole numbers, some of them {', '.join(map(str, labels))}"
        binary = np.isin(whole, labels)
        valid = valid and bool(binary.any() or not whole.any())
    else:
        rule, binary = "0 and 1", whole == 1
        valid = valid and bool(whole.min() >= 0 and whole.max() <= 1)
    if not valid:
        values = np.unique(mask)
        shown = ", ".join(f"{value:g}" for value in values[:6]) + ", ..." * (len(values) > 6)
        advice = "it looks like a probability map or an image; threshold it (such as mask > 0.5)"
        if len(values) <= 20:
            advice = (
                "choose those that are lesion with the option --labels (labels= in Python), or "
                "save them as 1 (for example mask > 0)"
            )
        raise VolumeError(
            f"{path}: mask values must be {rule}, got {len(values)} values: {shown}; {advice}"
        )
    return binary, affine


def _read(path: Path, dtype: type | None = None) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the array in RAS+ (``dtype`` None: as stored) and its affine; check both."""
    stored, header = read_stored(path, GZIP_RATIO if dtype is None else IMAGE_RATIO)
    turn = nib.io_orientation(header.get_best_affine())
    affine = header.get_best_affine() @ nib.orientations.inv_ornt_aff(turn, stored.shape)
    stored = nib.apply_orientation(stored, turn)  # a view
    slope, inter = (None if v is None else np.float64(v) for v in header.get_slope_inter())
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # infinite, which the caller refuses
            if dtype is None:
                return nib.volumeutils.apply_read_scaling(stored, slope, inter), affine
            # column-major, as NIfTI stores it: an axial slice [:, :, z] is one block of memory
            array = np.empty(stored.shape, dtype, order="F")
            for z in range(stored.shape[2]):  # one at a time is scaled, in float64
                array[:, :, z] = nib.volumeutils.apply_read_scaling(stored[:, :, z], slope, inter)
    except MemoryError as error:
        raise VolumeError(f"{path}: {stored.shape} voxels must fit in memory, {error}") from error
    return array, affine
