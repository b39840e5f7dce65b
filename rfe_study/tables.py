"""The tables under ``data/results``, as data: who makes each, what identifies a row, what is text.

A table that the book reads stands here, and `make reproduce` makes all that are made anew.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What names a model that was fine-tuned.
MODEL_KEY = ("profile", "experiment", "target", "model", "seed")

MODELS, CURVES, SCORES = "sweep-models", "sweep-curves", "sweep-scores"

#: Which single lesions are found, by the paper's method and by the upper bound.
LESIONS = "adaptation-lesions"

#: Key columns that hold numbers; all others hold text, whatever it looks like.
NUMBERS = ("seed", "epoch", "batch", "n_e", "wanted", "templates", "size", "bin", "v1")

#: Columns that say where a row comes from, the same in thousands of rows.
ORIGIN = (
    *("train_code_version", "train_hardware", "code_version", "phantom_version", "commit", "torch"),
    *("numpy", "scipy", "scikit_image", "nilearn", "hardware", "date"),
)

#: Columns that hold a hash, a version or a date.
BORN = ("settings", "weights", "origin", *ORIGIN)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table.

    Attributes
    ----------
    command : str
        Makes its rows.
    key : names of columns
        They identify a row.
    also_text : names of columns
        Others that hold text, beside those of `BORN`.
    anew : bool
        Whether ``make reproduce`` makes it; if not, the stored rows are shown beside rows made
        anew.
    large : bool
        Whether its file names the `ORIGIN` of a row by a hash alone, see `rfe_study.results`.
    """

    command: str
    key: tuple[str, ...]
    also_text: tuple[str, ...] = ()
    anew: bool = True
    large: bool = False

    @property
    def text(self) -> frozenset[str]:
        """Columns that hold text though they may look like numbers."""
        return (frozenset(self.key) - set(NUMBERS)) | {*self.also_text, *BORN}

    def check(self, rows: Any, path: Path) -> None:
        """Refuse a data frame that is no such table, naming its file.

        Raises
        ------
        ValueError
            It lacks a column of the key or a cell there, has a row or a column twice, or something
            that is no number where no text is; in the key numbers are whole.
        """
        if lost := [column for column in self.key if column not in rows]:
            raise ValueError(
                f"{path}: columns must be {', '.join(self.key)} and more, {lost} missing"
            )
        if not rows.columns.is_unique:
            raise ValueError(f"{path}: columns must have names of their own, got {', '.join(rows)}")
        for column in rows:
            held = rows[column].dropna()
            if column in self.key and len(held) < len(rows):
                raise ValueError(f"{path}: {column} must be told in each row, got an empty cell")
            known = "iu" if column in self.key else "iufb"
            if column in self.text or held.dtype.kind in known or {*map(type, held)} <= {bool}:
                continue
            what = "whole numbers" if column in self.key else "numbers"
            wrong = next((value for value in held if not _is_number(value)), held.iloc[0])
            raise ValueError(f"{path}: {column} must hold {what}, got {wrong!r}")
        if self.key and (again := rows.duplicated([*self.key])).any():
            first = ", ".join(f"{column}={rows[again].iloc[0][column]}" for column in self.key)
            raise ValueError(f"{path}: each row must be there once, got {first} twice")


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (ValueError, OverflowError):
        return False


_OF_PATIENT = ("role", "domain")
_BASELINE = ("profile", "model", "seed")
_SETTINGS = (
    *("group", "status", "strategy", "n_e", "distance", "reduction", "layers", "source"),
    *("statistics", "embeddings", "gradient"),
)

#: Scores that a row also has at the threshold calibrated on A, ``threshold_a``, by these names with
#: "_a" behind them; the others are at `rfe_core.evaluation.THRESHOLD`, and ``average_precision``
#: has none.
AT_A = ("f_score", "precision", "recall", "fp_components", "detected")

TABLES = {
    "learning-curves": Table(command="rfe train", key=(*_BASELINE, "epoch")),
    "development": Table(
        command="rfe train --evaluate dev",
        key=(*_BASELINE, "subject"),
        also_text=_OF_PATIENT,
        large=True,
    ),
    "baselines": Table(
        command="rfe train --evaluate test",
        key=(*_BASELINE, "subject"),
        also_text=_OF_PATIENT,
        large=True,
    ),
    MODELS: Table(command="rfe sweep", key=MODEL_KEY, also_text=_SETTINGS),
    CURVES: Table(command="rfe sweep", key=(*MODEL_KEY, "epoch")),
    SCORES: Table(
        command="rfe sweep --evaluate test",
        key=(*MODEL_KEY, "subject"),
        also_text=_OF_PATIENT,
        large=True,
    ),
    LESIONS: Table(
        command="rfe sweep --experiment adaptation --evaluate test",
        key=("profile", "target", "model", "seed", "subject"),
        also_text=("role", "found"),
        large=True,
    ),
    "representativeness": Table(
        command="rfe measure representativeness",
        key=(*_BASELINE, "batch_of", "batch", "strategy", "n_e"),
        large=True,
    ),
    "prior": Table(
        command="rfe measure prior",
        key=("method", "target", "source", "wanted", "size", "seed", "subject"),
    ),
    "prior_labels": Table(
        command="rfe measure prior", key=("target", "source", "v1", "seed", "subject")
    ),
    "modalities": Table(
        command="rfe measure modalities",
        key=(*_BASELINE, "without", "subject"),
        also_text=("domain",),
        large=True,
    ),
    "fidelity": Table(command="rfe measure fidelity", key=("patient",), also_text=("domain",)),
    "lesion_sizes": Table(command="rfe measure fidelity", key=(), also_text=("patient",)),
    "embedding_cost": Table(command="rfe measure embedding-cost", key=("variant", "n_e")),
    "prior_cost": Table(
        command="rfe measure prior-cost", key=("variant", "templates"), also_text=("shape",)
    ),
    "tuning_cost": Table(command="rfe measure tuning-cost", key=("variant",)),
    "real": Table(
        command="rfe adapt",
        key=("profile", "model", "seed", "experiment", "subject", "prior_from"),
        also_text=(*_OF_PATIENT, "images", "labels", "source"),
        anew=False,
    ),
    "scan_statistics": Table(
        command="rfe data statistics",
        key=("kind", "subject", "modality", "group", "figure"),
        anew=False,
    ),
    "scan_histograms": Table(
        command="rfe data statistics", key=("kind", "subject", "modality", "bin"), anew=False
    ),
}

#: What the origins beside a large table stand for, see `rfe_study.results`.
ORIGINS = Table(command="", key=("origin",))

#: Columns that hold text in a table that does not stand here.
TEXT = frozenset().union(*(t.text for t in TABLES.values())) - frozenset(NUMBERS)


def made_by(name: str) -> str:
    """How a table is made, in words."""
    if name not in TABLES:
        return f"`rfe results` lists the tables, and {name!r} is none of them"
    return f"`{TABLES[name].command}` makes it"
