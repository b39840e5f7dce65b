"""Claims 1 and 13: whether samples resemble all embeddings, and how classes are drawn.

Statistics and thresholds stand here; the rows are those of `rfe_study.measures.representativeness`.
Intervals come from drawing batches again, with replacement.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from rfe_study.claims.evidence import Resampled
from rfe_study.claims.verdicts import Question, Verdict, judge

#: Claim 1: minus Spearman's rank correlation of divergence and n_E (1: falls at every step).
MONOTONE = 0.9

#: Claim 1: share of the fall that must be left once a perfect sample's fall is taken off.
BEYOND_NULL = 0.1

#: Claim 13: how many times the true lesion share 50/50 must draw to "oversample".
OVERSAMPLED = 2.0

#: Claim 13: a draw whose lesion share is below this part of the true one undersamples; at the
#: smallest n_E more than half of the batches must, at the largest less than half.
UNDERSAMPLED, OFTEN = 0.9, 0.5


#: From means over batches of one or two tables, (K, n_E's) each, to one number for each row, (K,).
Statistic = Callable[..., NDArray[np.float64]]


def _wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """A row a batch, a column an n_E; one strategy and model of `rows`."""
    wide = rows.pivot(index="batch", columns="n_e", values=column).sort_index(axis=1)
    if wide.isna().any(axis=None) or wide.shape[0] < 2 or wide.shape[1] < 2:
        raise ValueError(
            f"{column} must be there for each batch (2 or more) and n_E, got {wide.shape} with "
            f"{int(wide.isna().sum().sum())} missing"
        )
    return wide


def _resampled(
    tables: Sequence[pd.DataFrame],
    statistic: Statistic,
    generator: np.random.Generator,
    draws: int,
) -> Resampled:
    """A statistic of the means over batches that tables share, and its values on other batches."""
    arrays = [table.to_numpy() for table in tables]
    n = len(arrays[0])
    again = generator.integers(n, size=(draws, n))
    (estimate,) = statistic(*(array.mean(0, keepdims=True) for array in arrays))
    values = statistic(*(array[again].mean(1) for array in arrays))
    return Resampled(float(estimate), values)


def _parts(
    rows: pd.DataFrame,
    columns: Sequence[str],
    statistic: Statistic,
    about: dict,
    generator: np.random.Generator,
    draws: int,
) -> list[Verdict]:
    """One part a strategy and seed of A_L."""
    tested = []
    for (strategy, seed), group in rows.groupby(["strategy", "seed"], sort=False):
        tables = [_wide(group, column) for column in columns]
        found = _resampled(tables, statistic, generator, draws)
        tested.append((Question(part=f"{strategy}, seed {seed}", **about), found))
    return judge(tested)


def falls(
    rows: pd.DataFrame, measure: str, *, generator: np.random.Generator, draws: int = 2000
) -> list[Verdict]:
    """Claim 1 as published: the divergence falls as n_E grows, for every strategy.

    Parameters
    ----------
    rows : DataFrame
        Of one kind of batch, from `rfe_study.measures.representativeness`.
    measure : str
        Column of divergences, for example "own_flattened".
    """

    def statistic(jsd: NDArray) -> NDArray:
        ranks = stats.rankdata(jsd, axis=1) - (jsd.shape[1] + 1) / 2
        rising = np.arange(jsd.shape[1]) - (jsd.shape[1] - 1) / 2
        length = np.linalg.norm(ranks, axis=1) * np.linalg.norm(rising)
        return -(ranks @ rising) / length

    about = {"claim": 1, "statistic": "−ρ(JSD, n_E)", "threshold": MONOTONE}
    return _parts(rows, [measure], statistic, about, generator, draws)


def falls_beyond_null(
    rows: pd.DataFrame, per: str, *, generator: np.random.Generator, draws: int = 2000
) -> list[Verdict]:
    """Claim 1 beyond arithmetic: the divergence falls by more than a perfect sample's does.

    Parameters
    ----------
    per : {"flattened", "channel"}
        Which pair of columns: shared edges and their null.
    """

    def statistic(jsd: NDArray, null: NDArray) -> NDArray:
        fall, expected = (x[:, 0] - x[:, -1] for x in (jsd, null))
        return (fall - expected) / fall

    about = {"claim": 1, "statistic": "share beyond the null", "threshold": BEYOND_NULL}
    columns = [f"shared_{per}", f"null_{per}"]
    return _parts(rows, columns, statistic, about, generator, draws)


def _share_ratio(rows: pd.DataFrame) -> pd.Series:
    """Lesion share of what is drawn over that of the batch."""
    drawn = rows["drawn_lesion"] / (rows["drawn_lesion"] + rows["drawn_background"])
    return drawn / (rows["lesion_pixels"] / rows["pixels"])


def class_balance(
    rows: pd.DataFrame, *, generator: np.random.Generator, draws: int = 2000
) -> list[Verdict]:
    """Claim 13: 50/50 oversamples lesions; distribution-aware undersamples them when n_E is small.

    Counts do not depend on the network, so rows of one seed are enough.
    """
    rows = rows[rows["seed"] == rows["seed"].min()]
    rows = rows.assign(ratio=_share_ratio(rows))
    balanced = _wide(rows[rows["strategy"] == "50/50"], "ratio")
    aware = _wide(rows[rows["strategy"] == "distribution-aware"], "ratio") < UNDERSAMPLED
    small, large = (aware[[n]].astype(float) for n in (aware.columns[0], aware.columns[-1]))
    first, last = small.columns[0], large.columns[0]
    cases = [
        ("50/50 oversamples lesions", "times the true share", OVERSAMPLED, balanced),
        (f"distribution-aware undersamples at {first}", "share of batches", OFTEN, small),
        (f"distribution-aware does not at {last}", "share of batches", OFTEN, 1 - large),
    ]
    return judge(
        (
            Question(claim=13, part=part, statistic=statistic, threshold=threshold),
            _resampled([table], lambda means: means.mean(-1), generator, draws),
        )
        for part, statistic, threshold, table in cases
    )
