"""What `rfe sweep` does: fine-tune the models of an experiment, score them, keep some masks."""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from tqdm import tqdm

from rfe_study import results, versions
from rfe_study.command import data
from rfe_study.command.device import device_of
from rfe_study.command.errors import CommandError
from rfe_study.command.lock import alone, remove_partial
from rfe_study.command.parse_runs import EXPERIMENTS, ON_TEST, ON_V1
from rfe_study.command.scores import ROLES, evaluate
from rfe_study.methods import experiments
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.methods.method import some
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import DOMAINS, Patient, patients
from rfe_study.runs import baselines, curves, lesion_hits, networks, predicted_slices
from rfe_study.runs.sweep import completed, keep, tidy, unfinished
from rfe_study.runs.tuning import DIVERGED, FINISHED, Job
from rfe_study.tables import CURVES, LESIONS, MODELS, SCORES
from rfe_study.workers import executor

#: Test patients of each other domain that an adapted model is scored on; all of most domains.
OTHERS = 2


def sweep(args: argparse.Namespace) -> int:
    """`rfe sweep`: fine-tune the models that are not finished, and score them if asked."""
    out = networks.tables_folder(args.profile, args.out)
    targets, device = _targets(args), device_of(args)
    jobs = _jobs(args, targets, out, device)
    with alone("sweep", [results.path_of("", out).parent, jobs[0].weights]):
        return _sweep(args, jobs, targets, out, device)


def _sweep(
    args: argparse.Namespace,
    jobs: Sequence[Job],
    targets: Sequence[str],
    out: Path | None,
    device: str,
) -> int:
    """What is left to do, in folders that no other sweep writes into."""
    workers = args.jobs or (1 if device == "cuda" else os.cpu_count() or 1)
    _remove_partial(jobs, out)
    left = unfinished(jobs, out)
    print(f"{len(left)} of {len(jobs)} models to fine-tune")
    finished = [job for job in jobs if job not in left]
    _say_other_code(finished, out)
    if torn := curves.incomplete(finished, out):
        print(f"{len(torn)} finished models lack rows of their learning curves: made again")
    if (left or torn) and args.scheduler is None:
        data.make(patients(["A", *targets], ["train"]), workers)
    with executor(workers, args.scheduler) as (pool, ahead):
        for seed in dict.fromkeys(job.seed for job in jobs):  # one by one: rows can be kept
            own = [job for job in jobs if job.seed == seed]
            todo, redo = ([job for job in own if job in these] for these in (left, torn))
            _run(todo, redo, len(own), pool, ahead, out)
            tidy(out)
            if args.evaluate:
                _score(args, _finished(own, out), targets, pool, out, workers)
    if args.evaluate or args.explorer:
        ready = _finished(jobs, out)
        targets = _with_models(ready, targets)
    if args.explorer or args.evaluate == ON_TEST:
        for target in targets:
            _store_masks([job for job in ready if job.target == target], out)
    return 0


def _targets(args: argparse.Namespace) -> Sequence[str]:
    """The target domains; refuses those that the experiment is not made for."""
    made_for = EXPERIMENTS[args.experiment]
    if others := [target for target in args.target or () if target not in made_for]:
        raise CommandError(
            f"--target of {args.experiment} must be of {', '.join(made_for)}, for which its "
            f"methods are made, got {others[0]}; --experiment adaptation has others"
        )
    return args.target or made_for


def _jobs(
    args: argparse.Namespace, targets: Sequence[str], out: Path | None, device: str
) -> list[Job]:
    """The models, each of the seeds it is worth unless named; refuses without lower bounds."""
    methods = experiments.EXPERIMENTS[args.experiment]()
    methods = methods if args.methods is None else some(methods, args.methods)
    jobs = [
        Job(
            profile=PROFILES[args.profile],
            experiment=args.experiment,
            target=target,
            method=method,
            seed=seed,
            baselines=networks.baselines_folder(args.profile, out, args.baselines),
            weights=results.DATA / "cache" / "sweep" if out is None else out,
            device=device,
        )
        for seed in args.seeds
        for target in targets
        for method in methods
        if args.methods is not None or seed < method.seeds
    ]
    if not jobs:
        most = max(method.seeds for method in methods)
        rule = f"--seeds must be below {most} unless --methods names models"
        raise CommandError(f"{rule}, got {min(args.seeds)}")
    if missing := sorted({str(job.branch) for job in jobs if not job.branch.exists()}):
        raise CommandError(
            f"the lower bound must be trained first, {missing[0]} does not exist; run rfe train "
            f"--profile {args.profile}, or name its folder with --baselines"
        )
    return jobs


def _finished(jobs: Sequence[Job], out: Path | None) -> list[Job]:
    """Those of the jobs whose row says so; the others diverged."""
    names = set(results.keys(MODELS, (*jobs[0].identity, "status"), out))
    return [job for job in jobs if (*job.identity.values(), FINISHED) in names]


def _with_models(ready: Sequence[Job], targets: Sequence[str]) -> list[str]:
    """The targets that a model is finished for; names the others."""
    if not ready:
        raise CommandError("no model is finished, so there is nothing to score")
    have = {job.target for job in ready}
    for target in sorted(set(targets) - have):
        print(f"all models for target {target} diverged, so none of them is scored")
    return [target for target in targets if target in have]


def _say_other_code(finished: Sequence[Job], out: Path | None) -> None:
    """Name the code that finished models were made with, where it is not the present one."""
    if not finished:
        return
    names = {tuple(job.identity.values()) for job in finished}
    rows = results.keys(MODELS, (*finished[0].identity, "code_version"), out)
    made = [version for *name, version in rows if tuple(name) in names]
    now = versions.code_version("rfe_study.runs.sweep")
    if other := sorted(set(made) - {now}):
        n = sum(version != now for version in made)
        print(f"{n} finished models come from other code ({', '.join(other)}; now {now}): kept")


def _score(
    args: argparse.Namespace,
    ready: Sequence[Job],
    targets: Sequence[str],
    pool: Executor,
    out: Path | None,
    workers: int,
) -> None:
    """Score the finished models of each target; of the adaptation compare lesions, too."""
    for target in targets:
        if not (jobs := [job for job in ready if job.target == target]):
            continue
        who = _scored_on(args.experiment, target, args.evaluate)
        evaluate(jobs, who, SCORES, out, pool, workers)
        tidy(out)
        if (args.experiment, args.evaluate) == ("adaptation", ON_TEST):
            own = [p for p in who if p.domain == target and p.role in lesion_hits.ROLES]
            lesion_hits.compare(jobs, own, pool, out)


def _scored_on(experiment: str, target: str, which: str) -> list[Patient]:
    """The patients that a model for `target` is scored on."""
    if which == ON_V1:
        return [Patient(target, "train", 1)]
    who = patients([target], ROLES[which])
    # What became of the other domains, A among them:
    if (experiment, which) == ("adaptation", ON_TEST):
        others = patients([d for d in DOMAINS if d != target], ["test"])
        who += [patient for patient in others if patient.number <= OTHERS]
    return who


def _store_masks(jobs: Sequence[Job], out: Path | None) -> None:
    """Write the explorer's file: in ``data/explorer``, or in ``DIR/explorer``."""
    folder = None if out is None else out / "explorer"
    bounds = _bounds(jobs) if jobs and jobs[0].experiment == "adaptation" else []
    path = predicted_slices.make(jobs, folder, beside=bounds)
    print(f"masks on test slices in {path}")


def _bounds(jobs: Sequence[Job]) -> list[baselines.Job]:
    """Jobs of the lower bound and of the target's upper bound, trained from the same seeds."""
    (target,) = {job.target for job in jobs}
    first, seeds = jobs[0], sorted({job.seed for job in jobs})
    about = {"profile": first.profile, "weights": first.baselines, "device": first.device}
    names = (LOWER, UPPER[target])
    return [baselines.Job(model=name, seed=seed, **about) for name in names for seed in seeds]


def _remove_partial(jobs: Sequence[Job], out: Path | None) -> None:
    """Delete what a sweep that was killed while it wrote has left behind; this one is alone."""
    remove_partial(results.files_of((MODELS, CURVES, SCORES, LESIONS), out))
    explorer = results.DATA / "explorer" if out is None else out / "explorer"
    for folder in {explorer, *(job.path().parent for job in jobs)}:
        for path in folder.glob(".*.partial"):
            path.unlink()


def _run(
    left: Sequence[Job],
    torn: Sequence[Job],
    total: int,
    pool: Executor,
    ahead: int,
    out: Path | None,
) -> None:
    """Run what is left with a bar that tells the time left; a line for each model that is done.

    Those that are torn have only lost rows of their curves.
    """
    if not (left or torn):
        return
    started = total - len(left) - len(torn)
    with tqdm(total=total, initial=started, desc="fine-tune", smoothing=0) as bar:
        for job, outcome in completed([*left, *torn], pool, ahead=ahead):
            bar.update()
            name = f"{job.method.name}, seed {job.seed}"
            if job in torn:
                rows = curves.keep(job, outcome, out)
                tqdm.write(f"{name}: {rows} rows of its learning curve written again")
                continue
            keep(job, outcome, out)
            if outcome.status == DIVERGED:
                tqdm.write(f"{name}: diverged ({outcome.message})")
            else:
                f_score = outcome.history[-1][f"f_{job.target}"]
                tqdm.write(f"{name}: F on validation crops of {job.target} {f_score:.3f}")
