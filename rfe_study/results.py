"""Results as tidy rows with a birth certificate, in CSV files under ``data/results/``.

Long runs append rows here, chapters only read them. Each row says which settings, seed, code,
data and machine it comes from. `rfe_study.tables` says which tables there are.

One rule of what the book shows, for `read` and `exists` alike: a table lies in ``data/results`` or,
if the environment variable RFE_RESULTS names a folder of rows made anew (``make reproduce``), there
and nowhere else; and of a table with a column ``profile`` only rows of the profile that the book
shows count (RFE_PROFILE, else laptop). So rows of two profiles are never mixed. The tables that no
run makes anew, since they need real scans, are always the stored ones.

What says where rows come from is two fifths of a large table, and thousands of rows share it. So
its file has a column ``origin``, a hash, and ``origins/<name>.csv``, written first, what each hash
stands for. Readers and writers see whole rows.
"""

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rfe_core.files import replacing
from rfe_study.methods.profiles import SHOWN
from rfe_study.tables import ORIGIN, ORIGINS, TABLES, TEXT, made_by

#: The repository's data folder; the environment variable RFE_DATA names another one.
DATA = Path(os.environ.get("RFE_DATA", Path(__file__).parents[1] / "data"))


def path_of(name: str, folder: Path | None = None) -> Path:
    """The file of a table: ``<folder>/<name>.csv``, by default in ``data/results``."""
    return (DATA / "results" if folder is None else Path(folder)) / f"{name}.csv"


def origins_of(name: str) -> str:
    """The table of origins beside a large table, by name."""
    return f"origins/{name}"


def files_of(names: Iterable[str], folder: Path | None = None) -> list[Path]:
    """The files of tables, and those of origins that may lie beside them."""
    return [path_of(each, folder) for name in names for each in (name, origins_of(name))]


def folder_shown(name: str) -> Path | None:
    """The folder whose table `name` the book shows; None: ``data/results``."""
    anew = os.environ.get("RFE_RESULTS")
    return Path(anew) if anew and (name not in TABLES or TABLES[name].anew) else None


def exists(name: str, folder: Path | None = None) -> bool:
    """Whether `read` finds rows."""
    try:
        return not read(name, folder).empty
    except FileNotFoundError:
        return False


def read(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Read a table: all of that in `folder`, or the rows that the book shows.

    The latter are chosen by the rule above; there may be none.

    Raises
    ------
    FileNotFoundError
        Naming the file and the command that makes it.
    """
    if folder is not None:
        return stored(name, folder)
    rows = stored(name, folder_shown(name))
    if "profile" in rows and (name not in TABLES or TABLES[name].anew):
        rows = rows[rows["profile"] == SHOWN].reset_index(drop=True)
    return rows


def stored(name: str, folder: Path | None = None) -> pd.DataFrame:
    """All rows of the file in `folder` (``data/results``), for those who write it again.

    Raises
    ------
    FileNotFoundError
        Naming the file and the command that makes it.
    ValueError
        If it is cut or damaged, not UTF-8, or not what `rfe_study.tables` says of it.
    """
    table = ORIGINS if name.startswith(origins_of("")) else TABLES.get(name)
    path = path_of(name, folder)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; {made_by(name)}")
    # Text stays what it says: "01" is no number and "NA" not missing. Only empty cells are missing.
    text = dict.fromkeys(table.text if table else TEXT, str)
    content = path.read_bytes()
    try:
        lines = content.decode("utf-8")
        _check_widths(lines)
        rows = pd.read_csv(io.StringIO(lines), dtype=text, keep_default_na=False, na_values=[""])
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path}: table must be whole CSV in UTF-8, got: {error}") from error
    if not content.endswith(b"\n"):
        raise ValueError(f"{path}: table must end with a whole row, got {content[-20:]!r}")
    if table and table.large and "origin" in rows:
        rows = _with_origins(rows, name, folder)
    if table:
        table.check(rows, path)
    return rows


def _with_origins(rows: pd.DataFrame, name: str, folder: Path | None) -> pd.DataFrame:
    """Rows of a file with what their origins stand for in place of these."""
    told, beside = _origins(name, folder), path_of(origins_of(name), folder)
    if lost := sorted(map(str, {*rows["origin"]} - {*told.index})):
        raise ValueError(f"{beside} must tell each origin, not so {', '.join(lost)}")
    at = rows.columns.get_loc("origin")
    born = told.loc[rows["origin"]].set_axis(rows.index)
    return pd.concat([rows.iloc[:, :at], born, rows.iloc[:, at + 1 :]], axis=1)


def _origins(name: str, folder: Path | None) -> pd.DataFrame:
    """What the origins beside a large table stand for; none if there is no such file."""
    beside = origins_of(name)
    if not path_of(beside, folder).exists():
        return pd.DataFrame(index=pd.Index([], name="origin"))
    return stored(beside, folder).set_index("origin")


def _split(rows: pd.DataFrame, name: str, folder: Path | None) -> pd.DataFrame:
    """Rows as the file of a large table holds them, once their origins are written beside it."""
    columns = [column for column in rows if column in ORIGIN]
    if not columns:
        return rows
    told = rows[columns].drop_duplicates()
    texts = (
        "\n".join(f"{c}={row[c]}" for c in sorted(row) if row[c] == row[c])
        for row in told.to_dict("records")
    )
    told = told.assign(origin=[hashlib.sha256(t.encode()).hexdigest()[:12] for t in texts])
    known = _origins(name, folder)
    new = told.set_index("origin").drop(index=known.index, errors="ignore")
    if len(new):
        write(origins_of(name), pd.concat([known, new]).reset_index(), folder=folder)
    split = rows.drop(columns=columns)
    named = rows[columns].merge(told, how="left", on=columns)["origin"].to_numpy()
    split.insert(rows.columns.get_loc(columns[0]), "origin", named)
    return split


def _check_widths(lines: str) -> None:
    """Raise ValueError unless all rows are as long as the first: pandas fills or shifts others."""
    rows = csv.reader(io.StringIO(lines, newline=""), strict=True)
    width = len(next(rows, ()))
    for row in rows:
        if row and len(row) != width:
            raise ValueError(f"{len(row)} fields in line {rows.line_num}, {width} in the first")


def keys(name: str, columns: Sequence[str], folder: Path | None = None) -> list[tuple]:
    """Some columns of all rows in `folder` (``data/results``); none if there is no such file."""
    if not path_of(name, folder).exists():
        return []
    rows = stored(name, folder)
    if lost := [column for column in columns if column not in rows]:
        raise ValueError(f"{path_of(name, folder)}: table must have the columns {', '.join(lost)}")
    return list(rows[list(columns)].itertuples(index=False, name=None))


def write(
    name: str, rows: pd.DataFrame | Iterable[Mapping[str, Any]], *, folder: Path | None = None
) -> None:
    """Write a whole table: beside the old one, then renamed over it."""
    table = pd.DataFrame(rows)
    if name in TABLES and TABLES[name].large:
        table = _split(table, name, folder)
    with replacing(path_of(name, folder)) as partial:
        table.to_csv(partial, index=False, float_format="%.6g", lineterminator="\n")


def append(
    name: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    key: Sequence[str] | None = None,
    folder: Path | None = None,
    anew: bool = False,
) -> None:
    """Add rows to a table: the whole new file is written beside the old one, then renamed.

    Parameters
    ----------
    name : str
    rows : iterable of mapping
        Column to value. New columns are added at the end; missing ones are left empty.
    key : sequence of str, optional
        The columns that identify a row, if not those of `rfe_study.tables.TABLES`.
    folder : Path, optional
        Instead of ``data/results``.
    anew : bool
        Rows with the same key were made again: they take the place of the old ones.

    Raises
    ------
    ValueError
        If a key is missing in a row, or a row with the same key exists already. Nothing is
        written then.

    Notes
    -----
    One process writes at a time; parallel jobs hand their rows to the one that started them.
    """
    rows = [dict(row) for row in rows]
    key = TABLES[name].key if key is None else key
    for row in rows:
        if missing := [column for column in key if column not in row]:
            raise ValueError(f"row must have the key columns {list(key)}, {missing} missing")
    if not rows:
        return
    path = path_of(name, folder)
    table = pd.DataFrame(rows)
    if path.exists():
        old = stored(name, folder)
        if anew:
            made = {tuple(row[column] for column in key) for row in rows}
            there = old[list(key)].itertuples(index=False, name=None)
            old = old[[identity not in made for identity in there]]
        table = pd.concat([old, table], ignore_index=True) if len(old) else table
    repeated = table[table.duplicated(list(key))]
    if len(repeated):
        first = ", ".join(f"{column}={repeated.iloc[0][column]}" for column in key)
        raise ValueError(f"{path} must hold each row once, {first} is there already")
    write(name, table, folder=folder)


def summarise(table: pd.DataFrame, columns: Sequence[str] = ("f_score",)) -> pd.DataFrame:
    """Mean and spread of scores by role, model and domain (and experiment and target, if named).

    Patients are averaged first, within a seed; ``mean`` and ``sd`` are over the seeds' averages,
    so the spread says how much training again would change, not how patients differ.
    """
    named = [column for column in ("experiment", "target") if column in table]
    groups = ["profile", *named, "role", "model", "domain"]
    by_seed = table.groupby([*groups, "seed"])[list(columns)].mean()
    summary = by_seed.groupby(groups).agg(["mean", "std"]).rename(columns={"std": "sd"})
    counts = table.groupby(groups).agg(patients=("subject", "nunique"), seeds=("seed", "nunique"))
    summary.columns = [f"{column}_{statistic}" for column, statistic in summary.columns]
    return summary.join(counts).reset_index()
