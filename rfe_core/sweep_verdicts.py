"""The verdicts on claims 2 to 5: `rfe_core.sweep_claims` computed on stored scores.

As in `rfe_core.verdicts`, a part is *reproduced* if its whole 95% interval lies above the
threshold, *not reproduced* if it lies below, else *undecided*. Intervals come from drawing
patients and seeds again, with replacement; all models of a seed start from the same weights and
see the same images, so comparisons are within seed and patient. A model that diverged scores 0.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_core.experiments import proof_of_concept
from rfe_core.intervals import DRAWS, interval, resample_weights
from rfe_core.sweep_claims import PARTS, Part, SeedMeans
from rfe_core.verdicts import Verdict, verdict_of

#: Sets of patients a claim is tested on, by role; the verdict is that of the last one.
PATIENTS = {"paper's 2": ("test",), "6 further": ("extra",), "all 8": ("test", "extra")}

#: Standard errors at which a true effect is found in 80% of tests at 5% (normal quantiles).
POWER = 1.96 + 0.84


def cube(
    scores: pd.DataFrame, models: pd.DataFrame, roles: Sequence[str], column: str = "f_score"
) -> tuple[NDArray[np.float64], list[str]]:
    """Scores of an experiment as an array (seeds, patients, models), and the models' names.

    Parameters
    ----------
    scores, models : DataFrame
        Rows of one profile, experiment and target, see `rfe_core.sweep`. Models that diverged have
        a row in `models` alone and score 0.
    roles : sequence of str
        Of the patients.

    Raises
    ------
    ValueError
        If there is no such patient, or a finished model lacks a score.
    """
    chosen = scores[scores["role"].isin(roles)]
    if chosen.empty:
        raise ValueError(f"scores must hold patients of roles {tuple(roles)}, got none")
    wide = chosen.pivot(index=["seed", "subject"], columns="model", values=column)
    seeds, subjects = sorted(models["seed"].unique()), sorted(chosen["subject"].unique())
    everything = sorted(models["model"].unique())
    wide = wide.reindex(pd.MultiIndex.from_product([seeds, subjects]), columns=everything)
    for row in models[models["status"] == "diverged"].itertuples():
        wide.loc[row.seed, row.model] = 0.0
    if wide.isna().any(axis=None):
        seed, subject = wide.index[wide.isna().any(axis=1)][0]
        model = wide.columns[wide.loc[(seed, subject)].isna()][0]
        raise ValueError(f"each model needs a score, {model!r} seed {seed} has none on {subject}")
    return wide.to_numpy().reshape(len(seeds), len(subjects), -1), everything


def resample(
    values: NDArray, models: Sequence[str], *, generator: np.random.Generator, draws: int = DRAWS
) -> tuple[SeedMeans, SeedMeans, SeedMeans]:
    """Scores (seeds, patients, models) as they are; resampled; and with patients alone resampled.

    The first has one entry, the others one for each draw.
    """
    n_seeds, n_patients, _ = values.shape

    by_patient = resample_weights(n_patients, draws, generator)
    by_seed = np.einsum("spm,kp->ksm", values, by_patient)
    even = np.full((draws, n_seeds), 1 / n_seeds)
    return (
        SeedMeans(values.mean(1)[None], even[:1], models),
        SeedMeans(by_seed, resample_weights(n_seeds, draws, generator), models),
        SeedMeans(by_seed, even, models),
    )


def judge(
    scores: pd.DataFrame,
    models: pd.DataFrame,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
    parts: Sequence[Part] = PARTS,
) -> dict[str, list[Verdict]]:
    """All parts of the claims on each set of `PATIENTS`; `cube` says which rows it takes."""
    found = {}
    for which, roles in PATIENTS.items():
        values, columns = cube(scores, models, roles)
        as_it_is, both, patients_alone = resample(values, columns, generator=generator, draws=draws)
        found[which] = []
        for part in parts:
            low, high = interval(part.compute(patients_alone if part.seeds_stay else both))
            known = np.isfinite([low, high]).all()  # not so if seeds are compared and there is one
            estimate = float(part.compute(as_it_is)[0])
            found[which].append(verdict_of(part, estimate, low, high, known=bool(known)))
    return found


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
    rest = wide - wide.mean(0) - wide.mean(1, keepdims=True) + wide.mean()
    return float(np.sqrt((rest**2).sum() / ((wide.shape[0] - 1) * (wide.shape[1] - 1))))


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
    rest = means - means.mean(0) - means.mean(1, keepdims=True) + means.mean()
    return float(np.sqrt((rest**2).sum() / ((means.shape[0] - 1) * (means.shape[1] - 1))))


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
    units = SeedMeans(np.eye(len(models))[:, None], np.ones((len(models), 1)), models)
    rows = []
    for part in (p for p in PARTS if p.linear):
        error = sd * float(np.linalg.norm(part.compute(units))) / np.sqrt(patients * seeds)
        about = {k: getattr(part, k) for k in ("claim", "part", "statistic", "threshold")}
        rows.append({**about, "detectable": POWER * error})
    return pd.DataFrame(rows)
