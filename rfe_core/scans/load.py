"""A data set of patients in, each file read and checked.

Every array is in RAS+ orientation with axes (X, Y, Z); axial slice ``z`` of a volume is
``volume[:, :, z]``. Phantom and real patients come through the same door, `load_subjects`. Images
of one patient on different grids are an error that says how to mend it, unless ``align`` does.
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
from rfe_core.scans.subject import Align, Subject, load_subject


def load_subjects(
    path: str | Path,
    layout: str = "bids",
    names: Sequence[str] | None = None,
    *,
    labels: Sequence[int] = (),
    rater: str | None = None,
    allow_empty_lesions: bool = False,
    align: Align | None = None,
) -> list[Subject]:
    """Read and check the patients of a data set.

    All are held in memory, 14 bytes a voxel: 530 MB a patient at 144 x 512 x 512.

    Parameters
    ----------
    path
        Root of the data set, a folder below it that contains patients, or one patient's folder.
    layout
        A key of `layouts.LAYOUTS`; their trees are there and in ``data/README.md``.
    names, labels, rater
        Which patients, which values of lesion masks, whose masks: as in `discovery.find_subjects`.
    allow_empty_lesions
        Accept a lesion mask without a lesion (a patient free of lesions).
    align
        What puts volumes of other grids onto the FLAIR's: `rfe_study.realism.alignment.Alignment`.

    Returns
    -------
    list of Subject
        A patient without a lesion mask has ``lesion_mask=None``. Without a brain mask, the brain
        is where any image is not zero, which is right for skull-stripped images only; more than
        2500 ml of it is an error.

    Raises
    ------
    ValueError
        Unknown layout, or a rater in one without.
    VolumeError
        Wrong folder or name, or the first file that breaks a rule (`load_subject`).

    Warns
    -----
    VolumeWarning
        Names patients that were left out (a lesion mask but no images: open-ms-data), and files
        whose header leaves open where left and right are (`geometry.concerns`).
    """
    found, skipped = find_subjects(path, layout, names, labels=labels, rater=rater)
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
    load = partial(load_subject, allow_empty_lesions=allow_empty_lesions, align=align)
    with ThreadPoolExecutor(usable_cores()) as threads:  # decompressing releases the global lock
        subjects = list(threads.map(load, found))
    for path in (path for files in found for path in files.existing.values()):
        for concern in concerns(path, read_header(path)):
            warnings.warn(concern, VolumeWarning, stacklevel=2)
    return subjects


def usable_cores() -> int:
    """Cores this process may use: a container may grant fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
