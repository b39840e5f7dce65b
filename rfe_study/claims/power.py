"""What the proof of concept could have found: noise of F, and the smallest effect it shows."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_study.claims.proof import PARTS
from rfe_study.claims.rows import TARGET
from rfe_study.claims.scores import Scores
from rfe_study.methods.proof import proof_of_concept

#: Standard errors at which a true effect is found in 80% of tests at 5% (normal quantiles).
POWER = 1.96 + 0.84


def noise(scores: pd.DataFrame) -> float:
    """Standard deviation of F that neither the patient nor the method explains.

    Parameters
    ----------
    scores : DataFrame
        Rows of several methods on the same patients, one training each: development patients.

    Returns
    -------
    float
        NaN for a single patient or method (smoke profile): nothing tells it from the rest then.
    """
    wide = scores.pivot(index=["seed", "subject"], columns="model", values="f_score").to_numpy()
    if min(wide.shape) < 2:
        return float("nan")
    return _left_over(wide)


def training_noise(means: NDArray) -> float:
    """Standard deviation of a model's mean F over patients, from one training to the next.

    Parameters
    ----------
    means : (seeds, models)
        F averaged over patients. What a seed does to all models alike, and what a model does in all
        seeds, is taken off.

    Raises
    ------
    ValueError
        If there are fewer than two seeds or models.
    """
    if min(means.shape) < 2:
        raise ValueError(f"means must be of 2 or more seeds and models, got {means.shape}")
    return _left_over(means)


def _left_over(table: NDArray) -> float:
    """Standard deviation in a table of what neither its rows nor its columns explain."""
    rest = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    return float(np.sqrt((rest**2).sum() / ((table.shape[0] - 1) * (table.shape[1] - 1))))


def detectable(sd: float, *, patients: int, seeds: int) -> pd.DataFrame:
    """How far beyond its threshold a true effect must lie to be found in four of five repetitions.

    By a two-sided test at 5%, for the parts whose statistic is linear in F, if a model's F deviates
    by `sd` (see `noise`) from patient to patient and from training to training, independently.

    Returns
    -------
    DataFrame
        ``claim``, ``part``, ``statistic``, ``threshold`` and ``detectable``.
    """
    models = [method.name for method in proof_of_concept()]
    one = np.eye(len(models))  # F is 1 for one model and 0 for the others, each in turn
    tables = {(TARGET, "f_score"): {m: row[None] for m, row in zip(models, one, strict=True)}}
    units = Scores.even(tables).weighed(patients={TARGET: one})
    rows = []
    for part in (p for p in PARTS if p.linear):
        error = sd * float(np.linalg.norm(part.compute(units))) / np.sqrt(patients * seeds)
        about = {k: getattr(part, k) for k in ("claim", "part", "statistic", "threshold")}
        rows.append({**about, "detectable": POWER * error})
    return pd.DataFrame(rows)
