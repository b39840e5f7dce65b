"""What `rfe results` does: list tables, summarise one, say where rows come from."""

import argparse
from pathlib import Path

from rfe_study import results
from rfe_study.command.errors import CommandError
from rfe_study.origin import in_words, origins
from rfe_study.tables import TABLES

ORIGIN = "origin"

#: What is shown of one's own patients, in a line for each mask.
OF_PATIENTS = (
    *("subject", "model", "seed", "experiment", "prior_from", "marked_ml", "marked_lesions"),
    *("f_score", "precision", "recall", "lesions", "detected", "fp_per_slice"),
)

#: The scores whose means are printed.
MEANS = ("f_score", "precision", "recall", "fp_per_slice")


def show(args: argparse.Namespace) -> int:
    """`rfe results`: list the tables, print the summary of one, or tell where rows come from."""
    if args.table == ORIGIN:
        if args.of is None:
            raise CommandError("rfe results origin needs the name of a table; rfe results has them")
        found = origins(args.of, args.where, _folder(args, args.of))
        print("\n\n".join(in_words(origin, args.of) for origin in found))
    elif args.of is not None:
        raise CommandError(
            f"rfe results takes one table, got {args.table} and {args.of}; COLUMN=VALUE goes with "
            "rfe results origin TABLE"
        )
    elif args.table is None:
        _list(args)
    else:
        _summarise(args)
    return 0


def _folder(args: argparse.Namespace, name: str) -> Path | None:
    """The folder that is named, or the one whose table the book shows."""
    return args.out or results.folder_shown(name)


def _list(args: argparse.Namespace) -> None:
    """Each table of a folder, or that the book can show: of rows made anew, if any, else stored."""
    stored, anew = (results.path_of("", folder).parent for folder in (args.out, _folder(args, "")))
    names = sorted({path.stem for folder in (stored, anew) for path in folder.glob("*.csv")})
    shown = [name for name in names if results.path_of(name, _folder(args, name)).exists()]
    if not shown:
        print(f"no results in {anew} yet; see rfe train --help")
    for name in shown:
        table = results.stored(name, _folder(args, name))
        made = f", by `{TABLES[name].command}`" if name in TABLES else ""
        print(f"{name}: {len(table)} rows, {len(table.columns)} columns{made}")


def _summarise(args: argparse.Namespace) -> None:
    """A table's means, or all of it; of real scans in a folder of one's own each patient."""
    name = args.table
    table = results.stored(name, _folder(args, name))
    if args.out is not None and name == "real":
        table = table[[column for column in OF_PATIENTS if column in table]]
    elif name in TABLES and {"subject", "role", "domain", *MEANS} <= {*table}:
        table = results.summarise(table, MEANS)
    print(table.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
