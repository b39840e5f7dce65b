"""What the rows of `rfe adapt` say about patients 07 and 19: tables of chapter 11."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from rfe_core.metrics import SIZE_EDGES_MM3
from rfe_study.runs.real import AS_READ, AS_TRAINED, NO_NEGATIVES
from rfe_study.runs.variants import FOUR, RANDOM

SUBJECTS = ("patient07", "patient19")

#: Models in the order of tables, and how readers know them.
MODELS = {
    "lower": "scanner A (lower bound)",
    FOUR: "all four scanners",
    RANDOM: "drawn protocols",
}

#: Ways for a scan to go into a network, as readers know them.
WAYS = {AS_READ: "as read", NO_NEGATIVES: "negatives set to 0"}

_COLUMNS = {
    "f_score": "Dice",
    "average_precision": "average precision",
    "precision": "precision",
    "recall": "recall",
    "lesion_f1": "lesion F1",
    "volume": "marked / true volume",
}


def of_patient(rows: pd.DataFrame, subject: str) -> pd.DataFrame:
    """A patient's rows, without adaptation, with what follows from their columns.

    ``lesion_f1``: harmonic mean of the share of lesions found and the share of marked lesions that
    touch one; ``volume``: what is marked over what there is.

    Raises
    ------
    ValueError
        If there is none.
    """
    chosen = rows["model"].isin(MODELS) & rows["experiment"].isin(AS_TRAINED)
    own = rows[(rows["subject"] == subject) & chosen]
    if own.empty:
        raise ValueError(f"rows must score {subject}, got {sorted(rows['subject'].unique())}")
    found = own["detected"] / own["lesions"]
    right = 1 - own["fp_components"] / own["marked_lesions"]  # NaN if nothing is marked
    f1 = (2 * found * right / (found + right)).fillna(0.0)
    return own.assign(lesion_f1=f1, volume=own["marked_ml"] / own["lesion_ml"])


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by model and way in the order of `MODELS` and `WAYS`, by readers' names."""
    wanted = [(m, w) for m in MODELS for w in WAYS if (m, w) in table.index]
    table = table.reindex(pd.MultiIndex.from_tuples(wanted, names=["trained on", "scan"]))
    return table.rename(index=MODELS, level=0).rename(index=WAYS, level=1)


def score_table(rows: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Means over seeds, a row a model and way: number of seeds, then the scores."""
    groups = of_patient(rows, subject).groupby(["model", "experiment"])
    means = groups[list(_COLUMNS)].mean().rename(columns=_COLUMNS)
    means.insert(0, "seeds", groups["seed"].nunique())
    return _ordered(means)


def by_size(rows: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Share of a patient's lesions found (%) by size in mm3, means over seeds."""
    own = of_patient(rows, subject)
    keys, table = [own["model"], own["experiment"]], {}
    for low, high in pairwise(SIZE_EDGES_MM3):
        lesions, detected = (own[f"{kind}_{low:g}_{high:g}"] for kind in ("lesions", "detected"))
        size = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
        share = 100 * detected / lesions.where(lesions > 0)
        table[f"{size} ({lesions.iloc[0]:.0f})"] = share.groupby(keys).mean()
    return _ordered(pd.DataFrame(table))
