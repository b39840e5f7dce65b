"""What `rfe train` does: train the baselines, and score them."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from rfe_study import results
from rfe_study.command.data import make
from rfe_study.command.device import device_of
from rfe_study.command.errors import CommandError
from rfe_study.command.scores import ROLES, evaluate
from rfe_study.methods import bounds
from rfe_study.methods.profiles import PROFILES, Profile
from rfe_study.phantom.domains import patients
from rfe_study.runs import baselines, networks
from rfe_study.workers import process_pool

#: The tables of scores on development and test patients.
SCORED = {"dev": "development", "test": "baselines"}


def train(args: argparse.Namespace) -> int:
    """`rfe train`: train the baselines that are not finished, and score them if asked."""
    device = device_of(args)
    profile = _profile(args)
    out = networks.tables_folder(args.profile, args.out)
    workers = args.jobs or (1 if device == "cuda" else os.cpu_count() or 1)
    jobs = _jobs(args, profile, device)
    unfinished = [job for job in jobs if not job.finished()]
    if unfinished:
        print(f"{len(unfinished)} of {len(jobs)} models to train, {workers} at a time")
        letters = {"A", *(job.model.removeprefix("upper-") for job in jobs)} - {bounds.LOWER}
        make(patients(sorted(letters), ["train"]), workers)
        _train(jobs, unfinished, out, workers)
    if args.evaluate:
        who, table = patients("ABCD", ROLES[args.evaluate]), SCORED[args.evaluate]
        with process_pool(workers) as pool:
            for seed in args.seeds:
                evaluate([job for job in jobs if job.seed == seed], who, table, out, pool)
    elif not unfinished:
        print(
            f"all {len(jobs)} models are trained, in {jobs[0].weights}; --evaluate dev scores them"
        )
    return 0


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
    known = set(results.keys("learning-curves", tuple(jobs[0].identity), out))
    interactive = sys.stderr.isatty()
    for job, history in baselines.train_all(jobs, workers=workers, progress=interactive):
        if tuple(job.identity.values()) not in known:
            results.append("learning-curves", baselines.curve_rows(job, history), folder=out)
        if job in unfinished:
            last, seconds = history[-1], sum(row["seconds"] for row in history)
            scores = ", ".join(f"{k[2:]} {v:.3f}" for k, v in last.items() if k.startswith("f_"))
            tqdm.write(
                f"{job.model} seed {job.seed}: done in {seconds / 60:.1f} min, "
                f"F on validation crops {scores}"
            )
