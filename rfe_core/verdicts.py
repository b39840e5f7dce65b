"""The paper's claims tested on stored rows: reproduced, not reproduced, or undecided.

Each test fixes its statistic and its threshold here, before its rows are made. A part of a claim is
*reproduced* if the whole 95% interval of its statistic lies above the threshold, *not reproduced*
if it lies below, else *undecided*. Intervals come from drawing batches again, with replacement.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from rfe_core.intervals import interval

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"

#: Claim 1: minus Spearman's rank correlation of divergence and n_E (1: falls at every step).
MONOTONE = 0.9
#: Claim 1: share of the fall that must be left once a perfect sample's fall is taken off.
BEYOND_NULL = 0.1
#: Claim 13: how many times the true lesion share 50/50 must draw to "oversample".
OVERSAMPLED = 2.0
#: Claim 13: a draw whose lesion share is below this part of the true one undersamples; at the
#: smallest n_E more than half of the batches must, at the largest less than half.
UNDERSAMPLED, OFTEN = 0.9, 0.5


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One part of a claim and what our rows say about it."""

    claim: int  # as numbered in the book's list of claims
    part: str
    statistic: str
    threshold: float
    estimate: float
    low: float
    high: float
    verdict: str


def verdict_of(
    part: Any, estimate: float, low: float, high: float, *, known: bool = True
) -> Verdict:
    """The verdict on a part of a claim, which has `claim`, `part`, `statistic` and `threshold`.

    Not `known`: the interval says nothing, so the part is undecided.
    """
    return Verdict(
        claim=part.claim,
        part=part.part,
        statistic=part.statistic,
        threshold=part.threshold,
        estimate=estimate,
        low=low,
        high=high,
        verdict=decide(low, high, part.threshold) if known else UNDECIDED,
    )


def decide(low: float, high: float, threshold: float) -> str:
    """The verdict for an interval that should lie above a threshold."""
    if not low <= high:
        raise ValueError(f"low must be <= high, got {low} and {high}")
    if low > threshold:
        return REPRODUCED
    return NOT_REPRODUCED if high < threshold else UNDECIDED


def overall(parts: Iterable[Verdict]) -> str:
    """Of several parts: reproduced if all are, not reproduced if one is not, else undecided."""
    found = {part.verdict for part in parts}
    if not found:
        raise ValueError("overall needs at least one part, got none")
    if NOT_REPRODUCED in found:
        return NOT_REPRODUCED
    return REPRODUCED if found == {REPRODUCED} else UNDECIDED


def as_table(parts: Iterable[Verdict]) -> pd.DataFrame:
    """The parts as a table, a row each."""
    return pd.DataFrame([asdict(part) for part in parts])


def summary(tests: Mapping[str, Sequence[Verdict]]) -> pd.DataFrame:
    """A row a test, a column a strategy: the estimates' range over networks, and the verdict.

    Parameters
    ----------
    tests : mapping of name to the parts that `falls` or `falls_beyond_null` return
    """
    lines = {}
    for name, parts in tests.items():
        found: dict[str, list[float]] = {}
        for part in parts:
            found.setdefault(part.part.partition(", seed")[0], []).append(part.estimate)
        ranges = {
            strategy: " to ".join(dict.fromkeys(f"{end(values):.2f}" for end in (min, max)))
            for strategy, values in found.items()
        }
        about = {"statistic": parts[0].statistic, "above": parts[0].threshold}
        lines[name] = about | ranges | {"verdict": overall(parts)}
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("JSD")


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
    statistic: Callable[..., float],
    generator: np.random.Generator,
    draws: int,
) -> tuple[float, float, float]:
    """A statistic of tables that share their batches: estimate and 95% interval."""
    arrays = [table.to_numpy() for table in tables]
    n = len(arrays[0])
    values = []
    for _ in range(draws):
        again = generator.integers(n, size=n)
        values.append(statistic(*(array[again] for array in arrays)))
    return (float(statistic(*arrays)), *interval(values))


def _parts(
    rows: pd.DataFrame,
    columns: Sequence[str],
    statistic: Callable[..., float],
    about: dict,
    generator: np.random.Generator,
    draws: int,
) -> list[Verdict]:
    """One part a strategy and seed of A_L."""
    parts = []
    for (strategy, seed), group in rows.groupby(["strategy", "seed"], sort=False):
        tables = [_wide(group, column) for column in columns]
        estimate, low, high = _resampled(tables, statistic, generator, draws)
        verdict = decide(low, high, about["threshold"])
        part = f"{strategy}, seed {seed}"
        parts.append(
            Verdict(part=part, estimate=estimate, low=low, high=high, verdict=verdict, **about)
        )
    return parts


def falls(
    rows: pd.DataFrame, measure: str, *, generator: np.random.Generator, draws: int = 2000
) -> list[Verdict]:
    """Claim 1 as published: the divergence falls as n_E grows, for every strategy.

    Parameters
    ----------
    rows : DataFrame
        Of one kind of batch, from `rfe_core.representativeness`.
    measure : str
        Column of divergences, for example "own_flattened".
    """

    def statistic(jsd: np.ndarray) -> float:
        return -stats.spearmanr(np.arange(jsd.shape[1]), jsd.mean(0)).statistic

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

    def statistic(jsd: np.ndarray, null: np.ndarray) -> float:
        fall, expected = (x[:, 0].mean() - x[:, -1].mean() for x in (jsd, null))
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
    parts = []
    for part, statistic, threshold, table in cases:
        estimate, low, high = _resampled([table], np.mean, generator, draws)
        parts.append(
            Verdict(
                claim=13,
                part=part,
                statistic=statistic,
                threshold=threshold,
                estimate=estimate,
                low=low,
                high=high,
                verdict=decide(low, high, threshold),
            )
        )
    return parts
