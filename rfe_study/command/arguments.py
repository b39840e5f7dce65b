"""Types and texts of the command line's arguments."""

import argparse
import textwrap


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


def seed(text: str) -> int:
    """A whole number >= 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a whole number >= 0, got {text}")
    return int(text)


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
