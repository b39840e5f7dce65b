"""Types and texts of the command line's arguments."""

import argparse
import textwrap
from pathlib import Path


def text(description: str, examples: str) -> dict:
    """Description and examples of a command, for argparse."""
    return {
        "description": textwrap.fill(" ".join(description.split()), 80),
        "epilog": "examples:\n" + textwrap.indent(textwrap.dedent(examples).strip(), "  "),
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def positive(text: str) -> int:
    """A whole number >= 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1, got {text}")
    return int(text)


def folder(text: str) -> Path:
    """A folder, or where one can be made: nothing on the way to it is a file."""
    path = Path(text)
    there = next(part for part in (path, *path.parents) if part.exists())
    if not there.is_dir():
        raise argparse.ArgumentTypeError(f"must be a folder, got the file {there}")
    return path


def label(text: str) -> int:
    """A value of a mask, >= 1; the error speaks of paths, since one behind a list counts to it."""
    try:
        return positive(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}; a path must stand before --labels") from error


def seeds(text: str) -> range:
    """A whole number >= 0, or two and all between them: 3, or 0-9."""
    first, dash, last = text.partition("-")
    last = last if dash else first
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last)):
        rule = "must be a whole number >= 0, or the lowest and the highest of several, as in 0-9"
        raise argparse.ArgumentTypeError(f"{rule}, got {text}")
    return range(int(first), int(last) + 1)


class _Collect(argparse.Action):
    """One list of what several arguments hold, each once."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        found = dict.fromkeys(value for some in values for value in some)
        setattr(namespace, self.dest, list(found))


def add_seeds(parser, what: str, default: list[int] | None) -> None:
    """Add ``--seeds`` to a command: a list of numbers; `what` says of what, and what is default."""
    about = {"nargs": "+", "metavar": "SEED", "help": f"{what}; 0-9 for ten of them"}
    parser.add_argument("--seeds", type=seeds, action=_Collect, default=default, **about)


def rate(text: str) -> float:
    """A number > 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number > 0, got {text}")
    return value


def condition(text: str) -> tuple[str, str]:
    """COLUMN=VALUE."""
    column, equals, value = text.partition("=")
    if not (column and equals):
        raise argparse.ArgumentTypeError(f"must be COLUMN=VALUE, got {text}")
    return column, value
