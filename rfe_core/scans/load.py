"""A data set of patients in, each file read and checked.

Every array is in RAS+ orientation with axes (X, Y, Z); axial slice ``z`` of a volume is
``volume[:, :, z]``. Phantom and real patients come through the same door, `load_subjects`.
Nothing is resampled: images of one patient that lie on different grids are an error that says
how to mend it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rfe_core.scans.discovery import find_subjects
from rfe_core.scans.errors import VolumeError, VolumeWarning
from rfe_core.scans.geometry import concerns
from rfe_core.scans.header import read_header
from rfe_core.scans.subject import Subject, load_subject


def load_subjects(
    path: str | Path,
    layout: str = "bids",
    names: Sequence[str] | None = None,
    *,
    allow_empty_lesions: bool = False,
) -> list[Subject]:
    """Read and check the patients of a data set.

    All are held in memory, 14 bytes a voxel: 70 MB a patient at 160 x 192 x 160 but 530 MB at
    144 x 512 x 512; choose with ``names``.

    Parameters
    ----------
    path
        Root of the data set, a folder below it that contains patients, or one patient's folder.
    layout
        ``"bids"``, ``"msseg-2016"``, ``"msseg-2021"`` or ``"open-ms-data"``; their trees are in
        `layouts.LAYOUTS` and in ``data/README.md``.
    names
        Only these patients, in this order. None: all, by name.
    allow_empty_lesions
        Accept a lesion mask without a lesion (a patient free of lesions).

    Returns
    -------
    list of Subject
        A patient without a lesion mask has ``lesion_mask=None``. Without a brain mask, the brain
        is where any image is not zero, which is right for skull-stripped images only; more than
        2500 ml of it is an error.

    Raises
    ------
    ValueError
        Unknown layout.
    VolumeError
        Wrong folder or name, or the first file that breaks a rule (`load_subject`).

    Warns
    -----
    VolumeWarning
        Names patients that were left out (a lesion mask but no images: open-ms-data), and files
        whose header leaves open where left and right are (`geometry.concerns`).
    """
    found, skipped = find_subjects(path, layout, names)
    if not found:
        raise VolumeError(
            f"{path}: must contain a patient with images, got lesion masks alone for "
            f"{', '.join(skipped)}"
        )
    if skipped:
        warnings.warn(
            f"{path}: skipped {len(skipped)} patients that have a lesion mask but no images: "
            f"{', '.join(skipped)}",
            VolumeWarning,
            stacklevel=2,
        )
    load = partial(load_subject, allow_empty_lesions=allow_empty_lesions)
    with ThreadPoolExecutor(usable_cores()) as threads:  # decompressing releases the global lock
        subjects = list(threads.map(load, found))
    for path in (path for files in found for path in files.existing.values()):
        for concern in concerns(path, read_header(path)):
            warnings.warn(concern, VolumeWarning, stacklevel=2)
    return subjects


def usable_cores() -> int:
    """Cores this process may use: a container may grant fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
