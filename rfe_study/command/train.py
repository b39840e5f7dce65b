"""What the `rfe` commands do; `rfe_study.command.cli` reads their arguments.

PyTorch is imported inside the functions that need it, so that ``rfe --help`` answers at once.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from rfe_study import results
from rfe_study.methods import bounds
from rfe_study.methods.profiles import PROFILES, Profile
from rfe_study.phantom.domains import Patient, patients


class CommandError(Exception):
    """Something the user can mend; printed as one line."""


def data_make(args: argparse.Namespace) -> int:
    """`rfe data make`: make phantom patients in the cache."""
    from rfe_study.phantom.cache import phantom_folder

    who = patients(args.domains, args.roles)
    make(who, args.jobs)
    print(f"{len(who)} phantom patients in {phantom_folder()}")
    return 0


def data_check(args: argparse.Namespace) -> int:
    """`rfe data check`: say what a folder of patients holds and what is wrong with it."""
    from rfe_core.scans.check import describe

    report = describe(args.path, args.layout)
    print(report)
    return 1 if report.problems else 0


def data_fidelity(args: argparse.Namespace) -> int:
    """`rfe data fidelity`: measure the phantom, print it beside real figures."""
    from rfe_study.realism import fidelity

    fidelity.measure_all(workers=args.jobs)
    table = fidelity.table()
    print(table.to_string(index=False, na_rep="", float_format=lambda x: f"{x:.3g}"))
    return 0 if table["within"].all() else 1


def train(args: argparse.Namespace) -> int:
    """`rfe train`: train the baselines that are not finished, and score them if asked."""
    from rfe_study.runs import baselines
    from rfe_study.workers import process_pool

    if args.profile == "paper" and args.device is None:
        raise CommandError(
            "profile paper needs a GPU: add --device cuda (or --device cpu to run it for weeks)"
        )
    changes = {"epochs": args.epochs, "learning_rate": args.learning_rate}
    if args.jobs is None:
        args.jobs = 1 if args.device == "cuda" else os.cpu_count() or 1
    profile = PROFILES[args.profile]
    if args.epochs is not None:
        changes["branch_epoch"] = max(1, round(args.epochs * profile.branch_epoch / profile.epochs))
    profile = replace(profile, **{k: v for k, v in changes.items() if v is not None})
    out = args.out
    if out is None and profile != PROFILES[args.profile]:
        raise CommandError("changed settings need a folder of their own: add --out DIR")
    if out is None and args.profile == "smoke":  # its scores mean nothing: never among the others
        out = results.DATA / "cache" / "smoke"
    weights = results.DATA / "checkpoints" if out is None else out

    models = [bounds.LOWER, *(m for m in bounds.UPPER.values() if m in args.models)]
    jobs = [
        baselines.Job(
            profile=profile, model=model, seed=seed, weights=weights, device=args.device or "cpu"
        )
        for seed in args.seeds
        for model in models
    ]
    unfinished = [job for job in jobs if not job.finished()]
    if unfinished:
        print(f"{len(unfinished)} of {len(jobs)} models to train, {args.jobs} at a time")
        _train(jobs, unfinished, models, out, args)
    if args.evaluate:
        table = {"dev": "development", "test": "baselines"}[args.evaluate]
        with process_pool(args.jobs) as pool:
            roles = ("dev",) if args.evaluate == "dev" else ("test", "extra")
            evaluate(jobs, patients("ABCD", roles), table, out, pool)
    elif not unfinished:
        print(f"all {len(jobs)} models are trained, in {weights}; --evaluate dev scores them")
    return 0


def _train(jobs, unfinished, models, out: Path | None, args: argparse.Namespace) -> None:
    """Train, and write a learning curve and a line for each model that is done."""
    from rfe_study.runs import baselines

    letters = ["A", *(m.removeprefix("upper-") for m in models[1:])]
    make(patients(letters, ["train"]), args.jobs)
    known = _known("learning-curves", baselines.CURVE_KEY[:3], out)
    interactive = sys.stderr.isatty()
    for job, history in baselines.train_all(jobs, workers=args.jobs, progress=interactive):
        if (job.profile.name, job.model, job.seed) not in known:
            rows = baselines.curve_rows(job, history)
            results.append("learning-curves", rows, key=baselines.CURVE_KEY, folder=out)
        if job in unfinished:
            last, seconds = history[-1], sum(row["seconds"] for row in history)
            scores = ", ".join(f"{k[2:]} {v:.3f}" for k, v in last.items() if k.startswith("f_"))
            tqdm.write(
                f"{job.model} seed {job.seed}: done in {seconds / 60:.1f} min, "
                f"F on validation crops {scores}"
            )


def evaluate(jobs, who: list[Patient], table: str, out: Path | None, executor) -> None:
    """Score finished models on patients that the table does not score yet, and print means."""
    from rfe_study.runs import scoring

    who = some(who, jobs[0].profile)
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
        columns = (*jobs[0].identity, "subject")
        with tqdm(total=len(who), desc="score patients", mininterval=1) as bar:

            def keep(rows) -> None:
                results.append(table, rows, key=columns, folder=out)
                bar.update()

            scoring.score_all(jobs, who, skip=done, executor=executor, on_patient=keep)
    summary = results.summarise(results.stored(table, out), ("f_score", "fp_per_slice"))
    print(summary.to_string(index=False, float_format=lambda x: f"{x:.3f}"))


def some(who: Sequence[Patient], profile: Profile) -> list[Patient]:
    """Patients to score: all, or of profile smoke, whose scores mean nothing, one of each kind."""
    if profile.name != "smoke":
        return list(who)
    return list({(patient.domain, patient.role): patient for patient in reversed(who)}.values())


def _scored(jobs, table: str, out: Path | None) -> set[tuple]:
    """The keys of scores a table has; they must come from the weights the jobs have now."""
    from rfe_core import checkpoints

    there = [job for job in jobs if job.path().exists()]  # those of scored models may be lost
    now = {tuple(j.identity.values()): checkpoints.weights_digest(j.path()) for j in there}
    known = _known(table, (*jobs[0].identity, "subject", "weights"), out)
    for *model, subject, digest in sorted(known):
        if now.get(tuple(model), digest) != digest:
            raise CommandError(
                f"{results.path_of(table, out)} scores {subject} with other weights of "
                f"{'-'.join(map(str, model))}, and patients are scored once; to start over, move "
                "the table away and say so where its numbers are used"
            )
    return {row[:-1] for row in known}


def make(who, workers: int) -> None:
    """Make phantom patients in parallel, where the cache lacks them."""
    from rfe_study.phantom.cache import phantom_subjects

    # eight at a time: the function also reads them, and 52 at once are 3 GB
    for start in range(0, len(who), 8):
        phantom_subjects(who[start : start + 8], workers=workers)


def _known(table: str, columns: Sequence[str], folder: Path | None) -> set[tuple]:
    """Keys of the rows that a table has already."""
    if not results.exists(table, folder):
        return set()
    return set(results.stored(table, folder)[list(columns)].itertuples(index=False, name=None))


def show_results(args: argparse.Namespace) -> int:
    """`rfe results`: list the tables, or print the summary of one."""
    if args.table is None:
        found = sorted(results.path_of("*").parent.glob("*.csv"))
        if not found:
            print(f"no results in {results.path_of('*').parent} yet; see rfe train --help")
        for path in found:
            table = results.read(path.stem)
            print(f"{path.stem}: {len(table)} rows, {len(table.columns)} columns")
        return 0
    table = results.read(args.table)
    if "role" in table:
        table = results.summarise(table, ("f_score", "precision", "recall", "fp_per_slice"))
    print(table.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    return 0
