"""Find the patients of a data set on disk, and the name of each of their files.

A folder belongs to a patient when it fits the layout's rule; the layout then names its files,
whether they exist or not, so that a missing one can be reported by the name it should have. The
user may point at the root of a data set, at any folder between it and the patients, or at one
patient.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rfe_core.scans.errors import VolumeError
from rfe_core.scans.layouts import LAYOUTS, Layout
from rfe_core.scans.patients import msseg_domain, msseg_name, read_participants

MAX_DEPTH = 4  # folders between the given path and a patient


@dataclass(frozen=True, kw_only=True)
class SubjectFiles:
    """Files of one patient: a path per modality, existing or not; a mask that is absent is None.

    ``doubtful`` has the files that could be one that is absent, where several could.
    """

    name: str
    folder: Path
    images: dict[str, Path]
    lesion_mask: Path | None
    brain_mask: Path | None
    domain: str | None = None
    doubtful: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Modalities whose file does not exist."""
        return [modality for modality, path in self.images.items() if not path.is_file()]

    @property
    def existing(self) -> dict[str, Path]:
        """Files there are, by modality, ``"lesion_mask"`` and ``"brain_mask"``."""
        masks = {"lesion_mask": self.lesion_mask, "brain_mask": self.brain_mask}
        files = {key: path for key, path in self.images.items() if key not in self.missing}
        return files | {key: path for key, path in masks.items() if path}

    def place_of(self, key: str) -> str:
        """Where a missing modality should be, and what could be it, in words."""
        place = os.path.relpath(self.images[key], self.folder)
        several = [os.path.relpath(path, self.folder) for path in self.doubtful.get(key, ())]
        return place + (f"; one alone may stay of {', '.join(several)}" if several else "")


def find_subjects(
    path: str | Path,
    layout: str,
    names: Sequence[str] | None = None,
) -> tuple[list[SubjectFiles], list[str]]:
    """Find the patients of a data set, sorted by name, without opening their images.

    Parameters
    ----------
    path
        Root of the data set, a folder between it and its patients, or one patient's folder.
    layout
        A key of `LAYOUTS`.
    names
        Only these patients, in this order (folder names, with or without ``sub-``). None: all.

    Returns
    -------
    found
        Files of each patient.
    skipped
        Names of patients with a lesion mask and no image at all, where the data set has such
        (most MNI folders of open-ms-data) and they were not asked for by name.

    Raises
    ------
    ValueError
        Unknown layout; ``names`` is empty or a single string.
    VolumeError
        No such folder, no patient in it, two patients of one name, or an unknown name.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    if names is not None and (isinstance(names, str) or not names):
        raise ValueError(f"names must be a list of patients or None for all, got {names!r}")
    root = Path(path).expanduser()
    by_name = _by_name(root, _folders(root, layout), layout)
    wanted = list(by_name) if names is None else _known(root, by_name, names)
    found = [_files(name, by_name[name], layout) for name in wanted]
    if names is not None or not LAYOUTS[layout].lone_masks:
        return found, []
    lone = [f.name for f in found if f.lesion_mask and len(f.missing) == len(f.images)]
    return [files for files in found if files.name not in lone], lone


def _folders(root: Path, layout: str) -> list[Path]:
    """The folders of all patients, sorted by name."""
    rules = LAYOUTS[layout]
    if not root.is_dir():
        raise VolumeError(
            f"{root}: must be a folder in the {layout} layout ({rules.tree}), "
            f"got {'a file' if root.exists() else 'nothing there'}"
        )
    folders = sorted(_patient_folders(root.absolute(), rules), key=lambda folder: folder.name)
    if layout == "open-ms-data":  # its raw/ and coregistered/ folders repeat the patients
        folders = [folder for folder in folders if folder.parent.name == "MNI"] or folders
    if not folders:
        raise VolumeError(
            f"{root}: must contain patients in the {layout} layout, found none; expected "
            f"{rules.tree}; found {_listing(root)}"
        )
    return folders


def _by_name(root: Path, folders: Sequence[Path], layout: str) -> dict[str, Path]:
    """Name to folder, sorted by name; no name twice."""
    by_name: dict[str, Path] = {}
    for folder in folders:
        msseg = layout.startswith("msseg")
        name = msseg_name(folder) if msseg else folder.name.removeprefix("sub-")
        if name in by_name:
            raise VolumeError(
                f"{root}: each patient must occur once, got {name} in {by_name[name]} and in "
                f"{folder}; point at one of the two data sets"
            )
        by_name[name] = folder
    return dict(sorted(by_name.items()))


def _known(root: Path, by_name: dict[str, Path], names: Sequence[str]) -> list[str]:
    """The names as they are in the data set, in the order asked for."""
    wanted = [name.removeprefix("sub-") for name in names]
    for name in wanted:
        if name not in by_name:
            raise VolumeError(f"{root}: patient must be one of {', '.join(by_name)}, got {name!r}")
    return wanted


def _patient_folders(folder: Path, rules: Layout, depth: int = 0) -> Iterator[Path]:
    """Walk down from ``folder``, itself included, and stop at each patient."""
    if _is_patient(folder, rules):
        yield folder
    elif depth <= MAX_DEPTH:
        for child in folder.iterdir():
            # derivatives/ of a BIDS tree repeats the patients' names
            if child.is_dir() and not child.name.startswith(".") and child.name != "derivatives":
                yield from _patient_folders(child, rules, depth + 1)


def _is_patient(folder: Path, rules: Layout) -> bool:
    if not re.fullmatch(rules.patient, folder.name):
        return False
    return not rules.inside or bool(_fitting(folder, rules.inside))


def _files(name: str, folder: Path, layout: str) -> SubjectFiles:
    rules, domain = LAYOUTS[layout], None
    if layout.startswith("msseg"):
        domain = msseg_domain(folder)
    elif layout == "bids":
        domain = read_participants(folder.parent).get(name)

    def one(*places: str | None) -> Path | None:
        found = _fitting(folder, places)
        return found[0] if len(found) == 1 else None

    def present(places: dict[str, str]) -> int:
        return sum(one(place) is not None for place in places.values())

    places = max(rules.images, key=present)
    masks = {"lesion_mask": rules.lesion_mask, "brain_mask": rules.brain_mask}
    files = {
        key: one(place) or one(*rules.elsewhere.get(key, ()))
        for key, place in (places | masks).items()
    }
    candidates = {key: [p[key] for p in rules.images] for key in places} | rules.elsewhere
    several = {key: _fitting(folder, candidates.get(key, ())) for key in files}
    return SubjectFiles(
        name=name,
        folder=folder,
        images={
            key: files[key]
            or folder / (rules.images[0][key] if "*" in place else place).format(name=folder.name)
            for key, place in places.items()
        },
        lesion_mask=files["lesion_mask"],
        brain_mask=files["brain_mask"],
        domain=domain,
        doubtful={key: paths for key, paths in several.items() if paths and not files[key]},
    )


def normal_path(path: Path) -> Path:
    """The path without ``..``: masks of ``root/sub-X`` are named ``../derivatives/...``."""
    return Path(os.path.normpath(path))


def _fitting(folder: Path, places: Sequence[str | None]) -> list[Path]:
    """Files that fit a place in a patient's folder; of ``x.nii.gz`` and ``x.nii`` the former."""
    found: dict[str, Path] = {}
    for place in filter(None, places):
        pattern = place.format(name=glob.escape(folder.name))
        for ending in {pattern, pattern.removesuffix(".gz")}:
            for match in glob.glob(os.path.join(glob.escape(str(folder)), ending)):
                path = normal_path(Path(match))
                key = str(path).removesuffix(".gz")
                found[key] = max(path, found.get(key, path), key=lambda p: len(str(p)))
    return sorted(found.values())


def _listing(folder: Path, limit: int = 8) -> str:
    names = sorted(child.name + "/" * child.is_dir() for child in folder.iterdir())
    if not names:
        return "an empty folder"
    return ", ".join(names[:limit]) + (
        f" and {len(names) - limit} more" if len(names) > limit else ""
    )
