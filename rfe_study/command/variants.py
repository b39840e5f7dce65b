"""What `rfe variants` does: train networks on other choices of training patients."""

import argparse

from rfe_study.command.device import device_of
from rfe_study.command.lock import alone, remove_partial
from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import networks
from rfe_study.runs.variants import Job, train
from rfe_study.workers import one_thread


def variants(args: argparse.Namespace) -> int:
    """`rfe variants`: train those that are not finished, one after another."""
    device = device_of(args)
    weights = networks.weights_folder(args.profile, args.out)
    jobs = [
        Job(
            profile=PROFILES[args.profile],
            model=variant,
            seed=seed,
            weights=weights,
            device=device,
        )
        for seed in args.seeds
        for variant in args.variants
    ]
    states = [job.state_path().parent for job in jobs if not job.path().exists()]
    with alone("variants", [weights, *states]), one_thread():
        for job in jobs:
            remove_partial([job.path(), job.path(f"{job.model}-branch"), job.state_path()])
            train(job, progress=not args.quiet)
            job.state_path().unlink(missing_ok=True)  # killed between its weights and the end
    number = len(jobs)
    print(f"{number} network{'s' if number != 1 else ''} in {weights}")
    return 0
