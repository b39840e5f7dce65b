"""Find the patients of a data set on disk, and the name of each of their files.

A folder belongs to a patient when it fits the layout's rule; the layout then names its files,
whether they exist or not, so that a missing one can be reported by the name it should have.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rfe_core.scans.errors import VolumeError
from rfe_core.scans.layouts import LAYOUTS, SESSION, Layout
from rfe_core.scans.patients import SubjectFiles, msseg_domain, msseg_name, read_participants

MAX_DEPTH = 4  # folders between the given path and a patient


def find_subjects(
    path: str | Path,
    layout: str,
    names: Sequence[str] | None = None,
    *,
    labels: Sequence[int] = (),
    rater: str | None = None,
) -> tuple[list[SubjectFiles], list[str]]:
    """Find the patients of a data set, sorted by name, without opening their images.

    Of a BIDS patient with several sessions of a modality, each session is a patient of its own,
    ``NAME_ses-SESSION``, and what lies outside the sessions is none's.

    Parameters
    ----------
    path
        Root of the data set, a folder between it and its patients, or one patient's folder.
    layout
        A key of `LAYOUTS`.
    names
        Only these patients, in this order (folder names, with or without ``sub-``). None: all.
    labels
        The values of lesion masks that count as lesion. None of them: masks hold 0 and 1.
    rater
        Whose lesion masks are read, as their names say: ``"3"`` of ``ManualSegmentation_3.nii.gz``,
        ``"anna"`` of ``desc-anna``. None: the consensus.

    Returns
    -------
    found
        Files of each patient.
    skipped
        Names of patients with a lesion mask and no image, where the data set has such
        (open-ms-data) and they were not asked for by name.

    Raises
    ------
    ValueError
        Unknown layout, or one without raters; ``names`` is empty or a single string.
    VolumeError
        No such folder, no patient in it, two patients of one name, or an unknown name.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    if rater is not None and not LAYOUTS[layout].raters:
        rated = ", ".join(name for name, rules in LAYOUTS.items() if rules.raters)
        raise ValueError(f"rater needs a layout with masks of raters ({rated}), got {layout!r}")
    if names is not None and (isinstance(names, str) or not names):
        raise ValueError(f"names must be a list of patients or None for all, got {names!r}")
    root = Path(path).expanduser()
    by_name = _by_name(root, _folders(root, layout), layout)
    wanted = list(by_name) if names is None else _known(root, by_name, names)
    found = [_files(name, *by_name[name], layout, rater) for name in wanted]
    found = [replace(files, labels=tuple(labels)) for files in found]
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


def _by_name(
    root: Path, folders: Sequence[Path], layout: str
) -> dict[str, tuple[Path, str | None]]:
    """Name to folder and session, sorted by name; no name twice."""
    by_name: dict[str, tuple[Path, str | None]] = {}
    for folder in folders:
        msseg = layout.startswith("msseg")
        name = msseg_name(folder) if msseg else folder.name.removeprefix("sub-")
        for session in _sessions(folder, layout):
            one = f"{name}_{session}" if session else name
            if one in by_name:
                raise VolumeError(
                    f"{root}: each patient must occur once, got {one} in {by_name[one][0]} and in "
                    f"{folder}; point at one of the two data sets"
                )
            by_name[one] = folder, session
    return dict(sorted(by_name.items()))


def _sessions(folder: Path, layout: str) -> Sequence[str | None]:
    """Those of a patient who has a modality in several of them, and no image outside; else None."""
    *outside, inside = LAYOUTS[layout].images
    if layout != "bids" or any(_fitting(folder, [*places.values()]) for places in outside):
        return [None]
    each = [{p.parents[1].name for p in _fitting(folder, [place])} for place in inside.values()]
    return sorted(set().union(*each)) if max(map(len, each)) > 1 else [None]


def _known(root: Path, by_name: Collection[str], names: Sequence[str]) -> list[str]:
    """The names as they are in the data set, in the order asked for."""
    wanted = [name.removeprefix("sub-") for name in names]
    for name in wanted:
        if name not in by_name:
            raise VolumeError(f"{root}: patient must be one of {', '.join(by_name)}, got {name!r}")
    return wanted


def _patient_folders(folder: Path, rules: Layout, depth: int = 0) -> Iterator[Path]:
    """Walk down from ``folder``, itself included, and stop at each patient."""
    named = re.fullmatch(rules.patient, folder.name)
    if named and (not rules.inside or _fitting(folder, rules.inside)):
        yield folder
    elif depth <= MAX_DEPTH:
        for child in folder.iterdir():
            # derivatives/ of a BIDS tree repeats the patients' names
            if child.is_dir() and not child.name.startswith(".") and child.name != "derivatives":
                yield from _patient_folders(child, rules, depth + 1)


def _files(
    name: str, folder: Path, session: str | None, layout: str, rater: str | None
) -> SubjectFiles:
    rules, domain = LAYOUTS[layout], None
    if layout.startswith("msseg"):
        domain = msseg_domain(folder)
    elif layout == "bids":
        domain = read_participants(folder.parent).get(folder.name.removeprefix("sub-"))

    def fitting(*places: str | None) -> list[Path]:
        return _fitting(folder, places, session)

    def one(*places: str | None) -> Path | None:
        found = fitting(*places)
        return found[0] if len(found) == 1 else None

    def present(places: dict[str, str]) -> int:
        return sum(one(place) is not None for place in places.values())

    def due(key: str, place: str) -> Path:
        """Where a missing image should be; a pattern is no name, so the first alternative's."""
        place = place if session or "*" not in place else rules.images[0][key]
        return folder / place.replace("ses-*", session or "").format(name=folder.name)

    places = max(rules.images, key=present)  # an alternative is taken whole
    masks = {"lesion_mask": rules.lesion_mask, "brain_mask": rules.brain_mask}
    files = {
        key: one(place) or one(*rules.elsewhere.get(key, ()))
        for key, place in (places | masks).items()
    }
    # what could be meant where one file alone does not fit
    candidates = {key: [p[key] for p in rules.images] for key in places} | rules.elsewhere
    several = {key: fitting(*candidates.get(key, ())) for key in files}
    if rater is not None:
        several["lesion_mask"] = fitting(*rules.raters)
        found = _fitting(folder, rules.raters, session, glob.escape(rater))
        files["lesion_mask"] = found[0] if len(found) == 1 else None
    return SubjectFiles(
        name=name,
        folder=folder,
        images={key: files[key] or due(key, place) for key, place in places.items()},
        lesion_mask=files["lesion_mask"],
        brain_mask=files["brain_mask"],
        domain=domain,
        doubtful={key: paths for key, paths in several.items() if paths and not files[key]},
        rater=rater,
        session=session,
    )


def normal_path(path: Path) -> Path:
    """The path without ``..``: masks of ``root/sub-X`` are named ``../derivatives/...``."""
    return Path(os.path.normpath(path))


def _fitting(
    folder: Path, places: Sequence[str | None], session: str | None = None, rater: str = "*"
) -> list[Path]:
    """Files that fit a place in a patient's folder; of ``x.nii.gz`` and ``x.nii`` the former."""
    found: dict[str, Path] = {}
    for place in filter(None, places):
        if session:
            if SESSION not in place:
                continue
            place = place.replace(SESSION, f"{session}/")
        pattern = place.format(name=glob.escape(folder.name), rater=rater)
        for ending in {pattern, pattern.removesuffix(".gz")}:
            for match in glob.glob(os.path.join(glob.escape(str(folder)), ending)):
                path = normal_path(Path(match))
                key = str(path).removesuffix(".gz")
                found[key] = max(path, found.get(key, path), key=lambda p: len(str(p)))
    return sorted(found.values())


def _listing(folder: Path, limit: int = 8) -> str:
    names = sorted(child.name + "/" * child.is_dir() for child in folder.iterdir())
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more or "an empty folder"
