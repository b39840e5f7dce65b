"""How an interval becomes a verdict: reproduced, not reproduced, or undecided.

A part of a claim has a statistic and a threshold, which stand in `sampling`, `proof`, `adaptation`
and `baselines` and were fixed before their rows were made. It is *reproduced* if the whole 95%
interval of its statistic lies above the threshold, *not reproduced* if it lies below, else
*undecided*.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rfe_study.claims.resampling import interval, resample
from rfe_study.claims.scores import Scores

#: From scores to one number for each way to weigh them, (K,).
Statistic = Callable[[Scores], NDArray[np.float64]]

REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One part of a claim and what our rows say about it."""

    claim: int | str  # as numbered in the book's list of claims, or "ours"
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


def all_hold(holds: Sequence[bool]) -> str:
    """``"holds"`` if everything does, else ``"does not hold"``."""
    if not len(holds):
        raise ValueError("all_hold needs at least one condition, got none")
    return "holds" if all(holds) else "does not hold"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a claim: what is computed, and the threshold it should exceed.

    `linear`: the statistic is a weighted sum of F. `seeds_stay`: seeds are not drawn again, since
    it compares them with each other and a seed drawn twice would agree with itself.
    """

    claim: int | str  # a number of the paper's claims, or "ours"
    part: str
    statistic: str
    threshold: float
    compute: Statistic
    linear: bool = False
    seeds_stay: bool = False


def judge_parts(
    parts: Iterable[Part],
    scores: Scores,
    *,
    generator: np.random.Generator,
    draws: int,
    seeds_first: bool = False,
) -> list[Verdict]:
    """The verdict on each part, its interval from `rfe_study.claims.resampling.resample`."""
    both, patients_alone = resample(
        scores, generator=generator, draws=draws, seeds_first=seeds_first
    )
    verdicts = []
    for part in parts:
        low, high = interval(part.compute(patients_alone if part.seeds_stay else both))
        known = np.isfinite([low, high]).all()  # not so if seeds are compared and there is one
        estimate = float(part.compute(scores)[0])
        verdicts.append(verdict_of(part, estimate, low, high, known=bool(known)))
    return verdicts
