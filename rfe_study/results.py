"""Results as tidy rows with a birth certificate, in CSV files under ``data/results/``.

Long runs append rows here, chapters only read them. Each row says which settings, seed, code,
data and machine it comes from.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

TABLE = "adaptation-lesions"

MODELS, CURVES, SCORES = "sweep-models", "sweep-curves", "sweep-scores"

MODEL_KEY = ("profile", "experiment", "target", "model", "seed")

#: The repository's data folder; the environment variable RFE_DATA names another one.
DATA = Path(os.environ.get("RFE_DATA", Path(__file__).parents[1] / "data"))

#: Columns of a table that hold text, though most of it looks like numbers: "all", "0+1", "0110".
TEXT = {"sweep-models": ("n_e", "layers"), "adaptation-lesions": ("found",)}

#: Columns that hold a hash.
HASHES = ("settings", "weights", "code_version", "train_code_version", "phantom_version")


def path_of(name: str, folder: Path | None = None) -> Path:
    """The file of a table: ``<folder>/<name>.csv``, by default in ``data/results``."""
    return (DATA / "results" if folder is None else Path(folder)) / f"{name}.csv"


def exists(name: str, folder: Path | None = None) -> bool:
    """Whether the table has been written."""
    return path_of(name, folder).exists()


def read(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Read a table of results.

    Without `folder`, a table in the folder that the environment variable RFE_RESULTS names comes
    before the stored one: so the book is built from rows made anew (``make reproduce``).

    Raises
    ------
    FileNotFoundError
        Naming the file and the command that makes it.
    """
    anew = os.environ.get("RFE_RESULTS")
    if folder is None and anew and exists(name, Path(anew)):
        folder = Path(anew)
    return _read(path_of(name, folder))


def stored(name: str, folder: Path | None = None) -> pd.DataFrame:
    """As `read`, but the file itself, whatever RFE_RESULTS says: for those who write it again."""
    return _read(path_of(name, folder))


def _read(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist; `rfe train --help` says how results are made"
        )
    # A hash may consist of digits, or look like 12e345: it is text all the same.
    text = (*HASHES, *TEXT.get(path.stem, ()))
    return pd.read_csv(path, dtype=dict.fromkeys(text, str))


def write(
    name: str, rows: pd.DataFrame | Iterable[Mapping[str, Any]], *, folder: Path | None = None
) -> None:
    """Write a whole table: beside the old one, then renamed over it."""
    path = path_of(name, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    pd.DataFrame(rows).to_csv(partial, index=False, float_format="%.6g", lineterminator="\n")
    os.replace(partial, path)


def append(
    name: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    key: Sequence[str],
    folder: Path | None = None,
) -> None:
    """Add rows to a table: the whole new file is written beside the old one, then renamed.

    Parameters
    ----------
    name : str
    rows : iterable of mapping
        Column to value. New columns are added at the end; missing ones are left empty.
    key : sequence of str
        The columns that identify a row.
    folder : Path, optional
        Instead of ``data/results``.

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
    for row in rows:
        if missing := [column for column in key if column not in row]:
            raise ValueError(f"row must have the key columns {list(key)}, {missing} missing")
    if not rows:
        return
    path = path_of(name, folder)
    table = pd.DataFrame(rows)
    if path.exists():
        table = pd.concat([_read(path), table], ignore_index=True)
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
