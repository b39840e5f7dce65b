"""What rows say about one number: an estimate, intervals, and p values on either side.

Means over seeds and heads come from `rfe_study.claims.crossed`. Here is what else a part of a claim
may rest on: several such means that must all lie above, batches drawn again, an exact number, or
too few rows to say anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_study.claims.crossed import crossed_mean
from rfe_study.claims.heads import log_load


class Evidence(Protocol):
    """An estimate with its interval at any level, and one-sided p values for any threshold.

    `p_above` is small if the number is above the threshold, `p_below` if it is below.
    """

    @property
    def estimate(self) -> float: ...

    def interval(self, level: float = 0.95) -> tuple[float, float]: ...

    def p_above(self, threshold: float) -> float: ...

    def p_below(self, threshold: float) -> float: ...


@dataclass(frozen=True)
class Unknown:
    """An estimate from so few rows that nothing can be said of it."""

    estimate: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Not numbers, at any level."""
        return float("nan"), float("nan")

    def p_above(self, threshold: float) -> float:
        """1: nothing is shown."""
        return 1.0

    p_below = p_above


@dataclass(frozen=True)
class Exact:
    """A number without chance in it."""

    estimate: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The number itself, twice."""
        return self.estimate, self.estimate

    def p_above(self, threshold: float) -> float:
        """0 if it is above, else 1."""
        return float(not self.estimate > threshold)

    def p_below(self, threshold: float) -> float:
        """0 if it is below, else 1."""
        return float(not self.estimate < threshold)


@dataclass(frozen=True)
class Resampled:
    """A statistic with its values on resamples of what it is computed of."""

    estimate: float
    draws: NDArray[np.float64]

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The middle part of the draws."""
        low, high = np.quantile(self.draws, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def p_above(self, threshold: float) -> float:
        """Share of draws that are not above, the estimate's own counted as one that is not."""
        return float(1 + (self.draws <= threshold).sum()) / (1 + len(self.draws))

    def p_below(self, threshold: float) -> float:
        """Share of draws that are not below, likewise."""
        return float(1 + (self.draws >= threshold).sum()) / (1 + len(self.draws))


@dataclass(frozen=True)
class Least:
    """Several numbers that must all be above: an intersection-union test.

    All are above if the least sure of them is, without correction. One of them is below if the
    surest is, times how many were looked at. Estimate and interval are those of the smallest.
    """

    members: Sequence[Evidence]

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("Least needs at least one number, got none")

    @property
    def _smallest(self) -> Evidence:
        return min(self.members, key=lambda member: member.estimate)

    @property
    def estimate(self) -> float:
        """The smallest."""
        return self._smallest.estimate

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """That of the smallest."""
        return self._smallest.interval(level)

    def p_above(self, threshold: float) -> float:
        """That not all are above."""
        return max(member.p_above(threshold) for member in self.members)

    def p_below(self, threshold: float) -> float:
        """That none is below."""
        surest = min(member.p_below(threshold) for member in self.members)
        return min(1.0, len(self.members) * surest)


def of_table(table: pd.DataFrame) -> Evidence:
    """The mean of a contrast by seed and head, (seeds, heads), both random.

    Of paired heads, what the logarithm of their lesion load explains is taken off the spread. With
    one seed or one head there is an estimate and nothing else, and of a share of nothing not even
    that.
    """
    estimate = float(table.to_numpy().mean())
    if min(table.shape) < 2 or np.isnan(estimate):
        return Unknown(estimate)
    enough = table.shape[1] > 3
    return crossed_mean(table.to_numpy(), covariate=log_load(table.columns) if enough else None)
