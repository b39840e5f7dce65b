"""What `rfe data` does: make phantom patients, check and measure folders of real ones."""

import argparse
from collections.abc import Sequence
from typing import Any

from rfe_core.scans.load import load_subjects
from rfe_study import results
from rfe_study.command.errors import CommandError
from rfe_study.command.lock import alone
from rfe_study.phantom.cache import make_missing, phantom_folder
from rfe_study.phantom.domains import DOMAINS, Patient, patients
from rfe_study.realism import distance
from rfe_study.realism.alignment import alignment
from rfe_study.realism.check import describe
from rfe_study.realism.statistics import without_negatives
from rfe_study.runs import looked_at


def make_patients(args: argparse.Namespace) -> int:
    """`rfe data make`: make phantom patients in the cache."""
    if args.profile is None:
        who = patients(args.domains or DOMAINS, args.roles or ("train", "test"))
    elif args.domains or args.roles:
        raise CommandError("--profile names the patients itself: leave out --domains and --roles")
    else:
        who = looked_at.everyone(args.profile)
    make(who, args.jobs)
    print(f"{len(who)} phantom patients in {phantom_folder()}")
    return 0


def make(who: Sequence[Patient], workers: int) -> None:
    """Make phantom patients in parallel, where the cache lacks them."""
    make_missing(who, phantom_folder(), workers=workers)


def check(args: argparse.Namespace) -> int:
    """`rfe data check`: say what a folder of patients holds and what is wrong with it."""
    report = describe(args.path, args.layout, without=args.without, **_reading(args))
    print(report)
    return 1 if report.problems or (args.strict and report.warnings) else 0


def _reading(args: argparse.Namespace) -> dict[str, Any]:
    """The options that say how files are read."""
    align = alignment(resample=args.resample, register=args.register)
    return {"labels": args.labels, "rater": args.rater, "align": align}


def statistics(args: argparse.Namespace) -> int:
    """`rfe data statistics`: measure, write both tables, print the distances."""
    with alone("data statistics", [args.out]):
        subjects = load_subjects(
            args.path, args.layout, args.patients, allow_empty_lesions=True, **_reading(args)
        )
        distance.measure_all([without_negatives(s) for s in subjects], folder=args.out)
    table = distance.distances(results.stored(distance.STATISTICS, args.out))
    print("distance from the real scans, mean |log2 ratio|:")
    print(table.to_string(float_format=lambda x: f"{x:.2f}"))
    return 0
