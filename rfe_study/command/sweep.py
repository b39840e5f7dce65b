"""The `rfe sweep` command: fine-tune the models of an experiment, and score them."""

import argparse
import os
from pathlib import Path

from tqdm import tqdm

from rfe_study import results
from rfe_study.command import train
from rfe_study.command.arguments import positive, seed, text
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import DOMAINS, TARGETS, Patient, patients
from rfe_study.versions import code_version

#: Experiments, and the target domains that each is made for.
EXPERIMENTS = {
    "proof-of-concept": ("B",),
    "search": ("B",),
    "adaptation": TARGETS,
    "adaptation-search": TARGETS,
}

#: Test patients of each other domain that an adapted model is scored on; all of most domains.
OTHERS = 2

#: Whom a model is scored on.
ON_TEST, ON_DEV, ON_V1 = "test", "dev", "V1"


def add_parser(groups) -> None:
    """Add `rfe sweep` to the commands."""
    parser = groups.add_parser(
        "sweep",
        help="fine-tune the 36 models and those beside them, and score them",
        **text(
            "Fine-tune all models of an experiment from the lower bound's epoch 35 (Section "
            "3.2), which `rfe train` must have made. Finished models are skipped: a sweep that "
            "was stopped or killed goes on when the same command is given again.",
            """
            rfe sweep --seeds 0                                seed by seed, one process per core
            rfe sweep --seeds 0 1 2 --evaluate test            once, when all are trained
            rfe sweep --seeds 0 1 2 --explorer                 its masks again, without scores
            rfe sweep --experiment search --seeds 0 1 --evaluate dev
            rfe sweep --experiment adaptation --seeds 0 1 2    with a real prior (chapter 09)
            rfe sweep --seeds 0 --scheduler tcp://host:8786    on a Dask cluster
        """,
        ),
    )
    parser.add_argument("--experiment", choices=EXPERIMENTS, default="proof-of-concept")
    parser.add_argument("--profile", choices=list(PROFILES), default="laptop")
    parser.add_argument(
        "--target",
        nargs="+",
        choices=TARGETS,
        metavar="DOMAIN",
        help="target domains (B; for the adaptation with a real prior B C D)",
    )
    parser.add_argument(
        "--seeds", nargs="+", type=seed, default=[0, 1, 2], metavar="SEED", help="default: 0 1 2"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=positive, help="models at a time (one per core, with one thread each)"
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that runs them")
    parser.add_argument(
        "--evaluate",
        choices=(ON_DEV, ON_TEST, ON_V1),
        help="score on development or test patients of the target domain (after the adaptation, "
        "on test patients of the others too), or on its first training patient V1",
    )
    parser.add_argument(
        "--explorer",
        action="store_true",
        help="store what the models at hand predict on a few test slices, for the explorers of "
        "chapters 07 and 09 (--evaluate test does, too); masks of models without weights are kept",
    )
    parser.add_argument(
        "--baselines",
        type=Path,
        metavar="DIR",
        help="folder with the lower bound's weights (data/checkpoints)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for weights, tables and the explorer's masks (data/cache/sweep, data/results "
        "and data/explorer)",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.set_defaults(run=sweep)


def sweep(args: argparse.Namespace) -> int:
    """`rfe sweep`: fine-tune the models that are not finished, and score them if asked."""
    from rfe_study.methods import proof
    from rfe_study.results import MODELS, SCORES
    from rfe_study.runs.sweep import FINISHED, Job, tidy, unfinished
    from rfe_study.workers import executor

    out, baselines = args.out, args.baselines
    if out is None and args.profile == "smoke":  # its scores mean nothing: never among the others
        out = results.DATA / "cache" / "smoke"
    if baselines is None:
        baselines = results.DATA / "checkpoints" if args.profile != "smoke" else out
    targets = args.target or EXPERIMENTS[args.experiment]
    jobs = [
        Job(
            profile=PROFILES[args.profile],
            experiment=args.experiment,
            target=target,
            method=method,
            seed=number,
            baselines=baselines,
            weights=results.DATA / "cache" / "sweep" if out is None else out,
            device=args.device,
        )
        for number in args.seeds
        for target in targets
        for method in proof.EXPERIMENTS[args.experiment]()
    ]
    if missing := sorted({str(job.branch) for job in jobs if not job.branch.exists()}):
        raise train.CommandError(
            f"the lower bound must be trained first, {missing[0]} does not exist; run rfe train "
            f"--profile {args.profile}, or name its folder with --baselines"
        )
    workers = args.jobs or (1 if args.device == "cuda" else os.cpu_count() or 1)
    _remove_partial(jobs, out)
    left = unfinished(jobs, out)
    print(f"{len(left)} of {len(jobs)} models to fine-tune")
    _say_other_code([job for job in jobs if job not in left], out)
    if left and args.scheduler is None:
        train.make(patients(["A", *targets], ["train"]), workers)
    with executor(workers, args.scheduler) as (pool, ahead):
        if left:
            _run(left, len(jobs), pool, ahead, out)
        tidy(out)
        table = results.stored(MODELS, out)
        names = [tuple(row) for row in table[[*jobs[0].identity, "status"]].to_numpy()]
        ready = [j for j in jobs if (*j.identity.values(), FINISHED) in names]
        if not ready and (args.evaluate or args.explorer):
            raise train.CommandError("no model is finished, so there is nothing to score")
        for target in targets if args.evaluate else ():
            of_target = [job for job in ready if job.target == target]
            who = _scored_on(args.experiment, target, args.evaluate)
            train.evaluate(of_target, who, SCORES, out, pool)
            tidy(out)
            if (args.experiment, args.evaluate) == ("adaptation", ON_TEST):
                own = [patient for patient in who if patient.domain == target]
                _compare_lesions(of_target, own, pool, out)
    if args.explorer or args.evaluate == ON_TEST:
        for target in targets:
            _store_masks([job for job in ready if job.target == target], out)
    return 0


def _say_other_code(finished, out: Path | None) -> None:
    """Name the code that finished models were made with, where it is not the present one."""
    from rfe_study.results import MODELS

    if not finished:
        return
    table = results.stored(MODELS, out).set_index(list(finished[0].identity))["code_version"]
    made = [table[tuple(job.identity.values())] for job in finished]
    now = code_version("rfe_study.runs.sweep")
    if other := sorted(set(made) - {now}):
        n = sum(version != now for version in made)
        print(f"{n} finished models come from other code ({', '.join(other)}; now {now}): kept")


def _scored_on(experiment: str, target: str, which: str) -> list[Patient]:
    """The patients that a model for `target` is scored on."""
    if which == ON_V1:
        return [Patient(target, "train", 1)]
    if which == ON_DEV:
        return patients([target], ["dev"])
    who = patients([target], ["test", "extra"])
    if experiment == "adaptation":  # what became of the other domains, A among them
        others = patients([d for d in DOMAINS if d != target], ["test"])
        who += [patient for patient in others if patient.number <= OTHERS]
    return who


def _compare_lesions(jobs, who: list[Patient], pool, out: Path | None) -> None:
    """Write which lesions the paper's method and the upper bound find, where that is not there."""
    from rfe_study import results
    from rfe_study.runs import lesion_hits

    known = set()
    if results.exists(results.TABLE, out):
        table = results.stored(results.TABLE, out)
        known = set(table[list(lesion_hits.KEY)].itertuples(index=False, name=None))
    models = lesion_hits.compared(jobs)
    futures = []
    for patient in train.some(who, jobs[0].profile):
        left = [m for m in models if lesion_hits.key(*m, patient) not in known]
        if left:
            futures.append(pool.submit(lesion_hits.rows, left, patient))
    for future in tqdm(futures, desc="lesion by lesion"):
        results.append(results.TABLE, future.result(), key=lesion_hits.KEY, folder=out)


def _store_masks(jobs, out: Path | None) -> None:
    """Write the explorer's file: in ``data/explorer``, or in ``DIR/explorer``."""
    from rfe_study.runs import masks

    folder = None if out is None else out / "explorer"
    bounds = _bounds(jobs) if jobs and jobs[0].experiment == "adaptation" else []
    path = masks.make(jobs, folder, beside=bounds)
    print(f"masks on test slices in {path}")


def _bounds(jobs) -> list:
    """Jobs of the lower bound and of the target's upper bound, trained from the same seeds."""
    from rfe_study.runs.baselines import Job

    (target,) = {job.target for job in jobs}
    first, seeds = jobs[0], sorted({job.seed for job in jobs})
    about = {"profile": first.profile, "weights": first.baselines, "device": first.device}
    names = (LOWER, UPPER[target])
    return [Job(model=name, seed=number, **about) for name in names for number in seeds]


def _remove_partial(jobs, out: Path | None) -> None:
    """Delete what a sweep that was killed while it wrote has left behind; one writes at a time."""
    from rfe_study.results import CURVES, MODELS, SCORES

    patterns = {(job.path().parent, ".*.partial") for job in jobs}
    for name in (MODELS, CURVES, SCORES):
        table = results.path_of(name, out)
        patterns.add((table.parent, f".{table.name}.*.partial"))
    for folder, pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()


def _run(left, total: int, pool, ahead: int, out: Path | None) -> None:
    """Run what is left with a bar that tells the time left; a line for each model that is done."""
    from rfe_study.runs.sweep import DIVERGED, completed, keep

    with tqdm(total=total, initial=total - len(left), desc="fine-tune", smoothing=0) as bar:
        for job, outcome in completed(left, pool, ahead=ahead):
            keep(job, outcome, out)
            bar.update()
            name = f"{job.method.name}, seed {job.seed}"
            if outcome.status == DIVERGED:
                tqdm.write(f"{name}: diverged ({outcome.message})")
            else:
                f_score = outcome.history[-1][f"f_{job.target}"]
                tqdm.write(f"{name}: F on validation crops of {job.target} {f_score:.3f}")
