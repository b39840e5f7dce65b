"""One NIfTI file in or out: read in RAS+ orientation, checked; written small, whole or not at all.

Every problem with a file is a `VolumeError` that names the file, the rule, the value found and what
to do about it.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from rfe_core.files import replacing

GZIP_MAGIC = b"\x1f\x8b"

INT16_LEVELS = 32767

#: What a NIfTI header says of where its voxels are, beside their number and size.
GRID_FIELDS = (
    *("qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y"),
    *("qoffset_z", "srow_x", "srow_y", "srow_z", "xyzt_units"),
)

MASK_TOLERANCE = 1e-3  # a mask stored as scaled integers (255 * 1/255) is binary up to rounding


class VolumeError(ValueError):
    """A file or folder of images breaks a rule; the message names file, rule, value and remedy."""


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
        The file is missing, truncated, not NIfTI, not 3-D, has no usable affine, holds NaN or
        infinity, or has the same value in every voxel.
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
    return image, affine


def read_mask(path: Path) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Read a binary mask: bool (X, Y, Z) and its affine (4, 4), in RAS+ as `read_image` does.

    Raises
    ------
    VolumeError
        As for `read_image` (a mask may be empty here), or a value other than 0 and 1.
    """
    mask, affine = _read(path)
    binary = mask > 0.5
    if mask.dtype.kind in "ui":
        valid = mask.min() >= 0 and mask.max() <= 1
    else:
        valid = np.all(np.abs(mask - binary) < MASK_TOLERANCE)  # NaN fails too
    if not valid:
        values = np.unique(mask)
        shown = ", ".join(f"{value:g}" for value in values[:6]) + (
            ", ..." if len(values) > 6 else ""
        )
        if len(values) > 20:
            advice = (
                "it looks like a probability map or an image; threshold it (for example mask > 0.5)"
            )
        else:
            advice = "choose the labels that count and save them as 1 (for example mask > 0)"
        raise VolumeError(
            f"{path}: mask values must be 0 and 1, got {len(values)} values: {shown}; {advice}"
        )
    return binary, affine


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
    _write(path, nifti)


def write_mask(path: Path, mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> None:
    """Write a mask as uint8 of 0 and 1, gzip level 1."""
    _write(path, nib.Nifti1Image(mask.astype(np.uint8), affine))


def write_on_grid(path: Path, volume: NDArray[np.bool_ | np.float32], scan: Path) -> None:
    """Write a mask (uint8) or a map (float32), (X, Y, Z) in RAS+, on the grid of the scan's file.

    Orientation, shape, affine, its codes and units are those of ``scan``, so voxel by voxel the
    two files belong together; of its header nothing else is copied, so no name goes along.

    Raises
    ------
    VolumeError
        ``scan`` cannot be read, or is no scan of that many voxels.
    """
    like = _open(scan).header
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
    _write(path, kind(turned.reshape(shape), affine, header), units=False)


def _write(path: Path, nifti: nib.Nifti1Image, *, units: bool = True) -> None:
    if units:
        nifti.header.set_xyzt_units("mm")
    # mtime 0: the same volume gives the same bytes. Level 1: much faster, hardly larger.
    with replacing(path) as partial:
        partial.write_bytes(gzip.compress(nifti.to_bytes(), compresslevel=1, mtime=0))


def _open(path: Path) -> nib.Nifti1Image | nib.Nifti2Image:
    """Decompress and parse in memory: faster than nibabel's stream, and truncation is seen."""
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise VolumeError(f"{path}: file must exist, found none") from None
    except OSError as error:
        raise VolumeError(f"{path}: file must be readable, got {error}") from error
    if raw.startswith(b"version https://git-lfs"):
        raise VolumeError(
            f"{path}: file must hold the image, got a Git LFS pointer of {len(raw)} bytes; "
            "run `git lfs pull` in that data set"
        )
    if raw.startswith(GZIP_MAGIC):
        try:
            raw = gzip.decompress(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise VolumeError(
                f"{path}: gzip file must be complete, got {len(raw)} bytes that end early or are "
                f"damaged ({error}); download or copy it again"
            ) from error
    for kind in (nib.Nifti1Image, nib.Nifti2Image):
        if kind.header_class.may_contain_header(raw[: kind.header_class.sizeof_hdr]):
            try:
                return kind.from_bytes(raw)
            except (ImageFileError, HeaderDataError, ValueError) as error:
                raise VolumeError(f"{path}: NIfTI header must be valid, got: {error}") from error
    raise VolumeError(
        f"{path}: file must be NIfTI (.nii or .nii.gz), got {len(raw)} bytes that start with "
        f"{raw[:8]!r}; convert it (DICOM: dcm2niix)"
    )


def _read(path: Path, dtype: type | None = None) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the array in RAS+ (``dtype`` None: as stored) and its affine; check both."""
    nifti = _open(path)
    shape = nifti.shape
    if len(shape) > 3 and all(size == 1 for size in shape[3:]):
        nifti = nib.funcs.squeeze_image(nifti)  # some converters write (X, Y, Z, 1)
    if len(nifti.shape) != 3 or 0 in nifti.shape:
        raise VolumeError(
            f"{path}: image must be 3-D, got shape {shape}; save one volume of it, "
            "for example nibabel.funcs.four_to_three(image)[0]"
        )
    if nifti.get_data_dtype().kind not in "iuf":
        raise VolumeError(
            f"{path}: voxels must be real numbers, got {nifti.get_data_dtype()}; "
            "save a grey-value image, not colours or complex numbers"
        )
    affine = nifti.affine
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise VolumeError(
            f"{path}: affine must be finite and invertible, got {affine.tolist()}; "
            "convert the scan again from its DICOM files"
        )
    try:
        canonical = nib.as_closest_canonical(nifti)
        # column-major, as NIfTI stores it: an axial slice [:, :, z] is one block of memory
        with np.errstate(over="ignore"):  # becomes infinite, which the caller refuses
            array = np.asfortranarray(np.asanyarray(canonical.dataobj, dtype=dtype))
    except (OSError, EOFError, ValueError, ImageFileError) as error:
        raise VolumeError(
            f"{path}: file must hold all voxels of its header's shape {shape}, got: {error}; "
            "download or copy it again"
        ) from error
    return array, canonical.affine
