"""How evidence becomes a verdict: reproduced, contradicted, no relevant effect, or undecided.

A part of a claim is a number, written so that the paper says it lies above a threshold; beside it
stands the smallest difference from the threshold that anyone would care for. All are in
`proof_of_concept`, `adaptation`, `baselines`, `sampling`, `effort` and `headline` and were fixed
before their rows were made (`DESIGN.md`). In this order:

- *no relevant effect* if the 90% interval lies within the smallest effect of the threshold (two
  one-sided tests at 5%), whatever side it is on;
- *reproduced* if the number is shown to be above the threshold, *contradicted* if below, by
  one-sided tests at 2.5% after Holm's correction over the parts of a claim: without a second part,
  if the whole 95% interval lies on one side;
- else *undecided*.

A part that asks for a bound alone ("at most 0.05 below", "more than half") has no smallest effect,
and so no "no relevant effect".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rfe_study.claims.evidence import Evidence, Unknown
from rfe_study.claims.rows import NotTrained

REPRODUCED, CONTRADICTED = "reproduced", "contradicted"
NO_EFFECT, UNDECIDED, NOT_TESTED = "no relevant effect", "undecided", "not tested yet"

#: From the worst for a claim that asks for all its parts to the best.
OUTCOMES = (CONTRADICTED, NO_EFFECT, NOT_TESTED, UNDECIDED, REPRODUCED)

#: Chance of a wrong "reproduced" among the parts of a claim, and of a wrong "contradicted".
ERROR = 0.025

#: Level of the interval that must lie within the smallest effect of interest: errors of 5%.
EQUIVALENCE = 0.90


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a part of a claim.

    Attributes
    ----------
    smallest : float or None
        Smallest effect of interest; None where a bound is asked for alone.
    main : bool
        Whether it decides the claim. Others (single domains beside their mean) are shown, tested as
        a family of their own, and can only contradict.
    family : str
        Parts of "ours" with the same name are corrected for each other.
    """

    claim: int | str  # a number of the paper's claims, "headline" or "ours"
    part: str
    statistic: str
    threshold: float
    smallest: float | None = None
    main: bool = True
    family: str = ""


@dataclass(frozen=True, kw_only=True)
class Part(Question):
    """A question, and how its number is computed of `rfe_study.claims.scores.Scores`."""

    compute: Callable[[Any], Evidence]

    @property
    def question(self) -> Question:
        """Without `compute`."""
        return Question(**{name: getattr(self, name) for name in Question.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Verdict(Question):
    """One part of a claim and what our rows say about it.

    `low` and `high` are the 95% interval, `p_above` and `p_below` one-sided and Holm-adjusted.
    """

    estimate: float
    low: float
    high: float
    p_above: float
    p_below: float
    verdict: str

    @property
    def effect(self) -> str:
        """``"+0.043 (0.012 to 0.074)"``."""
        if np.isnan(self.estimate):
            return "–"
        text = f"{self.estimate:+.3f}"
        if np.isfinite([self.low, self.high]).all():
            text += f" ({self.low:.3f} to {self.high:.3f})"
        return text.replace("-", "−")


def holm(p: Sequence[float]) -> list[float]:
    """p values adjusted for being several, by Holm's step-down method."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.tolist()


def decide(question: Question, evidence: Evidence, p_above: float, p_below: float) -> str:
    """The outcome of one part; p values as adjusted."""
    if isinstance(evidence, Unknown):
        return UNDECIDED
    if question.smallest is not None:
        low, high = evidence.interval(EQUIVALENCE)
        near = question.threshold - question.smallest, question.threshold + question.smallest
        if near[0] < low and high < near[1]:
            return NO_EFFECT
    if p_above < ERROR:
        return REPRODUCED
    return CONTRADICTED if p_below < ERROR else UNDECIDED


def judge(tested: Iterable[tuple[Question, Evidence | None]]) -> list[Verdict]:
    """The verdict on each question; None: not tested yet.

    Main parts of a claim are corrected for each other, and the others for each other.
    """
    tested = list(tested)
    families: dict[tuple, list[int]] = {}
    for i, (question, evidence) in enumerate(tested):
        if evidence is not None:
            families.setdefault((question.claim, question.main, question.family), []).append(i)
    above, below = {}, {}
    for members in families.values():
        for found, side in ((above, "p_above"), (below, "p_below")):
            p = [float(getattr(tested[i][1], side)(tested[i][0].threshold)) for i in members]
            found |= dict(zip(members, holm(p), strict=True))
    verdicts = []
    for i, (question, evidence) in enumerate(tested):
        if evidence is None:
            numbers = dict.fromkeys(("estimate", "low", "high", "p_above", "p_below"), np.nan)
            outcome = NOT_TESTED
        else:
            low, high = map(float, evidence.interval())
            numbers = {"estimate": float(evidence.estimate), "low": low, "high": high}
            numbers |= {"p_above": above[i], "p_below": below[i]}
            outcome = decide(question, evidence, above[i], below[i])
        verdicts.append(Verdict(**asdict(question), **numbers, verdict=outcome))
    return verdicts


def judge_parts(parts: Iterable[Part], scores: Any) -> list[Verdict]:
    """The verdict on each part by the scores; a part whose models are not there is not tested."""

    def evidence(part: Part) -> Evidence | None:
        try:
            return part.compute(scores)
        except NotTrained:
            return None

    return judge([(part.question, evidence(part)) for part in parts])


def deciding(parts: Iterable[Verdict]) -> Verdict:
    """The part that a claim's verdict comes from: the first with the worst outcome.

    A claim needs all its main parts. Of the others only a contradicted one counts.
    """
    counted = [part for part in parts if part.main or part.verdict == CONTRADICTED]
    if not counted:
        raise ValueError("a verdict on a claim needs at least one main part, got none")
    return min(counted, key=lambda part: OUTCOMES.index(part.verdict))


def overall(parts: Iterable[Verdict]) -> str:
    """The verdict on a claim, that of its `deciding` part."""
    return deciding(parts).verdict
