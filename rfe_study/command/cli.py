"""The `rfe` command: make and check data, train, fine-tune, adapt, measure, look at results.

The arguments of all commands are read without PyTorch, so that ``rfe --help`` answers at once; the
module that does what a command says is imported when it is known which one it is.
"""

import argparse
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from importlib import import_module

from rfe_study.command import parse_data, parse_results, parse_runs
from rfe_study.command.arguments import text
from rfe_study.command.errors import NO_GPU, CommandError
from rfe_study.command.gpus import built_for_gpus

KILLED = "a worker process was killed, perhaps for want of memory, and fewer --jobs need less"


class _Parser(argparse.ArgumentParser):
    """Errors are one line that starts like all errors of this command."""

    def error(self, message: str):
        self.exit(2, f"rfe: error: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands; ``run`` is the function that does it, as MODULE.NAME."""
    root = _Parser(
        prog="rfe",
        **text(
            "Data, training and results of the book on semi-supervised learning for FCNs.",
            """
            rfe data make                                  the 28 phantom patients of Table 1
            rfe train --profile laptop --seeds 0 1 2       the baselines of chapter 03
            rfe sweep --profile laptop --seeds 0 1 2       the fine-tuned models of chapter 07
            rfe adapt --data ~/scans --out ~/masks         trained networks on scans of yours
            rfe results baselines                          scores
        """,
        ),
    )
    groups = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parse_data.add_data(groups)
    parse_runs.add_train(groups)
    parse_runs.add_sweep(groups)
    parse_runs.add_variants(groups)
    parse_data.add_adapt(groups)
    parse_results.add_measure(groups)
    parse_results.add_results(groups)
    return root


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let `kill` stop the worker processes and free the terminal as Ctrl-C does."""

    def interrupt(signum, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run(args: argparse.Namespace) -> int:
    """Import what a command needs, and do it."""
    if getattr(args, "device", None) == "cuda" and not built_for_gpus():
        raise CommandError(f"{NO_GPU} (this PyTorch is built for CPUs alone)")
    module, _, name = args.run.rpartition(".")
    return getattr(import_module(f"rfe_study.command.{module}"), name)(args)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (2: an error the user can mend)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    args = parser().parse_args(arguments)
    again = shlex.join(["rfe", *arguments])
    if args.run == "adapt.adapt" and args.out is None:
        again = f"nothing is kept without --out, this begins anew: {again}"
    else:
        again = f"this goes on from here: {again}"
    try:
        with _termination_as_interrupt():
            return run(args)
    except ChildProcessError as error:
        print(f"rfe: error: {error}; {again}", file=sys.stderr)
        return 2
    except (CommandError, ValueError, OSError, FloatingPointError) as error:
        message = " ".join(str(error).split())
        print(f"rfe: error: {message}", file=sys.stderr)
        return 2
    except BrokenExecutor:
        print(f"rfe: error: {KILLED}; {again}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"rfe: stopped; {again}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
