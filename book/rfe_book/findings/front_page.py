"""The three findings that the first page tells: a sentence each, and in full with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rfe_book.findings import Findings, must_hold
from rfe_book.findings.baselines import not_taken
from rfe_book.findings.claims import effect, part_of
from rfe_book.tables import adaptation as adapted
from rfe_book.tables.gains import differences
from rfe_book.words import number, with_interval
from rfe_study.claims import headline, operating_points, proof_of_concept, told
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.effects import MEAN
from rfe_study.claims.rows import ByModel, read
from rfe_study.claims.verdicts import NO_EFFECT, REPRODUCED, Verdict
from rfe_study.methods.adaptation import PAPER, PERFECT
from rfe_study.phantom.domains import TARGETS
from rfe_study.tables import MODELS, SCORES

#: Parts that the findings speak of.
REPAIRED, ON_D = f"repaired by labels, {MEAN}", "D: repaired by labels"
RISES, RISES_FIFTH = proof_of_concept.RISES, f"{proof_of_concept.RISES}, 80/20"
AHEAD = proof_of_concept.ahead_of("50/50")
NO_EMBEDDING = f"better than no embedding, {MEAN}"
STATISTICS = f"better than statistics only, {MEAN}"

Parts = Mapping[int | str, Sequence[Verdict]]


def headlines(parts: Parts) -> str:
    """The findings as a Markdown list, a sentence with one number each; refuses what is not so.

    Parameters
    ----------
    parts : mapping of int or str to sequence of Verdict
        The parts of each claim, from `rfe_study.claims.board.all_parts`.
    """
    _still_so(parts)
    repaired, fifth = part_of(parts[9], REPAIRED), part_of(parts[2], RISES_FIFTH)
    nothing = part_of(parts["ours"], NO_EMBEDDING)
    return f"""\
- **The gap is there, as we made sure beforehand:** labels of the other scanner raise the F-score
  (overlap with the truth, 0 to 1) by {_alone(repaired)} on average
  ([Chapter 3](03-baselines.ipynb)).
- **With true labels to say which pixels are alike, the recipe works on B:** comparing 2000 pixels
  from each scanner instead of 20, four in five of them background, gains {_alone(fifth)} in F
  ([Chapter 7](07-proof-of-concept.ipynb)).
- **With the paper's prior it adds nothing on average:** F changes by {_alone(nothing)} against
  the same training without the embedding loss ([Chapter 9](09-adaptation.ipynb)).
"""


def in_full(
    parts: Parts,
    ranked: Sequence[Verdict] | None = None,
    f: Mapping[str, ByModel] | None = None,
) -> Findings:
    """The numbers with which each of the findings is told in full; refuses what is no longer so.

    Parameters
    ----------
    parts : mapping of int or str to sequence of Verdict
        The parts of each claim, from `rfe_study.claims.board.all_parts`.
    ranked : sequence of Verdict, optional
        Those of claims 2 to 4 without a threshold, from `rfe_study.claims.operating_points.judge`;
        by default of the stored rows.
    f : mapping of str to ByModel, optional
        F of the adapted models by target; by default of the stored rows.
    """
    if ranked is None:
        ranked = operating_points.judge(read(SCORES), read(MODELS))["threshold-free"]
    if f is None:
        f = AdaptationRows.stored().by_target()
    _still_so(parts)
    repaired, on_d = (part_of(parts[9], name) for name in (REPAIRED, ON_D))
    rises, fifth = (part_of(parts[2], name) for name in (RISES, RISES_FIFTH))
    ahead = part_of(parts[3], AHEAD)
    must_hold("least on D", min(_on_each(parts), key=lambda part: part.estimate) == on_d)
    must_hold("most of the mean rise is one strategy's", rises.estimate > 2 * fifth.estimate)
    must_hold("80/20 is better than 50/50", ahead.low > 0)
    alike = part_of(ranked, AHEAD).verdict == NO_EFFECT
    must_hold("without a threshold 80/20 and 50/50 are alike", alike)
    nothing, statistics = (part_of(parts["ours"], name) for name in (NO_EMBEDDING, STATISTICS))
    must_hold("new statistics alone are better", statistics.high < 0)
    own = differences(f, PAPER, adapted.CONTROL)["mean"]
    must_hold("it helps B and harms C and D, if at all", max(own["C"], own["D"]) < 0 < own["B"])
    true = differences(f, PERFECT, headline.NONE_AT_LESIONS).loc["mean"]
    must_hold("in F true labels add no more", true["mean"] < 0.03 and true["low"] < 0)
    spared = not_taken()
    return Findings(
        repaired=effect(repaired),
        on_d=effect(on_d),
        batch=spared.batch_B,
        median=spared.median_B,
        group=spared.group_B,
        fifth=effect(fifth),
        rises=effect(rises),
        ahead=effect(ahead),
        nothing=effect(nothing, sign="+"),
        true=with_interval(*true, sign="+"),
        statistics=effect(statistics, -1),
        **{target: number(own[target], sign="+") for target in TARGETS},
    )


def _still_so(parts: Parts) -> None:
    """Refuse what the sentences of the first page say, where the parts no longer do."""
    must_hold("labels of the other scanner help", part_of(parts[9], REPAIRED).low > 0)
    must_hold("on each of them", all(part.verdict == REPRODUCED for part in _on_each(parts)))
    rises, fifth = (part_of(parts[2], name) for name in (RISES, RISES_FIFTH))
    must_hold("with true labels as prior F rises with n_E", min(rises.low, fifth.low) > 0)
    nothing = part_of(parts["ours"], NO_EMBEDDING)
    must_hold("with the paper's prior the loss adds little", abs(nothing.estimate) < 0.03)


def _on_each(parts: Parts) -> list[Verdict]:
    return [part_of(parts[9], f"{target}: repaired by labels") for target in TARGETS]


def _alone(part: Verdict) -> str:
    """The number of a part without its interval, which stands on the page of claims."""
    return told.figures(part).partition(" ")[0]
