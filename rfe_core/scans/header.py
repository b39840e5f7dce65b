"""What a NIfTI file claims, held against its size and the rules before memory is taken for voxels.

A header of a few bytes may claim gigabytes, and a gzip file of megabytes may unpack to them. So
the header is read alone, and voxels only if the file can hold what it claims.
"""

from __future__ import annotations

import gzip
import io
import logging
import math
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from rfe_core.scans.errors import VolumeError
from rfe_core.scans.geometry import check_affine

GZIP_MAGIC = b"\x1f\x8b"

#: Deflate packs at most this many bytes into one; a scan's, which has noise, by far fewer.
GZIP_RATIO, IMAGE_RATIO = 1032, 500

#: 1024 x 1024 x 512: no scanner makes more voxels of a head.
MOST_VOXELS = 2**29

#: A file may hold this much behind its voxels; more is not read.
MOST_TRAILING = 2**20

#: A logger that says nothing.
QUIET = logging.Logger("header", logging.CRITICAL + 1)

File = io.BufferedReader | gzip.GzipFile


def read_header(path: Path) -> nib.Nifti1Header:
    """The header of a 3-D image whose file can hold what it claims (NIfTI-2 is a subclass).

    Raises
    ------
    VolumeError
        The file is missing, not NIfTI, too small for its header, not 3-D, of more than
        `MOST_VOXELS` voxels, of colours or complex numbers, or has no usable scale or affine.
    """
    with _opened(path) as (file, size, most):
        return _header(path, file, size, most)


def read_stored(path: Path, ratio: int = GZIP_RATIO) -> tuple[NDArray[Any], nib.Nifti1Header]:
    """Voxels (X, Y, Z) as the file stores them, neither scaled nor turned, and the header.

    Raises
    ------
    VolumeError
        As `read_header`, where gzip holds at most ``ratio`` times its size; or the file ends early,
        is damaged, or goes on far behind its voxels.
    """
    with _opened(path, ratio) as (file, size, most):
        header = _header(path, file, size, most)
        shape, offset = image_shape(header), int(header["vox_offset"])
        try:
            voxels = np.empty(math.prod(shape), header.get_data_dtype())
        except MemoryError as error:
            raise VolumeError(
                f"{path}: voxels of {shape} must fit in memory, got {error}"
            ) from error
        file.seek(offset)
        into, filled = voxels.view(np.uint8).data, 0
        while got := file.readinto(into[filled : filled + MOST_TRAILING]):  # gzip copies each
            filled += got
        if filled < len(into):
            raise VolumeError(
                f"{path}: file must hold all voxels of its header's shape {shape}, {len(into)} "
                f"bytes, got {filled}; download or copy it again"
            )
        behind = 0
        while chunk := file.read(MOST_TRAILING):  # to the end, where gzip has its checksum
            behind += len(chunk)
            if behind > MOST_TRAILING:
                raise VolumeError(
                    f"{path}: file must end with its voxels, got more than {MOST_TRAILING} bytes "
                    f"behind those of its header's shape {shape}; convert the scan again"
                )
    return voxels.reshape(shape, order="F"), header


def image_shape(header: nib.Nifti1Header) -> tuple[int, ...]:
    """Grid size in voxels, without trailing axes of length 1: some converters write them."""
    shape = [int(n) for n in header.get_data_shape()]
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    return tuple(shape)


@contextmanager
def _opened(path: Path, ratio: int = GZIP_RATIO) -> Iterator[tuple[File, int, int]]:
    """A file, unpacked if it is gzip whatever its name; its size; the most bytes it can hold."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would wait for ever
            raise VolumeError(f"{path}: file must be readable, got a folder or a device")
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            packed = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked, size, size * ratio
            else:
                yield file, size, size
    except FileNotFoundError:
        raise VolumeError(f"{path}: file must exist, found none") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise VolumeError(
            f"{path}: gzip file must be complete, got {size} bytes that end early or are "
            f"damaged ({error}); download or copy it again"
        ) from error
    except OSError as error:
        raise VolumeError(f"{path}: file must be readable, got {error}") from error


def _header(path: Path, file: File, size: int, most: int) -> nib.Nifti1Header:
    start = file.read(nib.Nifti2Header.sizeof_hdr)
    if start.startswith(b"version https://git-lfs"):
        raise VolumeError(
            f"{path}: file must hold the image, got a Git LFS pointer of {size} bytes; "
            "run `git lfs pull` in that data set"
        )
    kinds: dict[Any, bytes] = {nib.Nifti1Header: b"n+1", nib.Nifti2Header: b"n+2"}
    kind = next((k for k in kinds if k.may_contain_header(start[: k.sizeof_hdr])), None)
    if kind is None:
        raise VolumeError(
            f"{path}: file must be NIfTI (.nii or .nii.gz), got {size} bytes that start with "
            f"{start[:8]!r}; convert it (DICOM: dcm2niix)"
        )
    try:
        header: nib.Nifti1Header = kind(start[: kind.sizeof_hdr], check=False)
        _check_offset(path, header)
        header.check_fix(QUIET)  # mends what the standard lets one omit, such as pixdim[0] of 0
        shape, dtype = image_shape(header), header.get_data_dtype()
        check_affine(path, header)
    except VolumeError:
        raise
    except (HeaderDataError, ValueError, KeyError, OverflowError) as error:
        raise VolumeError(f"{path}: NIfTI header must be valid, got: {error}") from error
    if not header["magic"].tobytes().startswith(kinds[kind]):
        raise VolumeError(
            f"{path}: header and voxels must lie in one file, got the header of a pair "
            f"({header['magic'].item()!r}); save the image as .nii.gz"
        )
    if len(shape) != 3 or min(shape) < 1:
        raise VolumeError(
            f"{path}: image must be 3-D, got shape {tuple(map(int, header.get_data_shape()))}; "
            "save one volume of it, for example nibabel.funcs.four_to_three(image)[0]"
        )
    if dtype.kind not in "iuf":
        raise VolumeError(
            f"{path}: voxels must be real numbers, got {dtype}; "
            "save a grey-value image, not colours or complex numbers"
        )
    _check_size(path, header, size, most)
    return header


def _check_offset(path: Path, header: nib.Nifti1Header) -> None:
    """Raise `VolumeError` unless voxels begin behind the header; 0 means right behind it."""
    offset, least = float(header["vox_offset"]), header.single_vox_offset
    if offset == 0:
        header["vox_offset"] = least
    elif not (least <= offset < math.inf and offset == int(offset)):
        raise VolumeError(
            f"{path}: vox_offset must be 0 or a whole number of bytes >= {least}, "
            f"got {offset:g}; convert the scan again"
        )


def _check_size(path: Path, header: nib.Nifti1Header, size: int, most: int) -> None:
    """Raise `VolumeError` unless a file of ``size`` bytes, ``most`` unpacked, can hold it."""
    shape, offset = image_shape(header), int(header["vox_offset"])
    if math.prod(shape) > MOST_VOXELS:
        raise VolumeError(
            f"{path}: image must hold at most {MOST_VOXELS} voxels, got {math.prod(shape)}, shape "
            f"{shape} in its header; is it a scan of a head?"
        )
    end = offset + math.prod(shape) * header.get_data_dtype().itemsize
    if end > most:
        packed = f" of gzip, in which a scan has at most {most}" if most > size else ""
        raise VolumeError(
            f"{path}: file must hold all voxels of its header's shape {shape}, {end} bytes with "
            f"the header, got {size}{packed}; download or copy it again"
        )
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    scaled = slope != 0 and not math.isnan(slope)  # both say that the file has no scale
    if scaled and not (math.isfinite(slope) and math.isfinite(inter)):
        raise VolumeError(
            f"{path}: scale factors must be finite, got scl_slope {slope:g} and scl_inter "
            f"{inter:g}; convert the scan again"
        )
