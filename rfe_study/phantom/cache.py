"""Phantom patients on disk: one folder a version of everything that determines them.

Run as ``python -m rfe_study.phantom.cache FOLDER SEED NAME...`` it makes the named patients, which
is how `make_missing` uses several cores.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from rfe_core.scans.load import load_subjects, usable_cores
from rfe_core.scans.nifti import VolumeError
from rfe_core.scans.subject import Subject
from rfe_study.phantom.bids import bids_paths, register_participants, save_subject
from rfe_study.phantom.domains import DOMAINS, ROLES, Patient, patients
from rfe_study.versions import ROOT, code_version

#: What makes a patient, and what stores it.
SOURCE = ("rfe_study.phantom.heads", "rfe_study.phantom.volumes")

#: Seconds after which a file that is half written belongs to a process that was killed.
STALE = 3600.0

DONE = "made "  # a worker prints this and the patient's name


def phantom_folder(cache: str | Path | None = None, *, seed: int = 0) -> Path:
    """Folder ``phantom-KEY`` of the cache; KEY changes with everything that determines the files.

    That is the code of :data:`SOURCE` and of all it imports, the seed, and the versions of numpy,
    scipy, scikit-image and nilearn (random streams, filters, MNI maps). ``cache`` None is
    ``data/cache`` of the repository, or ``$RFE_DATA/cache``.
    """
    if cache is None:
        cache = Path(os.environ.get("RFE_DATA", ROOT / "data")) / "cache"
    digest = hashlib.sha256(f"seed {seed}\n{code_version(*SOURCE)}".encode())
    for package in ("numpy", "scipy", "scikit-image", "nilearn"):
        digest.update(f"\n{package} {version(package)}".encode())
    return Path(cache).absolute() / f"phantom-{digest.hexdigest()[:12]}"


def missing(wanted: Iterable[Patient], root: Path) -> list[Patient]:
    """Those of the patients, each once, that ``root`` (a `phantom_folder`) lacks."""
    return [
        patient
        for patient in dict.fromkeys(wanted)
        if not all(path.exists() for path in bids_paths(root, patient.name).values())
    ]


def make_missing(
    wanted: Sequence[Patient],
    root: Path,
    *,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = True,
) -> None:
    """Make the patients that ``root`` (a `phantom_folder`) lacks.

    Each worker is a fresh interpreter, not a fork or a `multiprocessing` spawn: that works from
    notebooks (threads), from scripts without a main guard and from a prompt, and it sees the source
    as it is now. A call after an interrupt goes on from the patients that are complete.

    Parameters
    ----------
    wanted
        Patients that should be there.
    root
        Folder from `phantom_folder` of the same seed.
    seed
        Passed to `phantom.make_patient`.
    workers
        Processes; None: one per core; 0: none, this process makes them, with the phantom as it has
        imported it.
    progress
        Show a bar if there is something to make.

    Raises
    ------
    ValueError
        ``workers`` < 0.
    RuntimeError
        A worker failed; its output is included.
    """
    if workers is not None and workers < 0:
        raise ValueError(f"workers must be >= 0, got {workers}")
    _remove_stale(root)
    if not (to_make := missing(wanted, root)):
        return
    workers = min(usable_cores() if workers is None else workers, len(to_make))
    with tqdm(total=len(to_make), desc="phantom patients", disable=not progress) as bar:
        if workers == 0:
            for patient in to_make:
                _make(patient, root, seed)
                bar.update()
        else:
            to_make.sort(key=lambda patient: patient.head)  # scans of one head in one process
            each = -(-len(to_make) // workers)
            shares = [to_make[i : i + each] for i in range(0, len(to_make), each)]
            _make_in_processes(shares, root, seed, bar)
    register_participants(root, {patient.name: patient.domain for patient in wanted})


def _remove_stale(root: Path) -> None:
    """Delete what killed processes left half written; others may be writing to the cache now."""
    for partial in root.rglob(".*.partial"):
        with suppress(FileNotFoundError):  # complete by now, and renamed
            if time.time() - partial.stat().st_mtime > STALE:
                partial.unlink()


def _make_in_processes(shares: list[list[Patient]], root: Path, seed: int, bar: tqdm) -> None:
    # one thread a process is what one process a core needs; the package is found where this one was
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-m", "rfe_study.phantom.cache", str(root), str(seed)]
    processes = [
        subprocess.Popen(
            [*command, *(patient.name for patient in share)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        for share in shares
    ]
    try:
        with ThreadPoolExecutor(len(processes)) as threads:
            futures = [threads.submit(_follow, process, bar) for process in processes]
            try:
                for future in as_completed(futures):
                    future.result()
            finally:  # after an error or an interrupt the others stop too, then their threads
                for process in processes:
                    process.terminate()
    finally:
        for process in processes:
            process.wait()


def _follow(process: subprocess.Popen[str], bar: tqdm) -> None:
    """Read a worker's output to its end: a step of the bar a patient, everything else kept."""
    other = []
    with process.stdout as lines:
        for line in lines:
            if line.startswith(DONE):
                bar.update()
            else:
                other.append(line)
    if process.wait() < 0:
        raise ChildProcessError("a process that makes phantom patients was killed")
    if process.returncode != 0:
        raise RuntimeError(
            f"making phantom patients failed with exit status {process.returncode}:\n"
            + "".join(other)
        )


def _make(patient: Patient, root: Path, seed: int) -> None:
    from rfe_study.phantom import heads  # here: who reads a cache or real data needs no MNI maps

    if phantom_folder(root.parent, seed=seed) != root:
        raise RuntimeError(f"source of the phantom changed since {root.name} was begun; run again")
    made = heads.make_patient(patient, seed)
    subject = Subject(
        name=patient.name,
        images=made.images,
        lesion_mask=made.lesion_mask,
        brain_mask=made.brain_mask,
        affine=made.affine,
        domain=patient.domain,
    )
    save_subject(subject, root, register=False)  # the parent writes the one shared table


if __name__ == "__main__":
    _folder, _seed, *_names = sys.argv[1:]
    _everyone = {patient.name: patient for patient in patients(DOMAINS, ROLES)}
    for _name in _names:
        _make(_everyone[_name], Path(_folder), int(_seed))
        print(DONE + _name, flush=True)


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
        A process failed; its own message is included.
    ChildProcessError
        A process was killed.
    """
    patients = list(patients)
    if not patients:
        return []
    root = phantom_folder(cache, seed=seed)
    make_missing(patients, root, seed=seed, workers=workers, progress=progress)
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
