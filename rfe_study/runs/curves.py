"""Learning curves that lost rows, as when two sweeps wrote one table: found, and made whole."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rfe_study import results
from rfe_study.runs.tuning import Job, Outcome
from rfe_study.tables import CURVES, MODEL_KEY, MODELS


def incomplete(jobs: Sequence[Job], folder: Path | None = None) -> list[Job]:
    """Those of the jobs that have a row as finished or diverged, but not all rows of its curve.

    The model's row tells its steps, and so how many epochs its curve has.
    """
    rows = results.keys(MODELS, (*MODEL_KEY, "steps"), folder)
    steps = {tuple(model): number for *model, number in rows}
    have = Counter(results.keys(CURVES, MODEL_KEY, folder))
    names = [tuple(job.identity.values()) for job in jobs]
    return [
        job
        for job, name in zip(jobs, names, strict=True)
        if name in steps and have[name] < steps[name] / job.profile.tuning_steps
    ]


def keep(job: Job, outcome: Outcome, folder: Path | None = None) -> int:
    """Add the rows that a curve lacks, from a job that was run again; returns their number.

    The model's row, its weights and the rows that are there stay as they are.
    """
    known = set(results.keys(CURVES, (*MODEL_KEY, "epoch"), folder))
    rows = outcome.rows(job)[CURVES]
    missing = [row for row in rows if (*job.identity.values(), row["epoch"]) not in known]
    results.append(CURVES, missing, folder=folder)
    return len(missing)
