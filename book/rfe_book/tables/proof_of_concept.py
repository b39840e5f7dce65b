"""The rows of a sweep put into the tables of chapter 07, models by what they are compared for.

Nothing is chosen or judged here: `rfe_study.claims.proof_of_concept` does that. The search for
settings and what trainings drew are in `rfe_book.tables.proof_of_concept_search`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rfe_book.words import change
from rfe_core.random_feature_embedding import ALL
from rfe_core.sampling import STRATEGIES
from rfe_study.claims import power
from rfe_study.claims.comparisons import Share, gain, share_closed
from rfe_study.claims.heads import PATIENTS, VERDICT
from rfe_study.claims.operating_points import POINTS
from rfe_study.claims.proof_of_concept import ENDS, PARTS, at_margin_1, name, names, on_targets
from rfe_study.claims.rows import ByModel, by_model, of_first_seed
from rfe_study.claims.verdicts import Verdict
from rfe_study.methods.method import GROUPS, Method
from rfe_study.methods.proof_of_concept import DISTANCES, SHARES, SHARES_N_E

#: The fine-tuned network whose embeddings chapter 07 shows: model and seed.
SHOWN = ("80/20 ACD 2000", 0)

#: What the 36 are compared with; and what needs neither labels of B nor a loss on its pixels.
CONTROL, BOUND = "no embedding", "labels of B"
STATISTICS = "labelled A only, statistics of B"

#: The model whose loss is also put on more layers, and on which.
LAYERED, MORE = "80/20 ACD 500", ("layers 0+1", "layers 0+1+2")

SHOWN_WEIGHTS = f"laptop-sweep-80-20_ACD_2000-seed{SHOWN[1]}.safetensors"


def at_points(scores: pd.DataFrame, models: pd.DataFrame) -> dict[str, ByModel]:
    """Scores on paired heads by model, at each of `operating_points.POINTS`."""
    return {point: by_model(scores, models, column=c) for point, c in POINTS.items()}


def of_shared_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of the seeds that all 36 models have: means over others would mix seeds with models."""
    every = [model for d in DISTANCES for s in STRATEGIES for model in names(s, d)]
    of = scores[scores["model"].isin(every)].groupby("model")["seed"].agg(set)
    return scores[scores["seed"].isin(set.intersection(*of))]


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds and paired heads, a row a model.

    Returns
    -------
    DataFrame
        Indexed by ``model``: ``F, paired heads``, ``precision``, ``recall``, ``FP a slice``.
    """
    columns = {"f_score": f"F, {VERDICT}", "precision": "precision", "recall": "recall",
               "fp_per_slice": "FP a slice"}  # fmt: skip
    chosen = scores[scores["role"].isin(PATIENTS[VERDICT])]
    return chosen.groupby("model")[list(columns)].mean().rename(columns=columns)


def balance(parts: pd.DataFrame) -> pd.DataFrame:
    """Rows of `summary` by strategy and distance (means over n_E), control and bound below."""
    rows = {f"{s}, {d}": parts.loc[names(s, d)].mean() for d in DISTANCES for s in STRATEGIES}
    rows |= {model: parts.loc[model] for model in (CONTROL, BOUND)}
    return pd.DataFrame(rows).T.rename_axis("models")


def gains(values: ByModel) -> pd.DataFrame:
    """What ACD adds to the control's F at both ends of n_E, and how far that is to the bound.

    Returns
    -------
    DataFrame
        Indexed by ``strategy``, of text: a gain each, then ``gap closed`` at the larger n_E.
    """
    lines = {}
    for strategy in STRATEGIES:
        models = {f"n_E = {n}": name(strategy, "ACD", n) for n in ENDS}
        line = {at: change(*gain(values, model, CONTROL)) for at, model in models.items()}
        line["gap closed"] = closed(values, name(strategy, "ACD", ENDS[-1])).text
        lines[strategy] = line
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("strategy")


def closed(values: ByModel, model: str) -> Share:
    """Share of the gap on B that a model closes, from the control to the bound."""
    return share_closed(values[model], values[CONTROL], values[BOUND])


def gap_closed(scores: Mapping[str, ByModel]) -> pd.DataFrame:
    """`closed` as text, a column an operating point; the strategies, and the exact loss between.

    Parameters
    ----------
    scores : mapping of an operating point's name to scores by model
    """
    models = [*(name(s, "ACD", ENDS[-1]) for s in STRATEGIES), at_margin_1("4x")]
    found = {point: {m: closed(values, m).text for m in models} for point, values in scores.items()}
    return pd.DataFrame(found).rename_axis("model")


def corners(scores: Mapping[str, ByModel]) -> pd.DataFrame:
    """ACD minus l2 as text by strategy and end of n_E, a column an operating point."""
    found = {
        point: {
            (s, n): change(*gain(values, name(s, "ACD", n), name(s, "l2", n)))
            for s in STRATEGIES
            for n in ENDS
        }
        for point, values in scores.items()
    }
    return pd.DataFrame(found).rename_axis(["strategy", "n_E"])


def beside(scores: Mapping[str, ByModel]) -> pd.DataFrame:
    """Models of the first seed alone: control, what needs no loss, 80/20, several layers, bound.

    Returns
    -------
    DataFrame
        Indexed by ``model``, a column an operating point.
    """
    fifth = name("80/20", "ACD", ENDS[-1])
    models = [CONTROL, "labelled A only", STATISTICS, fifth]
    models += [LAYERED, *(f"{LAYERED} {x}" for x in MORE)]
    found = {
        point: {model: of_first_seed(values, model).mean() for model in (*models, BOUND)}
        for point, values in scores.items()
    }
    return pd.DataFrame(found).rename_axis("model")


def by_share(values: ByModel) -> pd.DataFrame:
    """Mean F between the paper's strategies, sampled and exact: a row a share, a column an n_E."""
    grid = (*SHARES_N_E, ALL)
    found = {
        share: {n: values[at_margin_1(share, n)].to_numpy().mean() for n in grid}
        for share in SHARES
    }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("share of lesion")


def verdict_table(found: Mapping[str, Sequence[Verdict]]) -> pd.DataFrame:
    """All parts of the claims with outcome and effect on each set of patients.

    Parameters
    ----------
    found : mapping
        As `rfe_study.claims.proof_of_concept.judge` returns it.

    Returns
    -------
    DataFrame
        Indexed by ``claim`` and ``part``: ``statistic``, ``above`` (threshold), ``smallest``
        (effect of interest; empty where a bound is asked for), and a column of text for each set of
        patients, as "reproduced: +0.043 (0.012 to 0.074)".
    """
    lines: dict[tuple, dict] = {}
    for which, parts in found.items():
        for p in parts:
            about = {"statistic": p.statistic, "above": p.threshold}
            about["smallest"] = np.nan if p.smallest is None else p.smallest
            row = lines.setdefault((p.claim, p.part), about)
            row[which] = f"{p.verdict}: {p.effect}"
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(["claim", "part"])


def reached(scores: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """What these rows can show of each main part, see `rfe_study.claims.power.reached`.

    Returns
    -------
    DataFrame
        Indexed by ``claim`` and ``part``: ``standard error``, and ``shown (%)``, the chance that
        the smallest effect of interest would be.
    """
    main = [part for part in PARTS if part.main]
    found = power.reached(main, on_targets(scores, models, VERDICT))
    found = found.assign(shown=(100 * found["shown"]).round().astype(int))
    return found[["error", "shown"]].set_axis(["standard error", "shown (%)"], axis=1)


def groups(methods: Sequence[Method]) -> pd.Series:
    """How many methods each group has."""
    return pd.Series([method.group for method in methods]).value_counts(sort=False)


def what_is_trained(methods: Sequence[Method]) -> pd.DataFrame:
    """How many models there are for what, in words."""
    counts = groups(methods).rename(index=GROUPS)
    return counts.to_frame("models").rename_axis("what they are")
