"""The device that a command runs on, looked at before any work is done."""

import argparse

import torch

from rfe_study.command.errors import NO_GPU, CommandError


def device_of(args: argparse.Namespace) -> str:
    """``--device``, "cpu" if it is not given.

    Raises
    ------
    CommandError
        If there is no such device, or profile paper would run on a CPU without being asked to.
    """
    if args.profile == "paper" and args.device is None:
        raise CommandError(
            "profile paper needs a GPU: add --device cuda (or --device cpu to run it for weeks)"
        )
    if args.device == "cuda" and not torch.cuda.is_available():
        raise CommandError(NO_GPU)
    return args.device or "cpu"
