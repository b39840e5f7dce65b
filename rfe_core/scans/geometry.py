"""Where the voxels of a file are: the affines of its header, and files on one grid."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from rfe_core.scans.errors import VolumeError

#: From voxels to millimetres (4, 4); a file's grid is its shape and affine, both in RAS+.
Affine = NDArray[np.float64]
Grid = tuple[tuple[int, ...], Affine]

#: Two grids agree if no corner is further apart than this part of a voxel's shortest edge.
GRID_TOLERANCE = 0.1

#: Edges of a voxel in millimetres, and its volume as part of the edges' product (a right angle: 1).
EDGES_MM, LEAST_ANGLE = (1e-5, 1e4), 1e-3


def forms(header: nib.Nifti1Header) -> tuple[Affine | None, Affine | None]:
    """Its sform and qform (4, 4); None where the code is 0 or the numbers are none of an affine."""
    sform = header.get_sform() if header["sform_code"] else None
    try:
        with np.errstate(all="ignore"):  # what overflows is not usable
            qform = header.get_qform() if header["qform_code"] else None
    except (HeaderDataError, ValueError):  # no quaternion; `concerns` says so
        qform = None
    return sform, qform if qform is not None and _usable(qform) else None


def check_affine(path: Path, header: nib.Nifti1Header) -> None:
    """Raise `VolumeError` unless a header has a usable affine and no other one that mirrors it."""
    with np.errstate(all="ignore"):
        affine = header.get_best_affine()
    if not _usable(affine):
        least, largest = EDGES_MM
        raise VolumeError(
            f"{path}: affine must be finite and invertible, voxel edges from {least:g} to "
            f"{largest:g} mm, got {affine.tolist()}; convert the scan again from its DICOM files"
        )
    sform, qform = forms(header)
    if sform is None or qform is None:
        return
    if np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) < 0:
        axes = ["".join(nib.aff2axcodes(form)) for form in (sform, qform)]
        raise VolumeError(
            f"{path}: sform and qform must not mirror each other (right against left), got "
            f"{axes[0]} and {axes[1]}; find out which is true and write it into both "
            "(nibabel: image.set_sform, image.set_qform)"
        )


def concerns(path: Path, header: nib.Nifti1Header) -> list[str]:
    """What is odd about a header's affines, though they are usable: one line each."""
    sform, qform = forms(header)
    if not header["sform_code"] and not header["qform_code"]:
        return [
            f"{path}: sform_code and qform_code are both 0, so which side is left is a guess "
            f"({''.join(nib.aff2axcodes(header.get_best_affine()))}); convert the scan again"
        ]
    if header["qform_code"] and qform is None:
        return [f"{path}: qform is not that of an image; the sform was used"]
    if sform is not None and qform is not None:
        shift = largest_shift(header.get_data_shape()[:3], sform, qform)
        if shift > _allowed_mm(sform):
            return [
                f"{path}: sform and qform place a voxel up to {shift:.3g} mm apart; the sform was "
                "used; if that is not meant, find out which is true and write it into both"
            ]
    return []


def same_grid(grid: Grid, reference: Grid) -> bool:
    """Whether they have one shape, and every corner of one is at most `GRID_TOLERANCE` off."""
    (shape, affine), (of_reference, onto) = grid, reference
    return shape == of_reference and largest_shift(shape, affine, onto) <= _allowed_mm(onto)


def check_grid(path: Path, grid: Grid, reference: Path, of_reference: Grid) -> None:
    """Raise `VolumeError` unless a file lies on the reference's grid, as `same_grid` has it."""
    if same_grid(grid, of_reference):
        return
    (shape, affine), (wanted, onto) = grid, of_reference
    rule, got = f"shape in RAS+ order must equal {wanted}", str(shape)
    if shape == wanted:
        voxels = f"{GRID_TOLERANCE} voxel ({_allowed_mm(onto):.3g} mm)"
        rule = f"affine must place every corner within {voxels}"
        got = f"{largest_shift(shape, affine, onto):.3g} mm"
    raise VolumeError(
        f"{path}: {rule} of {reference.name}, got {got}; the option --resample puts it onto the "
        f"grid of {reference.name} as the headers say, --register also finds where it lies"
    )


def largest_shift(shape: tuple[int, ...], affine: Affine, other: Affine) -> float:
    """How far two affines (4, 4) place a corner of a grid apart at most, in millimetres."""
    corners = np.array([(*corner, 1) for corner in product(*((0, size - 1) for size in shape))])
    return float(np.linalg.norm(corners @ (affine - other)[:3].T, axis=1).max())


def _allowed_mm(affine: Affine) -> float:
    return GRID_TOLERANCE * float(np.linalg.norm(affine[:3, :3], axis=0).min())


def _usable(affine: Affine) -> bool:
    """Whether it is finite and its voxels have a size and right angles, nearly."""
    with np.errstate(all="ignore"):  # what overflows is refused
        edges = np.linalg.norm(affine[:3, :3], axis=0)
        sizes = np.all((edges >= EDGES_MM[0]) & (edges <= EDGES_MM[1]))  # NaN is neither
        angle = abs(np.linalg.det(affine[:3, :3])) >= LEAST_ANGLE * edges.prod()
    return bool(sizes and angle and np.isfinite(affine).all())
