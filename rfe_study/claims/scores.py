"""Rows of scores as arrays by model, seed and patient, for those who judge claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_core.metrics import SIZE_EDGES_MM3
from rfe_study import results
from rfe_study.methods import profiles
from rfe_study.methods.adaptation import PAPER, adaptation_methods
from rfe_study.methods.bounds import LOWER, LOWER_BOUND, UPPER, UPPER_BOUND
from rfe_study.phantom.domains import TARGETS

ADAPTATION = "adaptation"

#: Scores that are 0 for a model that diverged; of others it has none.
_WORST_IS_0 = ("f_score", "precision", "recall")

#: Columns of scores that the parts look at.
COLUMNS = ("f_score", "precision", "recall", "fp_per_slice", "lesions", "beyond_upper")


PROFILE, TARGET = profiles.SHOWN, "B"

PROOF, SEARCH = "proof-of-concept", "search"

#: F of each seed and patient, (seeds, patients), by model.
Scores = Mapping[str, NDArray[np.float64]]

#: Sets of patients a claim is tested on, by role; the verdict is that of the last one.
PATIENTS = {"paper's 2": ("test",), "6 further": ("extra",), "all 8": ("test", "extra")}


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetScores:
    """Scores on the target's patients, and K ways to weigh seeds and patients.

    Attributes
    ----------
    values : mapping of (domain, column) to (seeds, patients, models)
    models : sequence of str
        Names along the last axis.
    seeds : (K, seeds)
        How often a seed was drawn, as a share.
    patients : mapping of domain to (K, patients)
    """

    values: Mapping[tuple[str, str], NDArray[np.float64]]
    models: Sequence[str]
    seeds: NDArray[np.float64]
    patients: Mapping[str, NDArray[np.float64]]

    def mean(self, domain: str, model: str, column: str = "f_score") -> NDArray[np.float64]:
        """A model's score on a domain, averaged over seeds and patients, (K,)."""
        values = self.values[domain, column][..., self.models.index(model)]
        return np.einsum("ks,sp,kp->k", self.seeds, values, self.patients[domain])


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The tables of `rfe_study.runs.sweep` for the adaptation, and the baselines' scores."""

    scores: pd.DataFrame
    models: pd.DataFrame
    baselines: pd.DataFrame

    @classmethod
    def stored(cls) -> "Rows":
        """Those of the profile that the book shows; baselines of the adapted models' seeds."""
        models, baselines = read_adaptation("sweep-models"), results.read("baselines")
        ours = (baselines["profile"] == PROFILE) & baselines["seed"].isin(models["seed"])
        return cls(scores=read_adaptation("sweep-scores"), models=models, baselines=baselines[ours])

    @property
    def seeds(self) -> list[int]:
        """In their order."""
        return sorted(map(int, self.models["seed"].unique()))

    def on(
        self, target: str, domain: str | None = None, patients: str = "all 8"
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Scores on a domain's patients: of models made for a target, and of its two bounds.

        The bounds' rows have the seeds and patients of the others, and `LOWER_BOUND` and `UPPER_BOUND` as
        names. `patients` is a key of `rfe_study.claims.scores.PATIENTS`; of other domains than the
        target's only test patients are scored.
        """
        domain = target if domain is None else domain
        ours = self.scores[
            (self.scores["target"] == target)
            & (self.scores["domain"] == domain)
            & self.scores["role"].isin(PATIENTS[patients])
        ]
        names = {LOWER: LOWER_BOUND, UPPER[target]: UPPER_BOUND}
        theirs = self.baselines[
            self.baselines["model"].isin(names)
            & self.baselines["subject"].isin(ours["subject"])
            & self.baselines["seed"].isin(self.seeds)
        ]
        return ours, theirs.assign(model=theirs["model"].map(names))

    def values(
        self,
        target: str,
        domain: str | None = None,
        *,
        patients: str = "all 8",
        column: str = "f_score",
    ) -> dict[str, NDArray[np.float64]]:
        """A score of each model, (seeds, patients), those of the two bounds first; see `on`.

        A model that diverged has F, precision and recall 0, and is left out for other columns.

        Raises
        ------
        ValueError
            If a finished model or a bound lacks a score.
        """
        ours, theirs = self.on(target, domain, patients)
        made = self.models[self.models["target"] == target]
        if column not in _WORST_IS_0:
            gone = made.loc[made["status"] == "diverged", "model"]
            ours, made = (rows[~rows["model"].isin(gone)] for rows in (ours, made))
        bounds = made[["seed"]].drop_duplicates().assign(status="finished")
        bounds = pd.concat([bounds.assign(model=name) for name in (LOWER_BOUND, UPPER_BOUND)])
        found = {}
        for scores, models in ((theirs, bounds), (ours, made)):
            table, names = cube(scores, models, PATIENTS[patients], column)
            found |= dict(zip(names, np.moveaxis(table, 2, 0), strict=True))
        order = [LOWER_BOUND, UPPER_BOUND, *(m.name for m in adaptation_methods())]
        return {name: found[name] for name in order if name in found}

    def by_target(
        self, domain: str | None = None, *, column: str = "f_score", patients: str = "all 8"
    ) -> dict[str, dict[str, NDArray[np.float64]]]:
        """`values` of each target, on its own patients or on those of one domain."""
        targets = sorted(self.models["target"].unique())
        return {t: self.values(t, domain, column=column, patients=patients) for t in targets}


COLUMNS += ("lesions_0_10", "detected_0_10")


def on_target(scores: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """Scores of the adapted models and of both bounds on the target's own test patients.

    Parameters
    ----------
    scores : DataFrame
        Rows of one profile of the experiment "adaptation", see `rfe_study.runs.sweep`.
    baselines : DataFrame
        Rows of the same profile from `rfe train --evaluate test`.

    Returns
    -------
    DataFrame
        ``target``, ``model``, ``seed``, ``subject``, ``role`` and the scores.
    """
    found = [scores[scores["domain"] == scores["target"]]]
    for target in sorted(scores["target"].unique()):
        names = {LOWER: LOWER_BOUND, UPPER[target]: UPPER_BOUND}
        rows = baselines[(baselines["domain"] == target) & baselines["model"].isin(list(names))]
        found.append(rows.assign(target=target, model=rows["model"].map(names)))
    return pd.concat(found, ignore_index=True)


def cubes(rows: pd.DataFrame, roles: Sequence[str]) -> tuple[dict, list[str]]:
    """Scores as arrays (seeds, patients, models) by domain and column, and the models' names.

    Raises
    ------
    ValueError
        If there is no such patient, or a model lacks a score on one.
    """
    chosen = rows[rows["role"].isin(roles)]
    models, seeds = sorted(chosen["model"].unique()), sorted(chosen["seed"].unique())
    arrays = {}
    for domain in TARGETS:
        of_domain = chosen[chosen["target"] == domain]
        subjects = sorted(of_domain["subject"].unique())
        if not subjects:
            raise ValueError(f"scores must hold patients of {domain} of roles {roles}, got none")
        index = pd.MultiIndex.from_product([seeds, subjects])
        for column in COLUMNS:
            wide = of_domain.pivot(index=["seed", "subject"], columns="model", values=column)
            wide = wide.reindex(index, columns=models)
            needed = [PAPER, UPPER_BOUND] if column == "beyond_upper" else models
            if (lacking := wide[needed].isna().any()).any():
                raise ValueError(
                    f"each model needs {column} on each patient of {domain}, "
                    f"{lacking.idxmax()!r} lacks some"
                )
            shape = (len(seeds), len(subjects), len(models))
            arrays[domain, column] = wide.to_numpy(float).reshape(shape)
    return arrays, models


def scores(
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


class SeedMeans:
    """F averaged over patients: for each of K resamples, S seeds and M models.

    Attributes
    ----------
    values : (K, S, M)
    weights : (K, S)
        How often a seed was drawn, as a share.
    """

    def __init__(self, values: NDArray, weights: NDArray, models: Sequence[str]) -> None:
        self.values, self.weights = values, weights
        self.column = {model: k for k, model in enumerate(models)}

    def of(self, models: Sequence[str]) -> NDArray[np.float64]:
        """F of some models by seed, (K, S, len(models))."""
        return self.values[..., [self.column[model] for model in models]]

    def mean(self, models: Sequence[str]) -> NDArray[np.float64]:
        """F of some models, averaged over seeds, (K, len(models))."""
        return np.einsum("ks,ksm->km", self.weights, self.of(models))


def read(table: str, *, experiment: str = PROOF, target: str | None = TARGET) -> pd.DataFrame:
    """Rows of one experiment on a target (None: all) by the profile that the book shows.

    Raises
    ------
    FileNotFoundError
        If the table has not been made.
    ValueError
        If it has no such rows.
    """
    rows = results.read(table)
    wanted = {"profile": PROFILE, "experiment": experiment, "target": target}
    for column in (k for k, value in wanted.items() if value is not None):
        rows = rows[rows[column] == wanted[column]]
    if rows.empty:
        raise ValueError(f"{results.path_of(table)} must hold rows of {wanted}, got none")
    return rows


#: Rows of one experiment, all targets; see `rfe_study.claims.scores.read`.
read_adaptation = partial(read, experiment=ADAPTATION, target=None)


def by_model(
    scores: pd.DataFrame, models: pd.DataFrame, patients: str = "all 8", column: str = "f_score"
) -> dict[str, NDArray[np.float64]]:
    """Scores of each model, (seeds, patients); 0 for one that diverged.

    `patients` is a key of `rfe_study.claims.scores.PATIENTS`.
    """
    values, names = cube(scores, models, PATIENTS[patients], column)
    return dict(zip(names, np.moveaxis(values, 2, 0), strict=True))


def bounds(
    baselines: pd.DataFrame, models: pd.DataFrame, patients: str = "all 8"
) -> dict[str, NDArray[np.float64]]:
    """F of the lower bound and of B's upper bound, (seeds, patients), for the sweep's seeds.

    `baselines` are rows of `rfe train`; seeds and patients come in the order of `by_model`.
    """
    rows = baselines[(baselines["profile"] == PROFILE)]
    rows = rows[rows["role"].isin(PATIENTS[patients])]
    seeds = sorted(models["seed"].unique())
    names = {"lower bound": LOWER, "upper bound B": UPPER[TARGET]}
    return {
        name: scores(rows, model, TARGET).sort_index(axis=1).loc[seeds].to_numpy()
        for name, model in names.items()
    }


def cube(
    scores: pd.DataFrame, models: pd.DataFrame, roles: Sequence[str], column: str = "f_score"
) -> tuple[NDArray[np.float64], list[str]]:
    """Scores of an experiment as an array (seeds, patients, models), and the models' names.

    Parameters
    ----------
    scores, models : DataFrame
        Rows of one profile, experiment and target, see `rfe_study.runs.sweep`. Models that diverged have
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
