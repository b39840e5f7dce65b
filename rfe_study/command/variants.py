"""What `rfe variants` does: train networks on other choices of training patients."""

import argparse

from rfe_study.methods.profiles import PROFILES
from rfe_study.runs import networks
from rfe_study.runs.variants import Job, train
from rfe_study.workers import one_thread


def variants(args: argparse.Namespace) -> int:
    """`rfe variants`: train those that are not finished, one after another."""
    weights = networks.weights_folder(args.profile, args.out)
    with one_thread():
        for seed in args.seeds:
            for variant in args.variants:
                job = Job(profile=PROFILES[args.profile], model=variant, seed=seed, weights=weights)
                train(job, progress=not args.quiet)
    number = len(args.seeds) * len(args.variants)
    print(f"{number} network{'s' if number != 1 else ''} in {weights}")
    return 0
