"""Gains of adapted models over each other, in the words and tables of chapter 09.

Intervals are those of `rfe_study.claims.crossed`, over seeds and heads, paired by both.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rfe_book.words import gained
from rfe_study.claims.comparisons import gain, mean_interval
from rfe_study.claims.contrasts import over_domains, shared
from rfe_study.claims.rows import ByModel

#: What the mean over the targets is called beside them.
MEAN = "mean"


def with_mean(by_target: Mapping[str, ByModel]) -> dict[str, ByModel]:
    """Scores of each target, and of their mean head by head: a model's seeds are those it has on
    all of them; models without such a seed are left out of it."""
    mean = ByModel()
    for model in next(iter(by_target.values())):
        tables = [values[model] for values in by_target.values() if model in values]
        seeds = set.intersection(*(set(table.index) for table in tables))
        if len(tables) == len(by_target) and seeds:
            mean[model] = over_domains(tables)
    return {**by_target, MEAN: mean}


def differences(by_target: Mapping[str, ByModel], model: str, reference: str) -> pd.DataFrame:
    """A model minus another: a row a target and their mean, with ``mean``, ``low``, ``high``."""
    found = {
        target: gain(values, model, reference) for target, values in with_mean(by_target).items()
    }
    columns = ["mean", "low", "high"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns).rename_axis("domain")


def difference_table(
    by_target: Mapping[str, ByModel], pairs: Sequence[tuple[str, str, str]]
) -> pd.DataFrame:
    """`differences` as text: a row for each (what it says, model, reference), a column a target."""
    lines = {
        f"{what} ({model} − {reference})": {
            target: gained(*line)
            for target, line in differences(by_target, model, reference).iterrows()
        }
        for what, model, reference in pairs
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("what it says")


def f_of(precision: ArrayLike, recall: ArrayLike) -> NDArray[np.float64]:
    """F from precision and recall, 0 where both are 0."""
    precision, recall = np.asarray(precision, float), np.asarray(recall, float)
    total = precision + recall
    product = 2 * precision * recall
    return np.divide(product, total, out=np.zeros_like(total), where=total > 0)


def split_of_gain(before: Sequence[ArrayLike], after: Sequence[ArrayLike]) -> tuple[NDArray, ...]:
    """How much of a change of F precision and recall each bring.

    Each is changed alone, once before and once after the other, and the two effects are averaged
    (Shapley's rule); the parts sum to the change of F.

    Parameters
    ----------
    before, after : (precision, recall)
        Arrays of one shape.

    Returns
    -------
    (by_precision, by_recall)
    """
    (p0, r0), (p1, r1) = before, after
    by_precision = (f_of(p1, r0) - f_of(p0, r0) + f_of(p1, r1) - f_of(p0, r1)) / 2
    by_recall = (f_of(p0, r1) - f_of(p0, r0) + f_of(p1, r1) - f_of(p1, r0)) / 2
    return by_precision, by_recall


def gain_parts_table(
    precision: Mapping[str, ByModel], recall: Mapping[str, ByModel], model: str, reference: str
) -> pd.DataFrame:
    """`split_of_gain` of a model over a reference: a row a target, intervals as text.

    Returns
    -------
    DataFrame
        Indexed by ``domain``: ``F`` (its change), ``by precision`` and ``by recall`` (they sum to
        it), of the seeds that both models have.
    """
    lines = {}
    for target in precision:
        names = (reference, model)
        tables = shared(*(of[target][name] for name in names for of in (precision, recall)))
        split = split_of_gain(tables[:2], tables[2:])
        about = {"index": tables[0].index, "columns": tables[0].columns}
        by_p, by_r = (pd.DataFrame(part, **about) for part in split)
        parts = {"F": by_p + by_r, "by precision": by_p, "by recall": by_r}
        lines[target] = {name: gained(*mean_interval(table)) for name, table in parts.items()}
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("domain")
