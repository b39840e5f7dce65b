"""Files and folders beside those that are read: what may be meant to be read is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rfe_core.scans.layouts import LAYOUTS
from rfe_core.scans.patients import SubjectFiles

#: Names of what may be a mask of lesions.
LESIONS = re.compile(r"lesion|_roi|label|dseg|_seg|consensus|gold|manual", re.IGNORECASE)

#: How many names a line lists.
SHOWN = 4


def left_out(found: Sequence[SubjectFiles], layout: str, root: Path) -> tuple[list[str], list[str]]:
    """What a layout's rule leaves out beside the patients found below a folder.

    Returns
    -------
    warnings
        What may be meant to be read, each with what to do about it.
    notes
        A line a patient for all other images and masks that are not read.
    """
    warnings, notes = [f"{folder}: {why}" for folder, why in misnamed(found, layout, root)], []
    patients = {files.folder for files in found}
    for parent in sorted({folder.parent for folder in patients}):
        if layout == "bids":
            warnings += _lone_masks(parent, patients)
    for files in found:
        others = _others(files, layout)
        masks = [path for path in others if LESIONS.search(path.name)]
        if files.lesion_mask is None and masks:
            place = LAYOUTS[layout].lesion_mask.format(name=files.folder.name)
            if files.session:
                place = place.replace("/anat/", f"/{files.session}/anat/")
            warnings.append(
                f"{files.name}: no lesion mask was read, though {_names(masks, files.folder)} may "
                f"be one; the one that counts belongs in {place}"
            )
            others = [path for path in others if path not in masks]
        if others:
            notes.append(f"{files.name}: {_names(others, files.folder)}")
    return warnings, notes


def misnamed(found: Sequence[SubjectFiles], layout: str, root: Path) -> Iterator[tuple[Path, str]]:
    """Folders beside patients, below a folder, that look like a patient's and are none's; and why.

    They hold images, and their names or their files do not fit the layout.
    """
    rules, patients = LAYOUTS[layout], {files.folder for files in found}
    parents = {folder.parent for folder in patients}
    inside = (p for p in parents if p.is_relative_to(root.expanduser().absolute()))
    for folder in sorted(child for parent in inside for child in parent.iterdir()):
        if not folder.is_dir() or any(folder == p or folder in p.parents for p in patients):
            continue
        if layout == "bids":
            if folder.name.lower().startswith("sub") and not re.fullmatch(
                rules.patient, folder.name
            ):
                yield (
                    folder,
                    "left out, a patient's folder must be named sub- and then letters and digits "
                    "alone; rename it and its files",
                )
        elif not rules.inside and re.fullmatch(rules.patient, folder.name):
            continue  # one that was not asked for, or a mask alone
        elif not folder.name.startswith(".") and _images(folder):
            yield folder, f"left out, its name or its files are none of the {layout} layout"


def _lone_masks(root: Path, patients: set[Path]) -> Iterator[str]:
    """Masks under derivatives of patients that have no folder."""
    known = {folder.name for folder in patients}
    for folder in sorted(root.glob("derivatives/*/sub-*")):
        if folder.name not in known and not (root / folder.name).is_dir() and _images(folder):
            yield f"{folder}: left out, there are no images of {folder.name}; is it misspelt?"


def _others(files: SubjectFiles, layout: str) -> list[Path]:
    """Images and masks in a patient's folders that are not read."""
    folders = [files.folder]
    if layout == "bids":
        folders += sorted(files.folder.parent.glob(f"derivatives/*/{files.folder.name}"))
    read = set(files.existing.values())
    others = [path for folder in folders for path in _images(folder) if path not in read]
    own = files.session  # a patient of another session has the files of that one
    return [path for path in others if not own or own in path.parts or _session(path) is None]


def _session(path: Path) -> str | None:
    """The session in whose folder a file lies."""
    return next((part for part in path.parts if re.fullmatch("ses-[0-9A-Za-z]+", part)), None)


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.nii*") if path.is_file())


def _names(paths: Sequence[Path], folder: Path) -> str:
    """The first names, as seen from a patient's folder, and how many more."""
    names = [
        path.relative_to(folder).as_posix()
        if path.is_relative_to(folder)
        else path.relative_to(folder.parent).as_posix()
        for path in paths
    ]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
