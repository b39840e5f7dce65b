"""Data sets of patients: read, checked and described; phantom patients made once and kept.

Every array is in RAS+ orientation with axes (X, Y, Z); axial slice ``z`` of a volume is
``volume[:, :, z]``. Phantom and real patients come through the same door, `load_subjects`.
Nothing is resampled: images of one patient that lie on different grids are an error that says
how to mend it.
"""

from __future__ import annotations

import ast
import hashlib
import multiprocessing
import os
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from rfe_core.bids import bids_paths, register_participants, save_subject
from rfe_core.datacheck import DatasetReport, describe, usable_cores
from rfe_core.discovery import find_subjects
from rfe_core.domains import Patient
from rfe_core.layouts import LAYOUTS
from rfe_core.nifti import VolumeError
from rfe_core.subject import Subject, load_subject

__all__ = [
    "LAYOUTS",
    "DatasetReport",
    "Subject",
    "VolumeError",
    "VolumeWarning",
    "describe",
    "load_subjects",
    "phantom_folder",
    "phantom_subjects",
    "save_subject",
]


class VolumeWarning(UserWarning):
    """Something was left out while reading, and is named."""


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
        Names patients that were left out: a lesion mask but no images (open-ms-data).
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
        return list(threads.map(load, found))


def phantom_subjects(
    patients: Iterable[Patient],
    *,
    cache: str | Path | None = None,
    workers: int | None = None,
    progress: bool = True,
    seed: int = 0,
) -> list[Subject]:
    """Phantom patients, from the cache, made first where it lacks them.

    A patient just made is read back from its files, so it is bit for bit what a later call returns.

    Parameters
    ----------
    patients
        Whom to return, in this order (`domains.patients`).
    cache
        Folder for caches; None: ``data/cache`` of the repository, or ``$RFE_DATA/cache``.
    workers
        Processes that make patients; None: one per core. Each reads the phantom's source anew. With
        0, this process makes them with the phantom as it has imported it, edited since or not.
    progress
        Show a bar while patients are made.
    seed
        Seed of the whole cohort, passed to `phantom.make_patient`.

    Raises
    ------
    ValueError
        ``workers`` < 0.
    VolumeError
        A cached file is damaged.
    RuntimeError
        The phantom's source changed while patients were being made.
    """
    if workers is not None and workers < 0:
        raise ValueError(f"workers must be >= 0, got {workers}")
    patients = list(patients)
    if not patients:
        return []
    root = phantom_folder(cache, seed=seed)
    missing = [
        patient
        for patient in dict.fromkeys(patients)
        if not all(path.exists() for path in bids_paths(root, patient.name).values())
    ]
    if missing:
        workers = min(usable_cores() if workers is None else workers, len(missing))
        _make_phantoms(missing, root, seed, workers, progress)
        register_participants(root, {patient.name: patient.domain for patient in patients})
    try:
        subjects = load_subjects(root, "bids", [patient.name for patient in patients])
    except VolumeError as error:
        raise VolumeError(
            f"{error} (this is the phantom cache: delete {root} and it is made again)"
        ) from error
    # not from participants.tsv: two programs that fill one cache may lose a row of it
    return [
        replace(subject, domain=patient.domain)
        for subject, patient in zip(subjects, patients, strict=True)
    ]


def phantom_folder(cache: str | Path | None = None, *, seed: int = 0) -> Path:
    """Folder ``phantom-KEY`` of the cache; KEY changes with everything that determines the files.

    That is the source of `rfe_core.phantom` and of every module of ours it imports, the source of
    `rfe_core.nifti` which stores them, the seed, and the versions of numpy, scipy and nilearn
    (random streams, filters, MNI maps).
    """
    if cache is None:
        cache = Path(os.environ.get("RFE_DATA", Path(__file__).parent.parent / "data")) / "cache"
    digest = hashlib.sha256(f"seed {seed}".encode())
    for module in sorted(_imported_modules("phantom") | {"nifti"}):
        digest.update(f"\n{module}\n{_source(module)}".encode())
    for package in ("numpy", "scipy", "nilearn"):
        digest.update(f"\n{package} {version(package)}".encode())
    return Path(cache) / f"phantom-{digest.hexdigest()[:12]}"


def _imported_modules(module: str) -> set[str]:
    """Names of our modules that a module needs, itself included, read from their source."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for node in ast.walk(ast.parse(_source(name))):
            if isinstance(node, ast.ImportFrom) and node.module == "rfe_core":
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rfe_core."):
                waiting.append(node.module.split(".")[1])
    return found


def _source(module: str) -> str:
    return (Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")


def _make_phantoms(
    patients: list[Patient], root: Path, seed: int, workers: int, progress: bool
) -> None:
    with tqdm(total=len(patients), desc="phantom patients", disable=not progress) as bar:
        if workers == 0:
            for patient in patients:
                _make_phantom(patient, root, seed)
                bar.update()
            return
        # spawn, not fork: a notebook has threads (torch, the kernel) that do not survive a fork
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            futures = [pool.submit(_make_phantom, patient, root, seed) for patient in patients]
            try:
                for future in as_completed(futures):
                    future.result()
                    bar.update()
            except BaseException:
                pool.shutdown(cancel_futures=True)  # do not make the others first
                raise


def _make_phantom(patient: Patient, root: Path, seed: int) -> None:
    from rfe_core import phantom  # here: who reads a cache or real data needs no MNI maps

    if phantom_folder(root.parent, seed=seed) != root:
        raise RuntimeError(f"source of the phantom changed since {root.name} was begun; run again")
    made = phantom.make_patient(patient, seed)
    subject = Subject(
        name=patient.name,
        images=made.images,
        lesion_mask=made.lesion_mask,
        brain_mask=made.brain_mask,
        affine=made.affine,
        domain=patient.domain,
    )
    save_subject(subject, root, register=False)
