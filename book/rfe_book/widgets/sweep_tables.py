"""A sweep's rows as the nested lists that chapter 07's explorer indexes.

A *choice* is one seed, or the mean over those that a model has, which comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_book.style import axis
from rfe_study.methods.method import Method
from rfe_study.methods.proof_of_concept import DISTANCES
from rfe_study.phantom.domains import patients

#: Patients whose scores are averaged, by role; names get the number of patients.
GROUPS = (("{} test heads", ("paired",)), ("paper's {} patients", ("test",)))

SCORES = ("f_score", "precision", "recall", "average_precision")

NOTHING, UNTRAINED = "–", "has not been trained"

KEY = ["model", "seed"]


def title(method: Method) -> str:
    """A model in words: "80/20, ACD, n_E = 500", and by what it differs from the 36."""
    term = method.embedding
    if term is None or method.group in ("control", "bound"):
        return method.name
    (distance,) = (name for name, own in DISTANCES.items() if own == term.distance)
    extra = {
        "all pixels": f", margin {term.margin:g}, weight {term.weight:g}",
        "sum / n": ", sum / n",
        "layers": f", layers {' + '.join(map(str, term.layers))}",
    }.get(method.group, "")
    return f"{term.strategy}, {distance}, n_E = {term.n_e}{extra}"


def of_sweep(rows: pd.DataFrame, *, profile: str, experiment: str, target: str) -> pd.DataFrame:
    """The rows of one sweep."""
    own = (rows["profile"] == profile) & (rows["target"] == target)
    return rows[own & (rows["experiment"] == experiment)]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Rows of one sweep in the order of its methods and seeds.

    Attributes
    ----------
    methods : sequence of Method
        M methods, whether they have rows or not.
    seeds : sequence of int
    models, curves, scores : DataFrame
        The tables of `rfe_study.runs.sweep`, this sweep's rows alone.
    target : str
        Letter of the target domain.
    """

    methods: Sequence[Method]
    seeds: Sequence[int]
    models: pd.DataFrame
    curves: pd.DataFrame
    scores: pd.DataFrame
    target: str

    @property
    def index(self) -> pd.MultiIndex:
        """Each model and seed, models first."""
        return pd.MultiIndex.from_product([[m.name for m in self.methods], self.seeds], names=KEY)

    def _grid(self, values: pd.Series) -> NDArray:
        """A value a model and seed as (M, seeds); what has no row is missing."""
        return values.reindex(self.index).to_numpy().reshape(len(self.methods), len(self.seeds))

    @property
    def status(self) -> NDArray[np.object_]:
        """``"finished"``, ``"diverged"`` or NaN for what was not trained, (M, seeds)."""
        return self._grid(self.models.set_index(KEY)["status"])

    def groups(self) -> list[str]:
        """The names of `GROUPS`."""
        return [name.format(len(patients(self.target, roles))) for name, roles in GROUPS]

    def values(self) -> NDArray[np.float64]:
        """Scores averaged over patients, (M, seeds, groups, 4); NaN unless all are scored."""
        found = np.full((len(self.methods), len(self.seeds), len(GROUPS), len(SCORES)), np.nan)
        for g, (_, roles) in enumerate(GROUPS):
            by_model = self.scores[self.scores["role"].isin(roles)].groupby(KEY)
            complete = by_model["subject"].nunique() == len(patients(self.target, roles))
            means = by_model[list(SCORES)].mean()[complete]
            for s, score in enumerate(SCORES):
                found[:, :, g, s] = self._grid(means[score])
        return found

    def score_texts(self) -> list:
        """Texts of `values`: [choice][model][group][score]; the mean with its deviation."""
        values = self.values()
        over_seeds = [[[_mean(f) for f in group.T] for group in m] for m in values.swapaxes(1, 2)]
        single = np.vectorize(lambda x: NOTHING if np.isnan(x) else f"{x:.2f}", otypes=[object])
        return [over_seeds, *(single(values[:, k]).tolist() for k in range(len(self.seeds)))]

    def notes(self) -> list[list[str]]:
        """What to know of a model's numbers: [choice][model]; of the mean, its seeds too."""
        scored = ~np.isnan(self.values()).any(axis=(2, 3))
        epochs = self._grid(self.curves.groupby(KEY)["epoch"].max())
        texts = np.empty(scored.shape, object)
        for at in np.ndindex(scored.shape):
            status = self.status[at]
            if status == "diverged":
                last = "its first epoch" if np.isnan(epochs[at]) else f"epoch {epochs[at] + 1:.0f}"
                texts[at] = f"diverged in {last}"
            elif status != "finished":
                texts[at] = UNTRAINED
            else:
                texts[at] = "" if scored[at] else "has not been scored"
        mean = []
        for model in texts:
            by_seed = {s: t for s, t in zip(self.seeds, model, strict=True) if t != UNTRAINED}
            several = f"seed{'s' * (len(by_seed) > 1)} {', '.join(map(str, by_seed))}"
            lacking = [f"without seed {s}, which {t}" for s, t in by_seed.items() if t]
            mean.append("; ".join([several, *lacking]) if by_seed else UNTRAINED)
        return [mean, *texts.T.tolist()]

    def curve(self, column: str) -> list:
        """A column of the learning curves: [choice][model][epoch], None where there is no number.

        The mean is over seeds that finished.
        """
        wide = self.curves.pivot(index=KEY, columns="epoch", values=column).reindex(self.index)
        shape = (len(self.methods), len(self.seeds), -1)
        values = wide.to_numpy(float).reshape(shape)
        finished = np.where((self.status == "finished")[..., None], values, np.nan)
        count = (~np.isnan(finished)).sum(axis=1)
        total = np.nansum(finished, axis=1)
        mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        return [_numbers(mean), *(_numbers(values[:, k]) for k in range(len(self.seeds)))]

    @property
    def epochs(self) -> list[int]:
        """The epochs of the learning curves."""
        return sorted(map(int, self.curves["epoch"].unique()))

    def axis(self, column: str, *, log: bool) -> dict:
        """Ends and ticks that hold the values of every model, so that charts can be compared."""
        values = self.curves[column].replace([np.inf, -np.inf], np.nan).dropna().to_numpy(float)
        values = values[values > 0] if log else values
        made = axis(values if len(values) else np.ones(1), log=log)
        if len(made["ticks"]) == 1:
            made["ticks"].append(made["ticks"][0] * 10 if log else made["ticks"][0] + 0.1)
        return made


def _mean(values: NDArray[np.float64]) -> str:
    """Mean over seeds, with the standard deviation if there are two."""
    there = values[~np.isnan(values)]
    if not len(there):
        return NOTHING
    spread = f" ± {there.std(ddof=1):.2f}" if len(there) > 1 else ""
    return f"{there.mean():.2f}{spread}"


def _numbers(values: NDArray[np.float64]) -> list[list[float | None]]:
    """Four significant digits; JSON has no NaN."""
    return [[float(f"{x:.4g}") if np.isfinite(x) else None for x in row] for row in values]
