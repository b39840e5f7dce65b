"""Commands of `rfe` in turn in one process, which fine-tunes a few models of each experiment.

`run` reads lines of a shell; those of `rfe` go to its `main`. Of an experiment there is the first
method with each trait: a group, crops of the target, a loss, an n_E, a way to learn; weights,
margins and rates are none. Where there are several targets, methods that a verdict rests on
(`Method.headline`) are for all of them, the others for one each, in turn.
"""

import shlex
import subprocess
import sys
from collections.abc import Sequence

from rfe_study.command import sweep
from rfe_study.command.cli import main
from rfe_study.methods.method import Method
from rfe_study.runs.tuning import Job


def traits(method: Method) -> set[tuple]:
    """What it learns from and by which losses."""
    names = ("group", "source", "unlabelled", "primary", "statistics", "match_histograms", "v1")
    found = {(name, getattr(method, name)) for name in (*names, "embeddings")}
    if method.self_training is not None:
        found.add(("self_training", method.self_training.kind))
    if (term := method.embedding) is not None:
        names = ("n_e", "distance", "reduction", "layers", "lesionwise")
        found |= {("term", type(term)), *((name, getattr(term, name)) for name in names)}
    return found


def few(methods: Sequence[Method]) -> list[Method]:
    """The first method with each trait, in their order."""
    known, kept = set(), []
    for method in methods:
        if own := traits(method) - known:
            kept.append(method)
            known |= own
    return kept


def few_jobs(jobs: Sequence[Job]) -> list[Job]:
    """Jobs of one experiment without those that are left out."""
    methods = few(dict.fromkeys(job.method for job in jobs))
    targets = list(dict.fromkeys(job.target for job in jobs))
    turn = {method: targets[k % len(targets)] for k, method in enumerate(methods)}
    return [
        job
        for job in jobs
        if job.method in turn and (job.method.headline or job.target == turn[job.method])
    ]


def run() -> None:
    """Run the lines of standard input, up to the first that fails."""
    jobs = sweep._jobs
    sweep._jobs = lambda *args: few_jobs(jobs(*args))
    for line in sys.stdin.read().splitlines():
        command, *arguments = shlex.split(line)
        rfe = command.endswith("/rfe")
        status = main(arguments) if rfe else subprocess.run(line, shell=True).returncode
        if status:
            sys.exit(f"{line}: status {status}")
