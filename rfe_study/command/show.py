"""What `rfe results` does: list tables, summarise one, say where rows come from."""

import argparse

from rfe_study import results
from rfe_study.command.errors import CommandError
from rfe_study.origin import in_words, origins
from rfe_study.tables import TABLES

ORIGIN = "origin"


def show(args: argparse.Namespace) -> int:
    """`rfe results`: list the tables, print the summary of one, or tell where rows come from."""
    if args.table == ORIGIN:
        if args.of is None:
            raise CommandError("rfe results origin needs the name of a table; rfe results has them")
        found = origins(args.of, args.where, results.folder_shown(args.of))
        print("\n\n".join(in_words(origin, args.of) for origin in found))
    elif args.of is not None:
        raise CommandError(f"rfe results takes one table, got {args.table} and {args.of}")
    elif args.table is None:
        _list()
    else:
        _summarise(args.table)
    return 0


def _list() -> None:
    """Each table that the book can show: of rows made anew, if there are any, else stored."""
    stored, anew = (
        results.path_of("", folder).parent for folder in (None, results.folder_shown(""))
    )
    names = sorted({path.stem for folder in (stored, anew) for path in folder.glob("*.csv")})
    shown = [name for name in names if results.path_of(name, results.folder_shown(name)).exists()]
    if not shown:
        print(f"no results in {anew} yet; see rfe train --help")
    for name in shown:
        table = results.stored(name, results.folder_shown(name))
        made = f", by `{TABLES[name].command}`" if name in TABLES else ""
        print(f"{name}: {len(table)} rows, {len(table.columns)} columns{made}")


def _summarise(name: str) -> None:
    table = results.stored(name, results.folder_shown(name))
    if "role" in table and "f_score" in table:
        table = results.summarise(table, ("f_score", "precision", "recall", "fp_per_slice"))
    print(table.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
