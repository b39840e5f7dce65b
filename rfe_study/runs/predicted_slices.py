"""Predicts what each model of a sweep makes of a few test slices, for the book's explorers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from rfe_core.evaluation import THRESHOLD, boxes, predict
from rfe_core.patches import stack
from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study import provenance
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import patients
from rfe_study.runs import looked_at, networks
from rfe_study.runs.masks import Explorer, load, merge, path_of, save
from rfe_study.runs.scoring import Trained, check_phantom

#: The first so many test patients of the target domain; for B and C: all that the paper has.
PATIENTS = 2

#: Pixels around the brain that are kept.
MARGIN = 2


def chosen_slices(lesion_mask: NDArray[np.bool_]) -> list[int]:
    """The axial slices of a patient that are shown, by a rule that knows no prediction.

    Of the slices of (X, Y, Z) that hold lesion, ordered by its area (ties: the lower z first): the
    one with the most, and the one in the middle.
    """
    area = lesion_mask.sum(axis=(0, 1))
    by_area = sorted(np.flatnonzero(area), key=lambda z: (-area[z], z))
    return [int(by_area[0]), int(by_area[len(by_area) // 2])]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Slices:
    """S axial slices: what the network gets, and where brain and lesions are."""

    patients: list[str]
    heads: list[NDArray[np.bool_]]  # of the patient of each, all of the brain (X, Y, Z)
    z: list[int]
    images: NDArray[np.float32]  # (S, 3, X, Y)
    brain: NDArray[np.bool_]  # (S, X, Y)
    truth: NDArray[np.bool_]  # (S, X, Y)


def crop_to(brain: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest rectangle with the brain of all slices (S, X, Y), and a margin."""
    ends = []
    for axes in ((0, 2), (0, 1)):
        inside = np.flatnonzero(brain.any(axis=axes))
        ends.append(slice(max(0, int(inside[0]) - MARGIN), int(inside[-1]) + 1 + MARGIN))
    return ends[0], ends[1]


def _slices(subjects: Iterable[Subject]) -> _Slices:
    names = ("patients", "heads", "z", "images", "brain", "truth")
    found: dict[str, list] = {name: [] for name in names}
    for subject in subjects:
        images = stack(subject)
        for z in chosen_slices(subject.lesion_mask):
            found["patients"].append(subject.name)
            found["heads"].append(subject.brain_mask)
            found["z"].append(z)
            found["images"].append(images[z])
            found["brain"].append(subject.brain_mask[:, :, z])
            found["truth"].append(subject.lesion_mask[:, :, z])
    arrays = {name: np.stack(found[name]) for name in ("images", "brain", "truth")}
    return _Slices(**{**found, **arrays})


def _predicted(model: UNet, slices: _Slices) -> NDArray[np.uint8]:
    """The cropped masks of one model, packed: (S, bytes); the network sees what it is scored on."""
    masks = np.zeros_like(slices.brain)
    for k, (head, z) in enumerate(zip(slices.heads, slices.z, strict=True)):
        for x, y, part in boxes(head, model.multiple):
            if part.start <= z < part.stop:
                masks[k, x, y] = predict(model, slices.images[k : k + 1, :, x, y])[0] > THRESHOLD
    masks &= slices.brain
    return np.packbits(masks[:, *crop_to(slices.brain)].reshape(len(masks), -1), axis=-1)


def _ready(jobs: Sequence[Trained], beside: Sequence[Trained]) -> list[Trained]:
    """Those of `jobs` and `beside` that have weights; all of one sweep, or beside it."""
    if not jobs:
        raise ValueError("masks need at least one finished model, got none")
    ready = [job for job in jobs if job.path().exists()]
    if not ready:
        raise FileNotFoundError(
            f"none of the {len(jobs)} models has weights, {jobs[0].path()} for one does not exist; "
            "`rfe sweep` makes them"
        )
    about = [_sweep(job) for job in ready]
    if differing := [a for a in about if a != about[0]]:
        raise ValueError(f"jobs must be of one sweep, got {about[0]} and {differing[0]}")
    for job in beside:
        if (profile := job.identity["profile"]) != about[0]["profile"]:
            raise ValueError(f"models beside a sweep must be of its profile, got {profile!r}")
    ready += [job for job in beside if job.path().exists()]
    for job in ready:
        check_phantom(job)
    return ready


def _sweep(job: Trained) -> dict[str, str]:
    return {k: job.identity[k] for k in ("experiment", "profile", "target")}


def make(
    jobs: Sequence[Trained], folder: Path | None = None, *, beside: Sequence[Trained] = ()
) -> Path:
    """Predict the slices with every model whose weights are at hand, and write the file.

    Two test patients of the target, two slices each (`chosen_slices`), on full slices as scores are
    made, cropped to the brain.

    Parameters
    ----------
    jobs : sequence of Job
        Of one experiment, profile and target. Those without weights are passed over; masks that an
        earlier file has of them are kept.
    folder : Path, optional
        Instead of ``data/explorer``.
    beside : sequence of Job
        Models of no sweep whose masks go into the same file: baselines to compare with. Their names
        must differ from those of `jobs`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileNotFoundError
        If no job has weights.
    ValueError
        If there is no job, jobs differ in experiment, profile or target (those beside them in
        profile), or the earlier file shows other slices.
    """
    ready = _ready(jobs, beside)
    about = _sweep(ready[0])
    who = looked_at.some(patients([about["target"]], ["test"])[:PATIENTS], about["profile"])
    slices = _slices(phantom_subjects(who, progress=False))
    born = provenance.certificate(__name__, device=ready[0].device)
    packed, digests = [], []
    for job in tqdm(ready, desc="masks"):
        model, _, weights = networks.load(job.path(), job.device)
        packed.append(_predicted(model, slices))
        digests.append(weights)
    crop = crop_to(slices.brain)
    flair = slices.images[:, MODALITIES.index("flair"), *crop]
    made = Explorer(
        patients=tuple(slices.patients),
        slices=np.array(slices.z),
        corner=np.array([side.start for side in crop]),
        flair=np.round(255 * np.clip(flair, 0, 1)).astype(np.uint8),
        truth=slices.truth[:, *crop],
        models=tuple(job.identity["model"] for job in ready),
        seeds=np.array([job.identity["seed"] for job in ready]),
        weights=tuple(digests),
        packed=np.stack(packed),
        born=np.zeros(len(ready), int),
        record={**about, "threshold": THRESHOLD, "made": [born]},
    )
    path = path_of(folder, **about)
    save(merge(load(path), made) if path.exists() else made, path)
    return path
