"""Scores of finished models on patients, each made once: what `rfe train` and `rfe sweep` share."""

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from tqdm import tqdm

from rfe_core import checkpoints
from rfe_study import results
from rfe_study.command.data import make
from rfe_study.command.errors import CommandError
from rfe_study.phantom.domains import Patient
from rfe_study.runs import looked_at, scoring
from rfe_study.runs.scoring import Trained

#: The roles of the patients that models are scored on: for any choice one makes, and once.
ROLES = {"dev": ("dev", "pairdev"), "test": ("test", "extra", "paired")}

#: The scores whose means are printed.
MEANS = ("f_score", "average_precision", "fp_per_slice")


def evaluate(
    jobs: Sequence[Trained],
    who: Sequence[Patient],
    table: str,
    out: Path | None,
    executor: Executor,
    workers: int,
) -> None:
    """Score finished models on patients that the table does not score yet, and print means.

    Patients that the cache lacks are made first, in `workers` processes: each head once, whatever
    scans it.
    """
    who = looked_at.some(who, jobs[0].profile.name)
    done = _scored(jobs, table, out)
    wanted = {scoring.key(job, patient.name) for job in jobs for patient in who}
    for job in jobs:
        unscored = any(scoring.key(job, patient.name) not in done for patient in who)
        if unscored and not job.path().exists():
            raise CommandError(
                f"{job.path()} must hold the weights of a finished model that is not scored yet, "
                "but is gone; to fine-tune it again, remove its row from the table of models"
            )
    if wanted & done:
        print(
            f"{len(wanted & done)} of {len(wanted)} scores are there already and are kept: "
            "patients are scored once"
        )
    if wanted - done:
        make(who, workers)
        with tqdm(total=len(who), desc="score patients", mininterval=1) as bar:

            def keep(rows) -> None:
                results.append(table, rows, folder=out)
                bar.update()

            scoring.score_all(jobs, who, skip=done, executor=executor, on_patient=keep)
    rows = results.stored(table, out)
    named = rows[list(jobs[0].identity)].itertuples(index=False, name=None)
    models = {tuple(job.identity.values()) for job in jobs}
    summary = results.summarise(rows[[name in models for name in named]], MEANS)
    print(summary.to_string(index=False, float_format=lambda x: f"{x:.3f}"))


def _scored(jobs: Sequence[Trained], table: str, out: Path | None) -> set[tuple]:
    """The keys of scores a table has; they must come from the weights the jobs have now."""
    there = [job for job in jobs if job.path().exists()]  # those of scored models may be lost
    now = {tuple(j.identity.values()): checkpoints.weights_digest(j.path()) for j in there}
    known = results.keys(table, (*jobs[0].identity, "subject", "weights"), out)
    for *model, subject, digest in sorted(known):
        if now.get(tuple(model), digest) != digest:
            raise CommandError(
                f"{results.path_of(table, out)} scores {subject} with other weights of "
                f"{'-'.join(map(str, model))}, and patients are scored once; to start over, move "
                "the table away and say so where its numbers are used"
            )
    return {row[:-1] for row in known}
