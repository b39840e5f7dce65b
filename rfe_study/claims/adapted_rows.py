"""Stored rows of the adaptation with a real prior, beside those of the two bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from rfe_study import results
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.claims.rows import ADAPTATION, ByModel, by_model, read
from rfe_study.claims.scores import Scores
from rfe_study.methods.adaptation import adaptation_methods
from rfe_study.methods.bounds import LOWER, LOWER_BOUND, UPPER, UPPER_BOUND
from rfe_study.methods.profiles import SHOWN
from rfe_study.tables import MODELS, SCORES


@dataclass(frozen=True, kw_only=True)
class AdaptationRows:
    """The tables of `rfe_study.runs.sweep` for the adaptation, and the baselines' scores."""

    scores: pd.DataFrame
    models: pd.DataFrame
    baselines: pd.DataFrame

    @classmethod
    def stored(cls) -> "AdaptationRows":
        """Those of the profile that the book shows; baselines of the adapted models' seeds."""
        scores, models = (read(table, experiment=ADAPTATION) for table in (SCORES, MODELS))
        baselines = results.read("baselines")
        ours = (baselines["profile"] == SHOWN) & baselines["seed"].isin(models["seed"])
        return cls(scores=scores, models=models, baselines=baselines[ours])

    @property
    def seeds(self) -> list[int]:
        """In their order."""
        return sorted(map(int, self.models["seed"].unique()))

    @property
    def targets(self) -> list[str]:
        """The domains that models were adapted to."""
        return sorted(self.models["target"].unique())

    def on(
        self, target: str, domain: str | None = None, patients: str = VERDICT
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Scores on a domain's patients: of models made for a target, and of its two bounds.

        The bounds' rows have the seeds and patients of the others, and `LOWER_BOUND` and
        `UPPER_BOUND` as names. `patients` is a key of `PATIENTS`.
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

    def on_targets(
        self,
        columns: Sequence[str] = ("f_score",),
        patients: str = VERDICT,
        extra: pd.DataFrame | None = None,
    ) -> Scores:
        """Scores of the adapted models and of both bounds on their target's own patients.

        `extra` holds further columns, by target, model, seed and subject; only models that have
        them are taken.

        Raises
        ------
        ValueError
            If a target has no patients, or a finished model or a bound lacks a score.
        """
        rows, made = [], []
        for target in self.targets:
            rows += [table.assign(target=target) for table in self.on(target, patients=patients)]
            own = self.models[self.models["target"] == target]
            made += [own, *self._bounds_made(own)]
        rows, made = pd.concat(rows, ignore_index=True), pd.concat(made, ignore_index=True)
        if extra is not None:
            keys = ["target", "model", "seed", "subject"]
            rows = rows.merge(extra, on=keys, how="inner", validate="one_to_one")
            made = made[made["model"].isin(extra["model"])]
        return Scores.of_rows(rows, made.assign(domain=made["target"]), patients, columns)

    def _bounds_made(self, own: pd.DataFrame) -> list[pd.DataFrame]:
        """What must be there of the bounds: the seeds of a target's models."""
        once = own[["target", "seed"]].drop_duplicates().assign(status="finished")
        return [once.assign(model=name) for name in (LOWER_BOUND, UPPER_BOUND)]

    def values(
        self,
        target: str,
        domain: str | None = None,
        *,
        patients: str = VERDICT,
        column: str = "f_score",
    ) -> ByModel:
        """A score of each model by seed and head, those of the two bounds first; see `on`.

        Raises
        ------
        ValueError
            If a finished model or a bound lacks a score.
        """
        made = self.models[self.models["target"] == target]
        made = pd.concat([made, *self._bounds_made(made)])
        found = by_model(pd.concat(self.on(target, domain, patients)), made, patients, column)
        order = [LOWER_BOUND, UPPER_BOUND, *(m.name for m in adaptation_methods())]
        known = [name for name in order if name in found and len(found[name])]
        return ByModel({name: found[name] for name in known})

    def by_target(self, *, column: str = "f_score") -> dict[str, ByModel]:
        """`values` of each target, on its own patients."""
        return {target: self.values(target, column=column) for target in self.targets}


def beyond_upper(lesions: pd.DataFrame) -> pd.DataFrame:
    """How many lesions a model finds that the upper bound of its seed does not, by patient.

    For the upper bound itself: what its training of the next seed finds and it does not. A model
    whose upper bound is not trained yet has no row.

    Parameters
    ----------
    lesions : DataFrame
        Rows of `rfe_study.runs.lesion_hits`.

    Returns
    -------
    DataFrame
        ``target``, ``model``, ``seed``, ``subject``, ``beyond_upper``.
    """
    keys = ["target", "model", "seed", "subject"]
    found = {tuple(row[:-1]): row[-1] for row in lesions[[*keys, "found"]].itertuples(index=False)}
    following = {}
    for target, uppers in lesions[lesions["model"] == UPPER_BOUND].groupby("target"):
        seeds = sorted(uppers["seed"].unique())
        following[target] = dict(zip(seeds, [*seeds[1:], seeds[0]], strict=True))
    rows = []
    for target, model, seed, subject in found:
        if (target, UPPER_BOUND, seed, subject) not in found:
            continue
        beside = following[target][seed] if model == UPPER_BOUND else seed
        own, missed = (
            found[target, *which, subject] for which in ((model, beside), (UPPER_BOUND, seed))
        )
        extra = sum(a > b for a, b in zip(own, missed, strict=True))
        rows.append((target, model, seed, subject, extra))
    return pd.DataFrame(rows, columns=[*keys, "beyond_upper"])
