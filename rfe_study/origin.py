"""Where rows come from: the commit that made them, versions, machine and date.

New rows name their commit. Older ones do not: for them the commit is told that first stored their
weights' digest, or their code's version, in the table (git's pickaxe). It is at most a few commits
after the one that made them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rfe_study import results
from rfe_study.provenance import COLUMNS, LIBRARIES, git
from rfe_study.tables import TABLES
from rfe_study.versions import ROOT

#: Columns that say where a row comes from.
TOLD = ("weights", "train_code_version", "train_hardware", *COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Rows that come from the same place.

    Attributes
    ----------
    rows : int
        How many.
    first : mapping
        One of them, by column; without the columns that are empty.
    commit : str
        Its hash, abbreviated.
    changed : bool
        Files differed from the commit when the rows were made.
    found_by : str
        For rows that name no commit: the hash that `commit` was the first to store; else "".
    """

    rows: int
    first: Mapping[str, Any]
    commit: str
    changed: bool = False
    found_by: str = ""


def origins(
    table: str, where: Sequence[tuple[str, str]] = (), folder: Path | None = None
) -> list[Origin]:
    """Where the rows of a table come from, whose columns have these values.

    Raises
    ------
    FileNotFoundError
        If there is no such table.
    ValueError
        If a column is not there, no row has the values, rows say nothing of their origin, or it
        cannot be looked up.
    """
    rows = _chosen(results.stored(table, folder), table, where)
    told = [column for column in TOLD if column in rows]
    if "code_version" not in told:
        raise ValueError(f"rows of {table} name no code; those of {_beside(table)} do")
    found = []
    for _, group in rows.groupby(told, dropna=False, sort=False):
        first = {column: value for column, value in group.iloc[0].items() if value == value}
        found.append(_origin(first, table, len(group)))
    return found


def _chosen(rows: pd.DataFrame, table: str, where: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """The rows that have these values, compared as text, numbers as numbers."""
    for column, value in where:
        if column not in rows:
            raise ValueError(f"column must be one of {', '.join(rows)}, got {column!r}")
        same = rows[column].astype(str) == value
        if pd.api.types.is_numeric_dtype(rows[column]):
            same |= rows[column] == pd.to_numeric(value, errors="coerce")
        rows = rows[same]
    if rows.empty:
        wanted = " and ".join(f"{column}={value}" for column, value in where) or "any values"
        raise ValueError(f"{table} must have rows with {wanted}, got none")
    return rows


def _beside(table: str) -> str:
    """Tables made by the same command."""
    command = TABLES[table].command if table in TABLES else None
    others = [name for name, t in TABLES.items() if t.command == command and name != table]
    return " or ".join(others) or "other tables"


def _origin(first: Mapping[str, Any], table: str, rows: int) -> Origin:
    if named := first.get("commit"):
        commit = named.removesuffix("+")
        return Origin(rows=rows, first=first, commit=commit, changed=named.endswith("+"))
    if git("rev-parse", "--git-dir") is None:
        raise ValueError(
            f"rows of {table} name no commit, and it cannot be looked up: {ROOT} is no git "
            "repository, or git is not installed"
        )
    name = "weights" if first.get("weights", "none") != "none" else "code_version"
    for path in (f"data/results/{table}.csv", "data/results"):
        hashes = git("log", "--reverse", "--format=%h", f"-S{first[name]}", "--", path)
        if hashes:
            found_by = f"{name} {first[name]}"
            return Origin(rows=rows, first=first, commit=hashes.split()[0], found_by=found_by)
    shallow = git("rev-parse", "--is-shallow-repository") == "true"
    raise ValueError(
        f"no commit of this repository stored {name} {first[name]} of {table}; "
        + ("it is a shallow copy: git fetch --unshallow" if shallow else "were its rows committed?")
    )


def in_words(origin: Origin, table: str) -> str:
    """An origin as lines to print."""
    row = origin.first
    key = TABLES[table].key if table in TABLES else ()
    example = ", ".join(f"{column}={row[column]}" for column in key if column in row)
    subject = git("log", "-1", "--format=%h, %as: %s", "--end-of-options", origin.commit, "--")
    commit = subject or f"{origin.commit}, which is not in this copy of the repository"
    made = "stored by" if origin.found_by else "made by"
    notes = "".join(
        [
            f" (rows name no commit; it is the first with {origin.found_by})"
            * bool(origin.found_by),
            " (with changes that were not committed)" * origin.changed,
        ]
    )
    lines = {
        made: commit + notes,
        "code": row["code_version"],
        "trained by": _joined(row, "train_code_version", "train_hardware"),
        "weights": row.get("weights"),
        "phantom": row.get("phantom_version"),
        "libraries": _libraries(row),
        "hardware": row.get("hardware"),
        "date": row.get("date"),
        "to check out": f"git worktree add ../at-{origin.commit} {origin.commit}",
    }
    head = f"{origin.rows} row{'s' if origin.rows != 1 else ''} of {table}"
    head += f", the first {example}" if example else ""
    return "\n".join([head, *(f"  {k:12}  {v}" for k, v in lines.items() if v)])


def _joined(row: Mapping[str, Any], *columns: str) -> str:
    return ", ".join(str(row[column]) for column in columns if column in row)


def _libraries(row: Mapping[str, Any]) -> str:
    names = [(library, library.replace("-", "_")) for library in LIBRARIES]
    return ", ".join(f"{name} {row[column]}" for name, column in names if column in row)
