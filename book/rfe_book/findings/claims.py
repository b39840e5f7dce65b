"""What the page of claims and the first page say of the scoreboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.words import percent, span, with_interval
from rfe_study.claims import board as boards
from rfe_study.claims import headline, operating_points
from rfe_study.claims.effects import MEAN
from rfe_study.claims.rows import read
from rfe_study.claims.verdicts import (
    CONTRADICTED,
    NO_EFFECT,
    REPRODUCED,
    UNDECIDED,
    Verdict,
    overall,
)
from rfe_study.tables import MODELS, SCORES

#: Parts that the first page speaks of, by claim.
REPAIRED = f"repaired by labels, {MEAN}"
RISES = "higher at n_E = 2000 than at 20, ACD"
AHEAD = "80/20 better than 50/50, ACD"
NO_EMBEDDING = f"better than no embedding, {MEAN}"
STATISTICS = f"better than statistics only, {MEAN}"

_COUNTS = ("none", "one", "two", "three", "all")


def part_of(parts: Sequence[Verdict], name: str) -> Verdict:
    """The part of this name; refuses if there is none, or more than one."""
    (found,) = (part for part in parts if part.part == name)
    return found


def counts(board: pd.DataFrame, models: pd.DataFrame) -> Findings:
    """How many claims there are and how many have each verdict; ``seeds`` of a model, "1 to 5".

    Parameters
    ----------
    board : DataFrame
        From `rfe_study.claims.board.board`.
    models : DataFrame
        Rows of fine-tuned models.
    """
    found = {name.replace(" ", "_"): count for name, count in boards.counted(board).items()}
    seeds = models.groupby(["experiment", "target", "model"])["seed"].nunique()
    return Findings(claims=len(board), seeds=span(seeds), **found)


def headlines(
    parts: Mapping[int | str, Sequence[Verdict]], ranked: Sequence[Verdict] | None = None
) -> str:
    """The three findings of the first page as a Markdown list; refuses what is no longer so.

    Parameters
    ----------
    parts : mapping of int or str to sequence of Verdict
        The parts of each claim, from `rfe_study.claims.board.all_parts`.
    ranked : sequence of Verdict, optional
        Those of claims 2 to 4 without a threshold, from `rfe_study.claims.operating_points.judge`;
        by default of the stored rows.
    """
    if ranked is None:
        ranked = operating_points.judge(read(SCORES), read(MODELS))["threshold-free"]
    repaired, rises = part_of(parts[9], REPAIRED), part_of(parts[2], RISES)
    ahead = part_of(parts[3], AHEAD)
    must_hold("labels of the other scanner help", repaired.low > 0)
    must_hold("with true labels as prior F rises with n_E", rises.low > 0)
    must_hold("80/20 is better than 50/50", ahead.low > 0)
    alike = part_of(ranked, AHEAD).verdict == NO_EFFECT
    must_hold("without a threshold 80/20 and 50/50 are alike", alike)
    nothing, statistics = (part_of(parts["ours"], name) for name in (NO_EMBEDDING, STATISTICS))
    must_hold("with the paper's prior the loss adds little", abs(nothing.estimate) < 0.03)
    must_hold("new statistics alone are better", statistics.high < 0)
    differs = effect(nothing, sign="+")
    return f"""\
- **The gap is real.** Labels of the other scanner raise the F-score there by
  {effect(repaired)}: that is what unlabelled images would have to make up for
  ([Chapter 3](03-baselines.ipynb)).
- **With true labels to say which pixels are alike, the recipe works.** Comparing 2000 pixels
  from each scanner instead of 20 gains {effect(rises)} in F, and 80% background with 20% lesion
  is better than half and half by {effect(ahead)} at a threshold of 0.5; without a threshold the
  two are alike ([Chapter 7](07-proof-of-concept.ipynb)).
- **With the paper's prior it adds nothing here.** Against the same training without the embedding
  loss F differs by {differs}; taking batch norm's statistics anew from the new scanner's
  images, without any loss on them, is better by {effect(statistics, -1)}
  ([Chapter 9](09-adaptation.ipynb)).
"""


def in_advance(parts: Mapping[str, Sequence[Verdict]]) -> Findings:
    """What came of the headline that was fixed in advance, sentence by sentence.

    ``held``: how many of its sentences are reproduced, in words. ``recall``: how much more recall
    than precision 80/20 gains. ``apart``: the largest difference in average precision between class
    shares. ``perfect`` and ``perfect_B``, ``v1`` and ``v1_B``, ``none`` and ``none_B``: shares of
    the gap closed.

    Parameters
    ----------
    parts : mapping of str to sequence of Verdict
        From `rfe_study.claims.board.headline_parts`.
    """
    held = sum(overall(found) == REPRODUCED for found in parts.values())
    more, alike = (part for part in parts[headline.OPERATING_POINT] if part.main)
    mean, of_b = {}, {}
    for name in (headline.WITH_PERFECT, headline.WITH_V1, headline.WITHOUT_LABELS):
        (mean[name],) = (part for part in parts[name] if part.main)
        (of_b[name],) = (part for part in parts[name] if part.part.startswith("B: "))
    must_hold("80/20 gains recall and loses precision", more.low > 0)
    must_hold("average precision differs too", alike.estimate < alike.threshold)
    must_hold("that is not enough to contradict", alike.verdict == UNDECIDED)
    perfect, known = headline.WITH_PERFECT, headline.WITH_V1
    must_hold("a perfect prior falls short", mean[perfect].high < headline.PERFECT_SHARE)
    must_hold("V1 alone does harm in the mean", mean[known].high < 0)
    must_hold("V1 alone is enough on B", of_b[known].estimate > headline.REAL_SHARE)
    unlabelled = mean[headline.WITHOUT_LABELS]
    alone = of_b[headline.WITHOUT_LABELS]
    must_hold("without labels the mean decides nothing", unlabelled.verdict == UNDECIDED)
    must_hold("B alone contradicts that sentence", alone.verdict == CONTRADICTED)
    return Findings(
        held=_COUNTS[held],
        recall=effect(more),
        apart=f"{-alike.estimate:.2f}",
        perfect=share_of(mean[perfect]),
        perfect_B=share_of(of_b[perfect]),
        v1=share_of(mean[known]),
        v1_B=share_of(of_b[known]),
        none=share_of(unlabelled),
        none_B=share_of(alone),
    )


def share_of(part: Verdict) -> str:
    """``"41% (27 to 55)"``: a share of a gap with its 95% interval."""
    return percent(part, of_ends="")


def effect(part: Verdict, times: int = 1, *, sign: str = "") -> str:
    """``"0.04 (0.01 to 0.07)"``: an estimate with its 95% interval; `times` −1 turns it round."""
    ends = sorted((times * part.low, times * part.high))
    return with_interval(times * part.estimate, *ends, sign=sign)
