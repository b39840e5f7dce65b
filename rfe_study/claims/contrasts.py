r"""Contrasts of models as tables by seed and head, whatever a claim's statistic is.

`rfe_study.claims.crossed` judges the mean of a table (seeds, heads). A difference of means is such
a mean as it is. A ratio of means :math:`R = \bar x / \bar y` is made one by its linear part (delta
method), :math:`R + (x_{sh} - R y_{sh}) / \bar y`, whose mean is R. Models may have different seeds:
a contrast has those that all its models have.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def shared(*tables: pd.DataFrame) -> list[pd.DataFrame]:
    """The tables (seeds, heads), cut to the seeds that all have.

    Raises
    ------
    ValueError
        If they have no seed in common, or heads differ.
    """
    first = tables[0]
    for table in tables[1:]:
        if not table.columns.equals(first.columns):
            raise ValueError(
                "tables of a contrast must have the same heads, got "
                f"{list(first.columns)} and {list(table.columns)}"
            )
    return of_common_seeds(tables)


def of_common_seeds(tables: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Tables of whatever heads, cut to the seeds that all have; raises as `shared` does."""
    seeds = tables[0].index
    for table in tables[1:]:
        seeds = seeds.intersection(table.index)
    if seeds.empty:
        raise ValueError(
            "tables of a contrast must have a seed in common, got seeds "
            f"{[list(table.index) for table in tables]}"
        )
    return [table.loc[seeds] for table in tables]


def minus(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The first minus the second, paired by seed and head."""
    first, second = shared(first, second)
    return first - second


def average(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean of tables, by seed and head."""
    tables = shared(*tables)
    return sum(tables[1:], tables[0]) / len(tables)


def ratio(upper: pd.DataFrame, lower: pd.DataFrame) -> pd.DataFrame:
    """Mean of the first over mean of the second, linearised: the table's mean is the ratio.

    Not a number where the second's mean is 0: a share of nothing.
    """
    upper, lower = shared(upper, lower)
    whole = lower.to_numpy().mean()
    if whole == 0:
        return upper * np.nan
    value = upper.to_numpy().mean() / whole
    return value + (upper - value * lower) / whole


def log_ratio(upper: pd.DataFrame, lower: pd.DataFrame) -> pd.DataFrame:
    """Logarithm of the mean of the first over that of the second, linearised.

    Not a number where either mean is 0.
    """
    upper, lower = shared(upper, lower)
    above, below = (table.to_numpy().mean() for table in (upper, lower))
    if above == 0 or below == 0:
        return upper * np.nan
    return np.log(above / below) + upper / above - lower / below


def combined(tables: Sequence[pd.DataFrame], weights: Sequence[float]) -> pd.DataFrame:
    """A weighted sum of contrasts on several domains, as one table (seeds, heads).

    Paired heads are in all of them and summed head by head. Other heads are each in one: their
    deviations from their own domain's mean are scaled so that the table's mean is the sum of the
    domains' means, and its spread over heads gives that sum's.
    """
    if all(table.columns.equals(tables[0].columns) for table in tables):
        weighed = [table * w for table, w in zip(shared(*tables), weights, strict=True)]
        return sum(weighed[1:], weighed[0])
    tables = of_common_seeds(tables)
    means = [table.to_numpy().mean() for table in tables]
    heads = sum(table.shape[1] for table in tables)
    blocks = [
        np.dot(weights, means) + (table - mean) * (w * heads / table.shape[1])
        for table, mean, w in zip(tables, means, weights, strict=True)
    ]
    return pd.concat(blocks, axis=1)


def over_domains(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean over domains of a contrast in each; see `combined`."""
    return combined(tables, [1 / len(tables)] * len(tables))
