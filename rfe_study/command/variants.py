"""What `rfe variants` does: train networks on other training patients, and without T1 or T2."""

import argparse
from types import ModuleType

from rfe_study.command.device import device_of
from rfe_study.command.lock import alone, remove_partial
from rfe_study.command.parse_runs import VARIANT_NAMES
from rfe_study.methods.modalities import DROPOUT
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import modality_dropout, networks, variants
from rfe_study.workers import one_thread


def train(args: argparse.Namespace) -> int:
    """`rfe variants`: train those that are not finished, one after another."""
    device = device_of(args)
    weights = networks.weights_folder(args.profile, args.out)
    jobs = [
        _runner(name).Job(
            profile=PROFILES[args.profile], model=name, seed=seed, weights=weights, device=device
        )
        for seed in args.seeds
        for name in sorted(args.variants, key=VARIANT_NAMES.index)  # each after what it needs
    ]
    states = [job.state_path().parent for job in jobs if not job.path().exists()]
    states += [path for job in jobs if (path := job.state_path().parent).is_dir()]
    with alone("variants", [weights, *states]), one_thread():
        for job in jobs:
            remove_partial([job.path(), job.path(f"{job.model}-branch"), job.state_path()])
            _runner(job.model).train(job, progress=not args.quiet)
            job.state_path().unlink(missing_ok=True)  # killed between its weights and the end
    number = len(jobs)
    print(f"{number} network{'s' if number != 1 else ''} in {weights}")
    return 0


def _runner(name: str) -> ModuleType:
    """The module that trains the network of this name."""
    return modality_dropout if name == DROPOUT else variants
