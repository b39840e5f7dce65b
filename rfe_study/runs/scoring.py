"""Scores of finished models on patients, as rows with a birth certificate."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rfe_core.evaluation import THRESHOLD, brain_box, probability_map, score
from rfe_core.metrics import average_precision
from rfe_core.patches import stack
from rfe_core.scans.subject import Subject
from rfe_study import provenance
from rfe_study.methods.profiles import Profile
from rfe_study.phantom.cache import phantom_subjects
from rfe_study.phantom.domains import Patient
from rfe_study.runs import looked_at, networks
from rfe_study.tables import AT_A
from rfe_study.workers import one_thread


class Trained(Protocol):
    """A job whose network is trained, of `rfe_study.runs.baselines` or `rfe_study.runs.sweep`."""

    profile: Profile
    device: str
    phantom_version: str

    @property
    def identity(self) -> dict[str, Any]:
        """The columns that name the model."""

    def path(self) -> Path:
        """Its weights."""


def key(job: Trained, patient: str) -> tuple:
    """What identifies a row of scores: the model's identity and the patient."""
    return (*job.identity.values(), patient)


def check_phantom(job: Trained) -> None:
    """Refuse to mix phantoms when their code was edited while jobs were waiting."""
    if (now := provenance.phantom_version()) != job.phantom_version:
        raise ValueError(
            f"the phantom must not change during a run, {job.path().stem} began with "
            f"{job.phantom_version} and met {now}; start the command again"
        )


def score_rows(
    jobs: Sequence[Trained], patient: Patient, skip: Iterable[tuple] = ()
) -> list[dict[str, Any]]:
    """Scores of finished models on one patient, on full slices; rows in `skip` are left out.

    `skip` holds tuples as `key` makes them. ``wall_s`` is the time the model took to train (an
    upper bound or a fine-tuned model: from the branch epoch on).
    """
    wanted = [job for job in jobs if key(job, patient.name) not in skip]
    if not wanted:
        return []
    with one_thread():
        return _score_rows(wanted, patient)


def _score_rows(jobs: Sequence[Trained], patient: Patient) -> list[dict[str, Any]]:
    (subject,) = phantom_subjects([patient], workers=1, progress=False)
    subject = looked_at.cut(subject, jobs[0].profile.name)
    images = stack(subject)
    box = brain_box(subject.brain_mask | subject.lesion_mask)
    inside = looked_at.part(subject, box)  # the rest holds nothing to score
    born = provenance.certificate(__name__, device=jobs[0].device)
    rows = []
    for job in jobs:
        check_phantom(job)
        model, about, weights = networks.load(job.path(), job.device)
        probability = np.copy(probability_map(model, subject, images=images)[box])
        scores = scores_of(probability, inside, about.get("threshold_a"))
        rows.append(
            {
                **job.identity,
                "role": patient.role,
                **scores,
                **trained_columns(job, about, weights),
                **born,
            }
        )
    return rows


def trained_columns(job: Trained, about: dict[str, Any], weights: str) -> dict[str, Any]:
    """Columns of a row of scores that say how its network was trained."""
    return {
        "epochs": job.profile.epochs,
        "learning_rate": about.get("learning_rate", job.profile.learning_rate),
        "weights": weights,
        "wall_s": about["wall_s"],
        "train_code_version": about["code_version"],
        "train_hardware": about["hardware"],
    }


def scores_of(
    probability: NDArray[np.float32], subject: Subject, threshold_a: float | None = None
) -> dict[str, Any]:
    """All scores of a probability map (X, Y, Z) of a labelled patient, as columns.

    Those of `rfe_core.evaluation.score` at the threshold .5; ``average_precision`` over the voxels
    of the brain; and, if the model has a threshold calibrated on A, that and the scores at it
    (`rfe_study.tables.AT_A`).
    """
    brain, scores = subject.brain_mask, score(probability > THRESHOLD, subject)
    scores["average_precision"] = average_precision(probability[brain], subject.lesion_mask[brain])
    if threshold_a is not None:
        found = score(probability > threshold_a, subject)
        scores |= {"threshold_a": threshold_a, **{f"{k}_a": found[k] for k in AT_A}}
    return scores


def score_all(
    jobs: Sequence[Trained],
    who: Sequence[Patient],
    *,
    skip: Iterable[tuple] = (),
    executor: Executor,
    on_patient: Callable[[list[dict[str, Any]]], None],
) -> None:
    """Score all models on all patients; `on_patient` gets the rows of each patient."""
    skip = set(skip)
    running = {executor.submit(score_rows, jobs, patient, skip) for patient in who}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            on_patient(future.result())
