"""Results as tidy rows with a birth certificate, in CSV files under ``data/results/``.

Long runs append rows here, chapters only read them. Each row says which settings, seed, code,
data and machine it comes from.
"""

import ast
import hashlib
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

#: The repository's data folder; the environment variable RFE_DATA names another one.
DATA = Path(os.environ.get("RFE_DATA", Path(__file__).parents[1] / "data"))

#: Modules that decide what a phantom patient looks like, and all that decide a result.
PHANTOM_MODULES = ("domains", "lesions", "scanner", "phantom")
CORE_MODULES = (
    *PHANTOM_MODULES,
    *("nifti", "subject", "patches", "batches", "unet", "distances", "pair_sums", "exact"),
    *("losses", "sampling", "metrics", "checkpoints", "evaluation", "training", "baselines"),
    *("random_feature_embedding", "self_training", "histograms", "templates", "prior"),
    *("target_crops", "fine_tuning", "sweep"),
)

#: Columns of a table that hold text, though most of it looks like numbers: "all", "0+1", "0110".
TEXT = {"sweep-models": ("n_e", "layers"), "adaptation-lesions": ("found",)}

#: Columns that hold a hash.
HASHES = ("settings", "weights", "code_version", "train_code_version", "phantom_version")


def code_version(modules: Sequence[str] = CORE_MODULES) -> str:
    """First 12 hex digits of the SHA-256 over the modules' syntax trees without docstrings.

    Comments, docstrings and layout do not change it; anything that can change a number does.
    """
    digest = hashlib.sha256()
    for name in modules:
        tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
                if isinstance(getattr(body[0].value, "value", None), str):
                    body[0].value.value = ""
        digest.update(f"{name}\n{ast.dump(tree)}\n".encode())
    return digest.hexdigest()[:12]


@cache
def phantom_version() -> str:
    """Version of the phantom and of its code, e.g. ``"1.0-3f2a9c81d0b7"``.

    As it is when this process first asks: later edits did not make its numbers.
    """
    # Read, not imported: the phantom brings the brain atlas's packages with it.
    tree = ast.parse((Path(__file__).parent / "phantom.py").read_text(encoding="utf-8"))
    (number,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSION"
    )
    return f"{number}-{code_version(PHANTOM_MODULES)}"


def hardware(device: str = "cpu", threads: int = 1) -> str:
    """The machine in words: ``"cpu: <model>, 1 thread"`` or ``"gpu: <model>"``."""
    if device != "cpu":
        import torch  # only here: reading results needs no torch

        return f"gpu: {torch.cuda.get_device_name(device)}"
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [s for s in cpuinfo.read_text().splitlines() if s.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"cpu: {model}, {threads} thread{'s' if threads != 1 else ''}"


_own_code_version = cache(code_version)  # when this process first asks, for the same reason


def provenance(device: str = "cpu", threads: int = 1) -> dict[str, str]:
    """The columns that say where a row was born, apart from its own settings."""
    return {
        "code_version": _own_code_version(),
        "phantom_version": phantom_version(),
        "torch": version("torch"),
        "hardware": hardware(device, threads),
        "date": datetime.now(UTC).date().isoformat(),
    }


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
