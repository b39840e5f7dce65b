"""What `rfe measure` does: measure something and write its table anew."""

import argparse
import subprocess
import sys

from rfe_study import results
from rfe_study.command.errors import CommandError
from rfe_study.command.lock import alone
from rfe_study.measures import modalities, prior_quality, representativeness
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import patients
from rfe_study.realism import fidelity
from rfe_study.runs import looked_at, networks
from rfe_study.versions import ROOT

#: Measurements of time have a process of their own: the script, and what makes it short.
BENCHMARKS = {
    "embedding-cost": ("embedding.py", ("--rounds", "1")),
    "prior-cost": ("prior.py", ("--rounds", "1", "--small")),
    "tuning-cost": ("tuning_step.py", ("--rounds", "1")),
}


def measure(args: argparse.Namespace) -> int:
    """`rfe measure`: measure what NAME says."""
    ways = {
        **dict.fromkeys(BENCHMARKS, _benchmark),
        "representativeness": _representativeness,
        "prior": _prior,
        "modalities": _modalities,
        "fidelity": _fidelity,
    }
    folder = results.path_of("", networks.tables_folder(args.profile, args.out)).parent
    with alone(f"measure {args.name}", [folder]):
        return ways[args.name](args)


def _representativeness(args: argparse.Namespace) -> int:
    representativeness.measure_all(
        PROFILES[args.profile],
        args.seeds,
        networks.baselines_folder(args.profile, args.out, args.baselines),
        folder=networks.tables_folder(args.profile, args.out),
    )
    return 0


def _prior(args: argparse.Namespace) -> int:
    folder = networks.tables_folder(args.profile, args.out)
    baselines = networks.baselines_folder(args.profile, args.out, args.baselines)
    prior_quality.measure_all(args.seeds, profile=args.profile, baselines=baselines, folder=folder)
    return 0


def _modalities(args: argparse.Namespace) -> int:
    folder = networks.tables_folder(args.profile, args.out)
    weights = networks.baselines_folder(args.profile, args.out, args.baselines)
    modalities.measure_all(args.seeds, weights, profile=args.profile, folder=folder)
    return 0


def _fidelity(args: argparse.Namespace) -> int:
    """Exit status 1 if a figure is outside its limit, which few patients cannot keep."""
    folder = networks.tables_folder(args.profile, args.out)
    who = looked_at.some(patients(roles=["train"]), args.profile)
    whole = args.profile != "smoke"
    fidelity.measure_all(None if whole else who, workers=args.jobs, folder=folder)
    table = fidelity.table(folder)
    print(table.to_string(index=False, na_rep="", float_format=lambda x: f"{x:.3g}"))
    return 1 if whole and not table["within"].all() else 0


def _benchmark(args: argparse.Namespace) -> int:
    """Run a script of ``benchmarks/``, which writes the table."""
    name, short = BENCHMARKS[args.name]
    script = ROOT / "benchmarks" / name
    if not script.exists():
        raise CommandError(
            f"{script} does not exist; costs are measured in a copy of the repository"
        )
    command = [sys.executable, str(script)]
    if args.profile == "smoke":
        command += short
    if folder := networks.tables_folder(args.profile, args.out):
        command += ["--out", str(folder)]
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise CommandError(f"{script} ended with exit status {done.returncode}, see above")
    return 0
