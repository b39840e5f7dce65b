"""What a data set holds, what is wrong and what is odd: a table for people (``rfe data check``)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage
from tqdm import tqdm

from rfe_core.scans.discovery import find_subjects
from rfe_core.scans.errors import VolumeError
from rfe_core.scans.header import read_header
from rfe_core.scans.load import usable_cores
from rfe_core.scans.patients import SubjectFiles
from rfe_core.scans.subject import load_subject
from rfe_study.methods.modalities import leave_out
from rfe_study.realism.alignment import Alignment
from rfe_study.realism.left_out import left_out
from rfe_study.realism.plausibility import concerns

LEGEND = {
    "stored": "orientation on disk; arrays are turned to RAS",
    "brain ml": "volume of the brain mask in millilitres",
    "lesions": "connected components, 26 neighbours",
    "outside": "part of the lesion voxels outside the brain mask",
    "FLAIR ratio": "median of lesions / median of the rest of the brain",
    "t1, t2, flair": "intensity percentiles 1..99 in the brain",
}


@dataclass(frozen=True, kw_only=True)
class DatasetReport:
    """What `describe` found: a row for each readable patient, the problems of each other one.

    ``warnings`` are what is odd about readable patients, and files that are not read though they
    may be meant to be.
    """

    rows: list[dict[str, str]]
    problems: dict[str, list[str]]
    warnings: list[str]
    text: str

    @property
    def ok(self) -> bool:
        """Whether there was a patient, and no problem."""
        return bool(self.rows) and not self.problems

    def __str__(self) -> str:
        return self.text


def describe(
    path: str | Path,
    layout: str = "bids",
    names: Sequence[str] | None = None,
    *,
    labels: Sequence[int] = (),
    rater: str | None = None,
    align: Alignment | None = None,
    without: Sequence[str] = (),
) -> DatasetReport:
    """Read every patient of a data set and tell what is there and what is wrong.

    Unlike `load_subjects` it goes on after a problem, keeps no image in memory, and accepts a
    lesion mask without lesions (the table shows 0). Options are those of `load_subjects`, and
    ``without``, modalities that are not read.

    Raises
    ------
    ValueError
        Unknown layout, or a rater in one without.
    VolumeError
        No such folder, no patient in it, or an unknown name.
    """
    found, skipped = find_subjects(path, layout, names, labels=labels, rater=rater)
    found = [leave_out(files, without) for files in found]
    rows, problems = [], {}
    warnings, notes = left_out(found, layout, Path(path))
    with ThreadPoolExecutor(usable_cores()) as threads:
        results = threads.map(partial(_row_or_error, align=align), found)
        bar = tqdm(results, "check", len(found), leave=False, disable=None)  # None: on a terminal
        for files, result in zip(found, bar, strict=True):
            if isinstance(result, VolumeError):
                problems[files.name] = str(result).splitlines()
            else:
                row, doubts = result
                rows.append(row)
                warnings += [f"{files.name}: {doubt}" for doubt in doubts]
    lines = [f"{path}: {layout} layout, {len(rows)} of {len(found)} patients readable"]
    lines += _table(rows)
    if skipped:
        lines.append(
            f"skipped {len(skipped)} patients with a lesion mask but no images: "
            f"{', '.join(skipped)}"
        )
    if align is not None:
        lines += [
            f"aligned: {files.name}: {move}" for files in found for move in align.moves(files)
        ]
    lines += [f"not read: {note}" for note in notes]
    lines += [f"WARNING {warning}" for warning in warnings]
    for name, messages in problems.items():
        lines += [f"PROBLEM {name}: {message}" for message in messages]
    text = "\n".join(lines)
    return DatasetReport(rows=rows, problems=problems, warnings=warnings, text=text)


def _row_or_error(
    files: SubjectFiles, align: Alignment | None
) -> tuple[dict[str, str], list[str]] | VolumeError:
    """A readable patient's row and what is odd about it."""
    try:
        subject = load_subject(files, allow_empty_lesions=True, align=align)
    except VolumeError as error:
        return error
    millilitres = abs(np.linalg.det(subject.affine[:3, :3])) / 1000
    stored = read_header(files.images["flair"]).get_best_affine()
    flair, lesion, brain = subject.images["flair"], subject.lesion_mask, subject.brain_mask
    row = {
        "patient": subject.name,
        "domain": subject.domain or "-",
        "grid": "x".join(map(str, subject.shape)),
        "voxel mm": "x".join(f"{size:.3g}" for size in subject.voxel_size_mm),
        "stored": "".join(nib.aff2axcodes(stored)),
        "brain ml": f"{np.count_nonzero(brain) * millilitres:.0f}"
        + ("" if files.brain_mask else "*"),
    }
    row |= dict.fromkeys(("lesions", "load ml", "outside", "FLAIR ratio"), "-")
    if lesion is not None:
        row["lesions"] = str(ndimage.label(lesion, np.ones((3, 3, 3)))[1])
        row["load ml"] = f"{np.count_nonzero(lesion) * millilitres:.2f}"
        if lesion.any():
            row["outside"] = f"{np.count_nonzero(lesion & ~brain) / np.count_nonzero(lesion):.1%}"
            if (rest := brain & ~lesion).any():
                row["FLAIR ratio"] = f"{np.median(flair[lesion]) / np.median(flair[rest]):.2f}"
    for modality, image in subject.images.items():
        row[modality] = "{:.3g}..{:.3g}".format(*np.percentile(image[brain], (1, 99)))
    moves = [] if align is None else align.moves(files)
    return row, [doubt for move in moves for doubt in move.concerns()] + concerns(files, subject)


def _table(rows: list[dict[str, str]]) -> list[str]:
    """Columns padded to their widest entry, and a legend."""
    if not rows:
        return []
    widths = {key: max(len(key), *(len(row[key]) for row in rows)) for key in rows[0]}
    lines = ["  ".join(key.ljust(width) for key, width in widths.items()).rstrip()]
    lines += [
        "  ".join(row[key].ljust(width) for key, width in widths.items()).rstrip() for row in rows
    ]
    lines += ["", *(f"  {key}: {meaning}" for key, meaning in LEGEND.items())]
    if any(row["brain ml"].endswith("*") for row in rows):
        lines.append("  *: the data set has no brain mask; brain = voxels where any image is not 0")
    return [*lines, ""]
