"""The `rfe` command: make and check data, train, fine-tune, adapt, look at results."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rfe_study.command import adapt, sweep, train
from rfe_study.command.arguments import positive, rate, seed, text
from rfe_study.methods.profiles import PROFILES
from rfe_study.phantom.domains import DOMAINS, ROLES

LAYOUTS = ("bids", "msseg-2016", "msseg-2021", "open-ms-data")

MODEL_NAMES = ("lower", "upper-B", "upper-C", "upper-D")


class _Parser(argparse.ArgumentParser):
    """Errors are one line that starts like all errors of this command."""

    def error(self, message: str):
        self.exit(2, f"rfe: error: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    cores = os.cpu_count() or 1
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

    data = groups.add_parser("data", help="make phantom patients, check folders of real ones")
    data_commands = data.add_subparsers(dest="data_command", required=True, metavar="COMMAND")
    make = data_commands.add_parser(
        "make",
        help="make phantom patients in data/cache",
        **text(
            "Make phantom patients in data/cache; those that are there are kept.",
            """
            rfe data make
            rfe data make --domains A B --roles train dev
        """,
        ),
    )
    make.add_argument("--domains", nargs="+", default=list(DOMAINS), choices=list(DOMAINS))
    make.add_argument("--roles", nargs="+", default=["train", "test"], choices=ROLES)
    make.add_argument("--jobs", type=positive, default=cores, help="processes (one per core)")
    make.set_defaults(run=train.data_make)
    check = data_commands.add_parser(
        "check",
        help="say what a folder of patients holds and what is wrong with it",
        **text(
            "Read every patient of a folder and print what was found. Exit status 1 if "
            "a patient cannot be used.",
            """
            rfe data check ~/MSSEG-Training --layout msseg-2021
            rfe data check ~/open_ms_data --layout open-ms-data
        """,
        ),
    )
    check.add_argument("path", type=Path, help="folder that holds the patients")
    check.add_argument("--layout", choices=LAYOUTS, default="bids", help="default: bids")
    check.set_defaults(run=train.data_check)

    fidelity = data_commands.add_parser(
        "fidelity",
        help="measure the phantom and hold it against real figures",
        **text(
            "Measure the 28 phantom patients of Table 1, write data/results/fidelity.csv and "
            "lesion_sizes.csv anew, and print them beside the figures of real scans. Exit status 1 "
            "if a figure is outside its limit.",
            """
            rfe data fidelity
        """,
        ),
    )
    fidelity.add_argument("--jobs", type=positive, default=cores, help="processes (one per core)")
    fidelity.set_defaults(run=train.data_fidelity)
    adapt.add_statistics_parser(data_commands, LAYOUTS)

    training = groups.add_parser(
        "train",
        help="train the lower and upper bounds, and score them",
        **text(
            "Train the baselines of Section 3.1: per seed the lower bound on domain A, "
            "then the upper bounds B, C, D from its epoch 35. Finished models are skipped; a "
            "stopped run goes on where it was when the same command is given again.",
            """
            rfe train --profile laptop --seeds 0 1 2 --jobs 2
            rfe train --profile laptop --seeds 0 1 2 --evaluate dev      for any choice you make
            rfe train --profile laptop --seeds 0 1 2 --evaluate test     once, at the end
            rfe train --profile laptop --learning-rate 1e-3 --out data/cache/lr --evaluate dev
        """,
        ),
    )
    training.add_argument("--profile", choices=list(PROFILES), default="laptop")
    training.add_argument(
        "--seeds", nargs="+", type=seed, default=[0, 1, 2], metavar="SEED", help="default: 0 1 2"
    )
    training.add_argument(
        "--models",
        nargs="+",
        choices=MODEL_NAMES,
        default=list(MODEL_NAMES),
        metavar="MODEL",
        help=f"some of {', '.join(MODEL_NAMES)} (all); the lower bound is always among them",
    )
    training.add_argument(
        "--jobs",
        type=positive,
        help="models at a time (one per core, with one thread; on a GPU 1)",
    )
    training.add_argument(
        "--evaluate",
        choices=("dev", "test"),
        help="score on the development patients, or on the test patients of all domains",
    )
    training.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for weights and tables (data/checkpoints and data/results)",
    )
    training.add_argument("--epochs", type=positive, help="instead of the profile's; needs --out")
    training.add_argument(
        "--learning-rate", type=rate, help="instead of the profile's; needs --out"
    )
    training.add_argument("--device", choices=("cpu", "cuda"), help="cpu, but for profile paper")
    training.set_defaults(run=train.train)

    sweep.add_parser(groups)
    adapt.add_parser(groups, LAYOUTS)

    show = groups.add_parser(
        "results",
        help="list the tables of results, or summarise one",
        **text(
            "List the tables in data/results, or print one: scores are averaged over "
            "patients, mean and standard deviation are over seeds.",
            """
            rfe results
            rfe results baselines
        """,
        ),
    )
    show.add_argument("table", nargs="?", help="name without .csv")
    show.set_defaults(run=train.show_results)
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (2: an error the user can mend)."""
    args = parser().parse_args(arguments)
    try:
        with _termination_as_interrupt():
            return args.run(args)
    except (train.CommandError, ValueError, OSError, FloatingPointError) as error:
        message = " ".join(str(error).split())
        print(f"rfe: error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("rfe: stopped; the same command goes on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
