"""What `rfe train` does: train the baselines, and score them."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from rfe_core import checkpoints
from rfe_study import results
from rfe_study.command.data import make
from rfe_study.command.device import device_of
from rfe_study.command.errors import CommandError
from rfe_study.command.lock import alone, remove_partial
from rfe_study.command.scores import ROLES, evaluate
from rfe_study.methods import bounds
from rfe_study.methods.profiles import PROFILES, Profile
from rfe_study.phantom.domains import patients
from rfe_study.runs import baselines, networks
from rfe_study.workers import executor

#: The tables of scores on development and test patients.
SCORED = {"dev": "development", "test": "baselines"}


def train(args: argparse.Namespace) -> int:
    """`rfe train`: train the baselines that are not finished, and score them if asked."""
    device = device_of(args)
    profile = _profile(args)
    out = networks.tables_folder(args.profile, args.out)
    workers = args.jobs or (1 if device == "cuda" else os.cpu_count() or 1)
    jobs = _jobs(args, profile, device)
    with ExitStack() as held:
        held.enter_context(alone("train", [results.path_of("", out).parent, jobs[0].weights]))
        unfinished = [job for job in jobs if not job.finished()]
        # Where a run keeps its state does not depend on --out; a lock that a kill left there goes.
        used = [job.state_path().parent for job in unfinished]
        used += [path for job in jobs if (path := job.state_path().parent).is_dir()]
        held.enter_context(alone("train", used))
        _remove_partial(jobs, unfinished, out)
        _complete_curves([job for job in jobs if job not in unfinished], out)
        _train_and_score(args, jobs, unfinished, out, workers)
    return 0


def _remove_partial(
    jobs: Sequence[baselines.Job], unfinished: Sequence[baselines.Job], out: Path | None
) -> None:
    """Delete what a run that was killed has left behind; this one is alone."""
    remove_partial(results.files_of(["learning-curves", *SCORED.values()], out))
    for job in jobs:
        remove_partial([job.path(), job.path(bounds.BRANCH), job.state_path()])
        if job not in unfinished:  # killed between its weights and the end
            job.state_path().unlink(missing_ok=True)


def _complete_curves(finished: Sequence[baselines.Job], out: Path | None) -> None:
    """Write rows that learning curves of finished models lack; the weights' files have them."""
    for job in finished:
        history = checkpoints.read_about(job.path())["history"]
        if rows := _keep_curve(job, history, out):
            print(f"{job.model} seed {job.seed}: {rows} rows of its learning curve written again")


def _keep_curve(job: baselines.Job, history: Sequence[dict[str, Any]], out: Path | None) -> int:
    """Write what the table lacks of a learning curve; returns the number of rows."""
    key = (*job.identity, "epoch")
    known = set(results.keys("learning-curves", key, out))
    rows = baselines.curve_rows(job, history)
    missing = [row for row in rows if tuple(row[name] for name in key) not in known]
    results.append("learning-curves", missing, folder=out)
    return len(missing)


def _train_and_score(
    args: argparse.Namespace,
    jobs: Sequence[baselines.Job],
    unfinished: Sequence[baselines.Job],
    out: Path | None,
    workers: int,
) -> None:
    if unfinished:
        print(f"{len(unfinished)} of {len(jobs)} models to train, {workers} at a time")
        letters = {"A", *(job.model.removeprefix("upper-") for job in jobs)} - {bounds.LOWER}
        make(patients(sorted(letters), ["train"]), workers)
        _train(jobs, unfinished, out, workers)
    if args.evaluate:
        who, table = patients("ABCD", ROLES[args.evaluate]), SCORED[args.evaluate]
        with executor(workers) as (pool, _):
            for seed in args.seeds:
                own = [job for job in jobs if job.seed == seed]
                evaluate(own, who, table, out, pool, workers)
    elif not unfinished:
        print(
            f"all {len(jobs)} models are trained, in {jobs[0].weights}; --evaluate dev scores them"
        )


def _profile(args: argparse.Namespace) -> Profile:
    """The profile, with what the command changes; refuses what does not go together."""
    profile = PROFILES[args.profile]
    changes: dict[str, Any] = {}
    if args.epochs is not None:
        branch = max(1, round(args.epochs * profile.branch_epoch / profile.epochs))
        changes |= {"epochs": args.epochs, "branch_epoch": branch}
    if args.learning_rate is not None:
        changes["learning_rate"] = args.learning_rate
    changed = replace(profile, **changes)
    if args.out is None and changed != profile:
        raise CommandError("changed settings need a folder of their own: add --out DIR")
    return changed


def _jobs(args: argparse.Namespace, profile: Profile, device: str) -> list[baselines.Job]:
    """All that are asked for; the lower bound of each seed is always among them."""
    models = [bounds.LOWER, *(m for m in bounds.UPPER.values() if m in args.models)]
    return [
        baselines.Job(
            profile=profile,
            model=model,
            seed=seed,
            weights=networks.weights_folder(args.profile, args.out),
            device=device,
        )
        for seed in args.seeds
        for model in models
    ]


def _train(
    jobs: Sequence[baselines.Job],
    unfinished: Sequence[baselines.Job],
    out: Path | None,
    workers: int,
) -> None:
    """Train, and write a learning curve and a line for each model that is done."""
    interactive = sys.stderr.isatty()
    for job, history in baselines.train_all(jobs, workers=workers, progress=interactive):
        _keep_curve(job, history, out)
        if job in unfinished:
            last, seconds = history[-1], sum(row["seconds"] for row in history)
            scores = ", ".join(f"{k[2:]} {v:.3f}" for k, v in last.items() if k.startswith("f_"))
            tqdm.write(
                f"{job.model} seed {job.seed}: done in {seconds / 60:.1f} min, "
                f"F on validation crops {scores}"
            )
