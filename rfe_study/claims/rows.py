"""Stored rows as claims and chapters read them: chosen by experiment, domain, model and patient."""

import difflib
from itertools import pairwise

import numpy as np
import pandas as pd

from rfe_core.metrics import SIZE_EDGES_MM3
from rfe_study import results
from rfe_study.claims.heads import PATIENTS, VERDICT, head
from rfe_study.methods.profiles import SHOWN

PROOF, ADAPTATION = "proof-of-concept", "adaptation"

#: The domain that the proof of concept adapts to.
TARGET = "B"

#: Scores that are 0 for a model that diverged; of others it has none.
WORST_IS_0 = ("f_score", "f_score_a", "average_precision", "precision", "recall")


class NotTrained(LookupError):
    """A model that a statistic needs has no rows yet."""


class ByModel(dict[str, pd.DataFrame]):
    """A score of each model, a row a seed and a column a head, by the model's name.

    Models may have different seeds; heads are the same. Asking for one that is not there is
    `NotTrained`.
    """

    def __missing__(self, model: str) -> pd.DataFrame:
        near = difflib.get_close_matches(str(model), self, n=3)
        raise NotTrained(f"{model!r} must have rows of these heads, got none; near it: {near}")


def of_first_seed(values: ByModel, model: str) -> pd.Series:
    """A model's scores by head after the training of seed 0, the one that all models share."""
    table = values[model]
    if 0 not in table.index:
        raise NotTrained(f"{model!r} must have rows of seed 0, got seeds {list(table.index)}")
    return table.loc[0]


def read(table: str, *, experiment: str = PROOF) -> pd.DataFrame:
    """Rows of one experiment, on all its targets, by the profile that the book shows.

    Raises
    ------
    FileNotFoundError
        If the table has not been made.
    ValueError
        If it has no such rows.
    """
    rows = results.read(table)
    wanted = {"profile": SHOWN, "experiment": experiment}
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    if rows.empty:
        raise ValueError(f"{results.path_of(table)} must hold rows of {wanted}, got none")
    return rows


def of_model(
    table: pd.DataFrame, model: str, domain: str, *, column: str = "f_score"
) -> pd.DataFrame:
    """One model's scores on a domain's patients: a row a seed, a column a head.

    Raises
    ------
    ValueError
        If there are none, or a seed lacks a patient: a mean over unequal sets compares nothing.
    """
    rows = table[(table["model"] == model) & (table["domain"] == domain)]
    wide = rows.pivot(index="seed", columns="subject", values=column)
    if wide.empty or wide.isna().any(axis=None):
        raise ValueError(
            f"each seed of {model} must have a {column} on each patient of {domain}, "
            f"{int(wide.isna().sum().sum())} missing in {wide.shape[0]} x {wide.shape[1]}"
        )
    return wide.rename(columns=head).rename_axis(columns="head").sort_index(axis=1)


def by_model(
    scores: pd.DataFrame, models: pd.DataFrame, patients: str = VERDICT, column: str = "f_score"
) -> ByModel:
    """A score of each model by seed and head, by name in alphabetical order.

    Parameters
    ----------
    scores, models : DataFrame
        Rows of one profile, experiment and target, on one domain; see `rfe_study.runs.sweep`.
        `models` says which seeds must be there. One that diverged scores 0 where that is the worst
        (`WORST_IS_0`), and is left out of other columns.
    patients : str
        A key of `rfe_study.claims.heads.PATIENTS`.
    column : str
        Of `scores`.

    Raises
    ------
    ValueError
        If there is no such patient, or a finished model lacks a score.
    """
    roles = PATIENTS[patients]
    chosen = scores[scores["role"].isin(roles)]
    if chosen.empty:
        raise ValueError(f"scores must hold patients of roles {roles}, got none")
    chosen = chosen.assign(head=chosen["subject"].map(head))
    heads = pd.Index(sorted(chosen["head"].unique()), name="head")
    wide = chosen.pivot(index=["model", "seed"], columns="head", values=column)
    made = models.set_index(["model", "seed"])["status"].sort_index()
    table = wide.reindex(index=made.index, columns=heads).astype(float)
    gone = (made == "diverged").to_numpy()
    if column in WORST_IS_0:
        table.loc[gone] = 0.0
    else:
        table = table[~gone]
    gaps = np.argwhere(table.isna().to_numpy())
    if len(gaps):
        (model, seed), where = table.index[gaps[0, 0]], table.columns[gaps[0, 1]]
        raise ValueError(
            f"each model needs {column} on each patient, {model!r} seed {seed} has none on {where}"
        )
    return ByModel({str(m): own.droplevel("model") for m, own in table.groupby(level="model")})


def detection(table: pd.DataFrame) -> pd.DataFrame:
    """Share of lesions found by size, pooled over a domain's patients, for each seed.

    Returns
    -------
    DataFrame
        ``model``, ``domain``, ``seed``, ``size`` (for example ``"10-30"``, mm3), ``lesions``,
        ``found`` (the share; NaN without such lesions).
    """
    keys = ["model", "domain", "seed"]
    parts = []
    for lower, upper in pairwise(SIZE_EDGES_MM3):
        columns = [f"{kind}_{lower:g}_{upper:g}" for kind in ("lesions", "detected")]
        part = table.groupby(keys)[columns].sum().set_axis(["lesions", "detected"], axis=1)
        size = f"{lower:g}-{upper:g}" if np.isfinite(upper) else f"> {lower:g}"
        parts.append(part.reset_index().assign(size=size))
    rows = pd.concat(parts, ignore_index=True)
    rows["found"] = rows["detected"] / rows["lesions"].where(rows["lesions"] > 0)
    return rows.drop(columns="detected")
