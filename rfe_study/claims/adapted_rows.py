"""Stored rows of the adaptation with a real prior, beside those of the two bounds."""

from dataclasses import dataclass

import pandas as pd

from rfe_study import results
from rfe_study.claims.rows import ADAPTATION, PATIENTS, ByModel, by_model, read
from rfe_study.methods.adaptation import adaptation_methods
from rfe_study.methods.bounds import LOWER, LOWER_BOUND, UPPER, UPPER_BOUND
from rfe_study.methods.profiles import SHOWN
from rfe_study.tables import MODELS, SCORES

#: Scores that are 0 for a model that diverged; of others it has none.
_WORST_IS_0 = ("f_score", "precision", "recall")


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
        self, target: str, domain: str | None = None, patients: str = "all 8"
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Scores on a domain's patients: of models made for a target, and of its two bounds.

        The bounds' rows have the seeds and patients of the others, and `LOWER_BOUND` and
        `UPPER_BOUND` as names. `patients` is a key of `PATIENTS`; of other domains than the
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

    def on_targets(self) -> pd.DataFrame:
        """Scores of the adapted models and of both bounds on their target's own test patients."""
        return pd.concat(
            [rows.assign(target=target) for target in self.targets for rows in self.on(target)],
            ignore_index=True,
        )

    def values(
        self,
        target: str,
        domain: str | None = None,
        *,
        patients: str = "all 8",
        column: str = "f_score",
    ) -> ByModel:
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
        once = made[["seed"]].drop_duplicates().assign(status="finished")
        bounds = pd.concat([once.assign(model=name) for name in (LOWER_BOUND, UPPER_BOUND)])
        found = by_model(theirs, bounds, patients, column) | by_model(ours, made, patients, column)
        order = [LOWER_BOUND, UPPER_BOUND, *(m.name for m in adaptation_methods())]
        return {name: found[name] for name in order if name in found}

    def by_target(
        self, domain: str | None = None, *, column: str = "f_score", patients: str = "all 8"
    ) -> dict[str, ByModel]:
        """`values` of each target, on its own patients or on those of one domain."""
        return {
            target: self.values(target, domain, column=column, patients=patients)
            for target in self.targets
        }


def beyond_upper(lesions: pd.DataFrame) -> pd.DataFrame:
    """How many lesions a model finds that the upper bound of its seed does not, by patient.

    For the upper bound itself: what its training of the next seed finds and it does not.

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
    seeds = sorted(lesions["seed"].unique())
    following = dict(zip(seeds, [*seeds[1:], seeds[0]], strict=True))
    rows = []
    for target, model, seed, subject in found:
        own = found[target, model, following[seed] if model == UPPER_BOUND else seed, subject]
        missed = found[target, UPPER_BOUND, seed, subject]
        extra = sum(a > b for a, b in zip(own, missed, strict=True))
        rows.append((target, model, seed, subject, extra))
    return pd.DataFrame(rows, columns=[*keys, "beyond_upper"])
