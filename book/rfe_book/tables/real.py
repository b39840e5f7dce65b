"""What the rows of `rfe adapt` say about patients 07 and 19: tables of chapter 11."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from rfe_core.metrics import SIZE_EDGES_MM3
from rfe_study.runs.real import AS_TRAINED, PRIOR

DEVELOPMENT, TEST = "patient07", "patient19"

#: Models in the order of tables, and how readers know them.
MODELS = {
    "lower": "scanner A (lower bound)",
    "four-scanners": "all four scanners",
    "random-protocols": "drawn protocols",
    "fitted": "fitted to a real scan",
}

_COLUMNS = {
    "f_score": "Dice",
    "precision": "precision",
    "recall": "recall",
    "found": "lesions found (%)",
    "fp_per_slice": "FP a slice",
}

#: Decimals worth reading where they are fewer than a table's.
_DECIMALS = {"found": 0, "fp_per_slice": 1}


def of_patient(rows: pd.DataFrame, subject: str) -> pd.DataFrame:
    """A patient's rows, with the share of lesions ``found`` in per cent.

    Raises
    ------
    ValueError
        If there is none.
    """
    own = rows[(rows["subject"] == subject) & rows["model"].isin(MODELS)]
    if own.empty:
        raise ValueError(f"rows must score {subject}, got {sorted(rows['subject'].unique())}")
    return own.assign(found=100 * own["detected"] / own["lesions"])


def preparations(rows: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Dice by how scans go into the networks: a row a model and their mean, a column a way."""
    own = of_patient(rows, subject)
    own = own[own["experiment"].isin(AS_TRAINED)]
    table = own.pivot_table(index="model", columns="experiment", values="f_score")
    table = table.reindex([model for model in MODELS if model in table.index])[list(AS_TRAINED)]
    table.loc["mean"] = table.mean()
    return table.rename(index=MODELS).rename_axis("trained on").rename_axis(None, axis=1)


def score_table(rows: pd.DataFrame, subject: str, *, experiment: str) -> pd.DataFrame:
    """Means over seeds, a row a model: Dice, precision, recall, lesions found, false positives."""
    own = of_patient(rows, subject)
    own = own[own["experiment"] == experiment]
    means = own.groupby("model")[list(_COLUMNS)].mean().round(_DECIMALS)
    means.insert(0, "seeds", own.groupby("model")["seed"].nunique())
    means = means.reindex([model for model in MODELS if model in means.index])
    return means.rename(index=MODELS, columns=_COLUMNS).rename_axis("trained on")


def by_size(rows: pd.DataFrame, subject: str, *, experiment: str) -> pd.DataFrame:
    """Share of a patient's lesions found (%) by size in mm3, means over seeds; a row a model."""
    own = of_patient(rows, subject)
    own = own[own["experiment"] == experiment]
    table = {}
    for low, high in pairwise(SIZE_EDGES_MM3):
        lesions, detected = (own[f"{kind}_{low:g}_{high:g}"] for kind in ("lesions", "detected"))
        size = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
        share = 100 * detected / lesions.where(lesions > 0)
        table[f"{size} ({lesions.iloc[0]:.0f})"] = share.groupby(own["model"]).mean()
    wide = pd.DataFrame(table)
    wide = wide.reindex([model for model in MODELS if model in wide.index])
    return wide.rename(index=MODELS).rename_axis("trained on")


def adaptation_table(rows: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Networks before and after each way to adapt them to one scan, for the seeds adapted.

    Raises
    ------
    ValueError
        If nothing was adapted to this patient.
    """
    own = of_patient(rows, subject)
    adapted = own[~own["experiment"].isin((*AS_TRAINED, PRIOR))]
    if adapted.empty:
        raise ValueError(f"rows must have a network adapted to {subject}, got none")
    pairs = adapted[["model", "seed"]].drop_duplicates()
    before = own[own["experiment"] == AS_TRAINED[0]].merge(pairs, on=["model", "seed"])
    both = pd.concat([before.assign(experiment="before"), adapted])
    means = both.groupby(["model", "experiment"], sort=False)[list(_COLUMNS)].mean()
    means = means.round(_DECIMALS)
    order = ["before", *adapted["experiment"].drop_duplicates()]
    index = [(m, e) for m in MODELS for e in order if (m, e) in means.index]
    means = means.reindex(pd.MultiIndex.from_tuples(index, names=["trained on", "adapted by"]))
    return means.rename(index=MODELS, level=0).rename(columns=_COLUMNS)
