"""The rows of the adaptation with a real prior put into the tables and sentences of chapter 09.

Nothing is judged here. Each target domain has tables of its own, since its patients are its own;
means and intervals are over seeds and patients, differences paired by both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_core import results, shift, sweep_tables
from rfe_core.adaptation import adaptation
from rfe_core.adaptation_claims import LOWER, UPPER
from rfe_core.intervals import bootstrap_means, interval
from rfe_core.methods import Method
from rfe_core.sweep_tables import Scores, gain, interval_text
from rfe_core.sweep_verdicts import PATIENTS, cube

ADAPTATION = "adaptation"
SEARCH = "adaptation-search"

#: The control that differs from the paper's method by the embedding loss alone, and what the
#: target's labels are worth in as many steps.
CONTROL, BOUND = "no embedding", "labels of V2 and V3"

#: The fine-tuned network whose embeddings the chapter shows: target and seed.
SHOWN = ("C", 0)
SHOWN_WEIGHTS = f"laptop-adaptation-{SHOWN[0]}-RFE_NCC-seed{SHOWN[1]}.safetensors"

#: Words for `rfe_core.shift.reading`, where more is better and where it is worse.
BETTER = {"yes": "better", "no": "worse", "undecided": "not told apart"}
MORE = {"yes": "more", "no": "fewer", "undecided": "not told apart"}

#: Scores that are 0 for a model that diverged; of others it has none.
_WORST_IS_0 = ("f_score", "precision", "recall")


#: Rows of one experiment, all targets; see `rfe_core.sweep_tables.read`.
read = partial(sweep_tables.read, experiment=ADAPTATION, target=None)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The tables of `rfe_core.sweep` for the adaptation, and the baselines' scores."""

    scores: pd.DataFrame
    models: pd.DataFrame
    baselines: pd.DataFrame

    @classmethod
    def stored(cls) -> "Rows":
        """Those of the profile that the book shows; baselines of the adapted models' seeds."""
        models, baselines = read("sweep-models"), results.read("baselines")
        ours = (baselines["profile"] == sweep_tables.PROFILE) & baselines["seed"].isin(
            models["seed"]
        )
        return cls(scores=read("sweep-scores"), models=models, baselines=baselines[ours])

    @property
    def seeds(self) -> list[int]:
        """In their order."""
        return sorted(map(int, self.models["seed"].unique()))

    def on(
        self, target: str, domain: str | None = None, patients: str = "all 8"
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Scores on a domain's patients: of models made for a target, and of its two bounds.

        The bounds' rows have the seeds and patients of the others, and `LOWER` and `UPPER` as
        names. `patients` is a key of `rfe_core.sweep_verdicts.PATIENTS`; of other domains than the
        target's only test patients are scored.
        """
        domain = target if domain is None else domain
        ours = self.scores[
            (self.scores["target"] == target)
            & (self.scores["domain"] == domain)
            & self.scores["role"].isin(PATIENTS[patients])
        ]
        names = {shift.LOWER: LOWER, f"upper-{target}": UPPER}
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
        bounds = pd.concat([bounds.assign(model=name) for name in (LOWER, UPPER)])
        found = {}
        for scores, models in ((theirs, bounds), (ours, made)):
            table, names = cube(scores, models, PATIENTS[patients], column)
            found |= dict(zip(names, np.moveaxis(table, 2, 0), strict=True))
        order = [LOWER, UPPER, *(m.name for m in adaptation())]
        return {name: found[name] for name in order if name in found}

    def by_target(
        self, domain: str | None = None, *, column: str = "f_score", patients: str = "all 8"
    ) -> dict[str, dict[str, NDArray[np.float64]]]:
        """`values` of each target, on its own patients or on those of one domain."""
        targets = sorted(self.models["target"].unique())
        return {t: self.values(t, domain, column=column, patients=patients) for t in targets}


def means(values: Scores, *, minus: str | None = None) -> pd.DataFrame:
    """Mean and 95% interval of each model, or of its difference from another, paired.

    Returns
    -------
    DataFrame
        Indexed by ``model``: ``mean``, ``low``, ``high``.
    """
    generator, found = np.random.default_rng(0), {}
    for model, table in values.items():
        if model != minus:
            table = table if minus is None else table - values[minus]
            ends = interval(bootstrap_means(table, generator=generator))
            found[model] = (float(table.mean()), *ends)
    table = pd.DataFrame.from_dict(found, orient="index", columns=["mean", "low", "high"])
    return table.rename_axis("model")


def gain_table(by_target: Mapping[str, Scores], reference: str) -> pd.DataFrame:
    """Each model minus a reference, paired, as text: a row a model, a column a target."""
    columns = {
        target: means(values, minus=reference).apply(lambda line: interval_text(*line), axis=1)
        for target, values in by_target.items()
    }
    table = pd.DataFrame(columns)
    order = [m for values in by_target.values() for m in values if m in table.index]
    return table.reindex(list(dict.fromkeys(order))).fillna("").rename_axis("model")


def sentence(
    by_target: Mapping[str, Scores],
    model: str,
    reference: str,
    *,
    words: Mapping[str, str] = BETTER,
    where: str = "on",
) -> str:
    """How a model compares with another, target by target.

    ``"on B better, 0.041 (0.020 to 0.063); on C not told apart, 0.003 (−0.010 to 0.015)"``
    """
    parts = []
    for target, values in by_target.items():
        found = gain(values, model, reference, generator=np.random.default_rng(0))
        word = words[shift.reading(*found[1:])]
        parts.append(f"{where} {target} {word}, {interval_text(*found)}")
    return "; ".join(parts)


def counted(by_target: Mapping[str, Scores], model: str, reference: str) -> str:
    """On which targets a model is better, in words: ``"better on B and C, worse on none"``."""
    found = {"yes": [], "no": []}
    for target, values in by_target.items():
        ends = gain(values, model, reference, generator=np.random.default_rng(0))[1:]
        found.setdefault(shift.reading(*ends), []).append(target)
    return f"better on {listed(found['yes'])}, worse on {listed(found['no'])}"


def listed(names: Sequence[str]) -> str:
    """``"B, C and D"``; ``"none"`` of nothing."""
    if len(names) < 2:
        return names[0] if names else "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def methods_table(methods: Sequence[Method] | None = None) -> pd.DataFrame:
    """What each method sees of the target, and what it learns from.

    Returns
    -------
    DataFrame
        Indexed by ``group`` and ``method``: ``images`` of the target, ``labels`` (what stands for
        them, empty where the method does not use any), ``Dice on``, ``further``.
    """
    stands = {
        "NCC": "NCC, templates of V1",
        "NCC from A": "NCC, templates of A",
        "true": "true",
        "V1": "true",
    }
    lines = []
    for m in adaptation() if methods is None else methods:
        term = m.embedding if m.embedding and m.embedding.weight else None
        images = "V1" if m.source == "V1" else "V2, V3"
        if not m.unlabelled:
            images = f"{images}: statistics alone" if m.statistics else "none"
        further = f"embedding loss, n_E = {term.n_e}" if term else ""
        if m.self_training:
            further = f"{m.self_training.kind} on predictions"
        if m.match_histograms:
            further = "A's images matched to the target's"
        lines.append(
            {
                "group": m.group,
                "method": m.name,
                "images": images,
                "labels": stands[m.source] if term or m.primary == "both" else "",
                "Dice on": "A and target" if m.primary == "both" else "A",
                "further": further,
            }
        )
    return pd.DataFrame(lines).set_index(["group", "method"])
