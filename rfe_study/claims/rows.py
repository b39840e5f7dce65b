"""Stored rows as claims and chapters read them: chosen by experiment, domain, model and patient."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_core.metrics import SIZE_EDGES_MM3
from rfe_study import results
from rfe_study.methods.bounds import LOWER, LOWER_BOUND, UPPER, UPPER_BOUND
from rfe_study.methods.profiles import SHOWN

PROOF, ADAPTATION = "proof-of-concept", "adaptation"

#: The domain that the proof of concept adapts to.
TARGET = "B"

#: Sets of patients a claim is tested on, by role; the verdict is that of the last one.
PATIENTS = {"paper's 2": ("test",), "6 further": ("extra",), "all 8": ("test", "extra")}


#: A score of each model by seed and patient, (seeds, patients), by the model's name.
ByModel = Mapping[str, NDArray[np.float64]]


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
    """One model's scores on a domain's patients: a row a seed, a column a patient.

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
    return wide


def by_model(
    scores: pd.DataFrame, models: pd.DataFrame, patients: str = "all 8", column: str = "f_score"
) -> ByModel:
    """A score of each model, (seeds, patients), by name in alphabetical order.

    Parameters
    ----------
    scores, models : DataFrame
        Rows of one profile, experiment and target, see `rfe_study.runs.sweep`. Models that diverged
        have a row in `models` alone and score 0.
    patients : str
        A key of `PATIENTS`.
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
    wide = chosen.pivot(index=["seed", "subject"], columns="model", values=column)
    seeds, subjects = sorted(models["seed"].unique()), sorted(chosen["subject"].unique())
    names = sorted(models["model"].unique())
    wide = wide.reindex(pd.MultiIndex.from_product([seeds, subjects]), columns=names)
    for row in models[models["status"] == "diverged"].itertuples():
        wide.loc[row.seed, row.model] = 0.0
    if wide.isna().any(axis=None):
        seed, subject = wide.index[wide.isna().any(axis=1)][0]
        model = wide.columns[wide.loc[(seed, subject)].isna()][0]
        raise ValueError(
            f"each model needs {column} on each patient, "
            f"{model!r} seed {seed} has none on {subject}"
        )
    shape = len(seeds), len(subjects)
    return {name: wide[name].to_numpy(float).reshape(shape) for name in names}


def bounds(baselines: pd.DataFrame, models: pd.DataFrame, patients: str = "all 8") -> ByModel:
    """F of the lower bound and of B's upper bound, (seeds, patients), for the sweep's seeds.

    `baselines` are rows of `rfe train`; seeds and patients come in the order of
    `by_model`.
    """
    rows = baselines[baselines["profile"] == SHOWN]
    rows = rows[rows["role"].isin(PATIENTS[patients])]
    seeds = sorted(models["seed"].unique())
    return {
        name: of_model(rows, model, TARGET).sort_index(axis=1).loc[seeds].to_numpy()
        for name, model in ((LOWER_BOUND, LOWER), (f"{UPPER_BOUND} {TARGET}", UPPER[TARGET]))
    }


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
