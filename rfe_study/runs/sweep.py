"""An experiment's methods and seeds, run on any executor, so that it can be killed at any moment.

A job is a pure function of its settings; the process that started the sweep alone writes. A model
is finished once its row stands in the table of models. Weights and learning curve are written
before that row, so whatever moment the sweep is killed at, the same command finds each model either
finished or not there, and ends with the same tables.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import lru_cache
from pathlib import Path

import pandas as pd

from rfe_core.files import replacing
from rfe_core.patches import Patches
from rfe_study import provenance, results
from rfe_study.methods.histograms import match_patches
from rfe_study.methods.method import OWN
from rfe_study.runs import networks
from rfe_study.runs.baselines import domain_patches
from rfe_study.runs.crops import training_crops, v1_crops
from rfe_study.runs.scoring import check_phantom
from rfe_study.runs.tuning import Job, Outcome, tuned
from rfe_study.tables import CURVES, MODEL_KEY, MODELS, SCORES
from rfe_study.workers import one_thread

# What jobs have in common is read once a process.
_of_domain = lru_cache(maxsize=2)(domain_patches)

_of_v1 = lru_cache(maxsize=3)(v1_crops)

_of_target = lru_cache(maxsize=8)(training_crops)


def _crops(job: Job) -> tuple[Patches, Patches, dict[str, Patches]]:
    """Labelled crops of A, crops of the target, and validation crops of either.

    In the proof of concept a subset of either domain; else all crops of A, and of the target what
    the method may see, watched on V1 alone.
    """
    profile, source, key = job.profile, job.method.source, (job.profile, job.target, job.seed)
    labelled, on_a = _of_domain(profile, "A", job.seed)
    if source == "subset":
        target, on_target = _of_domain(*key)
        labelled, target = (crops.subset(slice(profile.subset)) for crops in (labelled, target))
    else:
        v1 = job.method.v1
        target = _of_target(*key, source, v1=v1, network=job.branch if source == OWN else None)
        _, on_target = _of_v1(*key, v1)
    return labelled, target, {"A": on_a, job.target: on_target}


def execute(job: Job) -> Outcome:
    """Fine-tune one model, on one thread, without writing anything."""
    with one_thread():
        return _execute(job)


def _execute(job: Job) -> Outcome:
    born = provenance.certificate(__name__, device=job.device)
    check_phantom(job)
    labelled, target, validation = _crops(job)
    if job.method.match_histograms:
        labelled = match_patches(labelled, target)
    model = networks.load(job.branch, job.device).model
    model.embeddings = job.method.embeddings
    return tuned(job, model, labelled, target, validation, born=born)[0]


def completed(
    jobs: Iterable[Job], executor: Executor, *, ahead: int
) -> Iterator[tuple[Job, Outcome]]:
    """Run jobs on an executor and yield each as it completes.

    Parameters
    ----------
    jobs : iterable of Job
    executor : concurrent.futures.Executor
        Of threads, processes or a cluster.
    ahead : int
        How many jobs are handed to the executor at a time.
    """
    waiting, running = iter(jobs), {}
    try:
        while True:
            while len(running) < ahead and (job := next(waiting, None)) is not None:
                running[executor.submit(execute, job)] = job
            if not running:
                return
            done: set[Future] = wait(running, return_when=FIRST_COMPLETED).done
            # Those that failed last: what others have made is kept first.
            for future in sorted(done, key=lambda f: f.exception() is not None):
                yield running.pop(future), future.result()
    finally:
        for future in running:
            future.cancel()


def keep(job: Job, outcome: Outcome, folder: Path | None = None) -> None:
    """Write a completed job: weights, learning curve, and last the row that says it is finished."""
    if outcome.weights is not None:
        with replacing(job.path()) as partial:
            partial.write_bytes(outcome.weights)
    for table, rows in outcome.rows(job).items():
        results.append(table, rows, folder=folder)


def unfinished(jobs: Sequence[Job], folder: Path | None = None) -> list[Job]:
    """The jobs that have no row yet; curves of a job killed before its row was written go.

    Raises
    ------
    ValueError
        If a finished one was made with other settings.
    """
    rows = results.keys(MODELS, (*MODEL_KEY, "settings"), folder)
    made = {tuple(model): settings for *model, settings in rows}
    whole = [model in made for model in results.keys(CURVES, MODEL_KEY, folder)]
    if not all(whole):
        results.write(CURVES, results.stored(CURVES, folder)[whole], folder=folder)
    left = []
    for job in jobs:
        settings = made.get(tuple(job.identity.values()))
        if settings is None:
            left.append(job)
        elif settings != job.settings():
            raise ValueError(
                f"{results.path_of(MODELS, folder)} must hold models of the same settings, but "
                f"{job.method.name!r} seed {job.seed} was made with others ({settings}, now "
                f"{job.settings()}); choose another folder with --out"
            )
    return left


def tidy(folder: Path | None = None) -> None:
    """Order the tables by model, whatever order the jobs completed in."""
    for name, last in ((MODELS, ()), (CURVES, ("epoch",)), (SCORES, ("subject",))):
        if results.path_of(name, folder).exists():
            table: pd.DataFrame = results.stored(name, folder)
            results.write(name, table.sort_values([*MODEL_KEY, *last]), folder=folder)
