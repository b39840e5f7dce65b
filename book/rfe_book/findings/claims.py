"""What the page of claims and the first page say of the scoreboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.findings.baselines import not_taken
from rfe_book.tables import adaptation as adapted
from rfe_book.tables.gains import differences
from rfe_book.words import listed, number, percent, with_interval
from rfe_study.claims import board as boards
from rfe_study.claims import headline, operating_points, proof_of_concept
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.effects import MEAN
from rfe_study.claims.late import LATE
from rfe_study.claims.rows import ADAPTATION, PROOF, ByModel, read
from rfe_study.claims.verdicts import (
    CONTRADICTED,
    NO_EFFECT,
    REPRODUCED,
    UNDECIDED,
    Verdict,
    overall,
)
from rfe_study.methods.adaptation import PAPER, PERFECT, adaptation_methods
from rfe_study.methods.proof_of_concept import proof_of_concept as proof_of_concept_models
from rfe_study.phantom.domains import TARGETS
from rfe_study.tables import MODELS, SCORES

#: Parts that the first page speaks of, by claim.
REPAIRED, ON_D = f"repaired by labels, {MEAN}", "D: repaired by labels"
RISES, RISES_FIFTH = proof_of_concept.RISES, f"{proof_of_concept.RISES}, 80/20"
AHEAD = proof_of_concept.ahead_of("50/50")
NO_EMBEDDING = f"better than no embedding, {MEAN}"
STATISTICS = f"better than statistics only, {MEAN}"

_COUNTS = ("none", "one", "two", "three", "all")


def part_of(parts: Sequence[Verdict], name: str) -> Verdict:
    """The part of this name; refuses if there is none, or more than one."""
    (found,) = (part for part in parts if part.part == name)
    return found


def counts(board: pd.DataFrame, models: pd.DataFrame) -> Findings:
    """How many claims there are and how many have each verdict, and how many trainings there are.

    ``planned``: trainings that the design asks for; ``lacking``: how many of these there are not,
    ``where``: on which domains.

    Parameters
    ----------
    board : DataFrame
        From `rfe_study.claims.board.board`.
    models : DataFrame
        Rows of fine-tuned models.
    """
    found = {name.replace(" ", "_"): count for name, count in boards.counted(board).items()}
    lists = [(PROOF, "B", proof_of_concept_models())]
    lists += [(ADAPTATION, target, adaptation_methods()) for target in TARGETS]
    planned = pd.Series({(e, t, m.name): m.seeds for e, t, own in lists for m in own})
    made = models.groupby(["experiment", "target", "model"])["seed"].nunique()
    lacking = (planned - made.reindex(planned.index, fill_value=0)).clip(lower=0)
    on = lacking.groupby(level=1).sum()
    return Findings(
        claims=len(board),
        planned=int(planned.sum()),
        lacking=int(on.sum()),
        where=listed([f"{n} on {target}" for target, n in on.items() if n]),
        **found,
    )


def headlines(
    parts: Mapping[int | str, Sequence[Verdict]],
    ranked: Sequence[Verdict] | None = None,
    f: Mapping[str, ByModel] | None = None,
) -> str:
    """The three findings of the first page as a Markdown list; refuses what is no longer so.

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
    repaired, on_d = (part_of(parts[9], name) for name in (REPAIRED, ON_D))
    rises, fifth = (part_of(parts[2], name) for name in (RISES, RISES_FIFTH))
    ahead = part_of(parts[3], AHEAD)
    must_hold("labels of the other scanner help", repaired.low > 0)
    each = [part_of(parts[9], f"{target}: repaired by labels") for target in TARGETS]
    must_hold("on each of them", all(part.verdict == REPRODUCED for part in each))
    must_hold("least on D", min(each, key=lambda part: part.estimate) == on_d)
    must_hold("with true labels as prior F rises with n_E", min(rises.low, fifth.low) > 0)
    must_hold("most of the mean rise is one strategy's", rises.estimate > 2 * fifth.estimate)
    must_hold("80/20 is better than 50/50", ahead.low > 0)
    alike = part_of(ranked, AHEAD).verdict == NO_EFFECT
    must_hold("without a threshold 80/20 and 50/50 are alike", alike)
    nothing, statistics = (part_of(parts["ours"], name) for name in (NO_EMBEDDING, STATISTICS))
    must_hold("with the paper's prior the loss adds little", abs(nothing.estimate) < 0.03)
    must_hold("new statistics alone are better", statistics.high < 0)
    own = differences(f, PAPER, adapted.CONTROL)["mean"]
    must_hold("it helps B and harms C and D, if at all", max(own["C"], own["D"]) < 0 < own["B"])
    told = differences(f, PERFECT, headline.NONE_AT_LESIONS).loc["mean"]
    must_hold("in F true labels add no more", told["mean"] < 0.03 and told["low"] < 0)
    spared = not_taken()
    return f"""\
- **The gap is there, as we made sure beforehand.** On average over B, C and D labels of the other
  scanner raise the F-score there by {effect(repaired)}, least on D: {effect(on_d)}. On B it owes
  much to choices of ours: on development heads, without labels, scaling images by their median
  lifts F from {spared.batch_B} to {spared.median_B}, and group norm in place of batch norm to
  {spared.group_B} ([Chapter 3](03-baselines.ipynb)).
- **With true labels to say which pixels are alike, the recipe works on B.** With 80% background and
  20% lesion, comparing 2000 pixels from each scanner instead of 20 gains {effect(fifth)} in F. (In
  the mean over three strategies it gains {effect(rises)}, most of it because one of them draws
  hardly a lesion at 20.) That mixture is better than half and half by {effect(ahead)} at a
  threshold of 0.5; without a threshold the two are alike ([Chapter 7](07-proof-of-concept.ipynb)).
- **With the paper's prior it adds nothing on average.** In Chapter 9, with another weight, margin,
  number of pixels and learning rate, F differs from the same training without the embedding loss by
  {effect(nothing, sign="+")}: on B perhaps {number(own["B"], sign="+")}, on C perhaps
  {number(own["C"], sign="+")}, on D {number(own["D"], sign="+")}. With true labels as prior it
  differs by {with_interval(*told, sign="+")}. Taking batch norm's statistics anew from the new
  scanner's images, without any loss on them, is better than the paper's prior by
  {effect(statistics, -1)}; the paper's network has no batch norm
  ([Chapter 9](09-adaptation.ipynb)).
"""


def with_fewer(
    fewer: Mapping[int | str, Sequence[Verdict]], parts: Mapping[int | str, Sequence[Verdict]]
) -> Findings:
    """How the first three seeds mislead: claim 4 was contradicted by them, and no longer is.

    ``l2_fewer`` and ``l2_all``: F of ACD less F of l2, by the first seeds and by all.

    Parameters
    ----------
    fewer, parts : mapping of int or str to sequence of Verdict
        From `rfe_study.claims.board.all_parts`, of the first three seeds and of all.
    """
    first, last = (part_of(of[4], proof_of_concept.WORSE) for of in (fewer, parts))
    must_hold("three seeds contradict claim 4", overall(fewer[4]) == CONTRADICTED)
    must_hold("all of them leave it open", overall(parts[4]) == UNDECIDED)
    by_few, by_all = (with_interval(p.estimate, p.low, p.high, digits=3) for p in (first, last))
    return Findings(l2_fewer=by_few, l2_all=by_all)


def late(turned: Sequence[tuple[Verdict, Verdict]]) -> Findings:
    """What one training decides, the first that was added after the verdicts had been seen.

    ``training`` is its name, ``part`` the main part of a claim that it turns, ``verdict`` what that
    is without it, ``beside`` how many other parts it turns, our own questions among them.

    Parameters
    ----------
    turned : sequence of (Verdict, Verdict)
        From `rfe_study.claims.late.turned`.
    """
    main = [then for _, then in turned if then.main and then.claim != "ours"]
    must_hold("it turns a part of claim 7 alone", [p.claim for p in main] == [7])
    must_hold("which decides the claim", [p.verdict for p in main] == [CONTRADICTED])
    return Findings(
        training=f"“{LATE['model']}” on {LATE['target']}, seed {LATE['seed']}",
        part=", ".join(p.part for p in main),
        verdict=", ".join(p.verdict for p in main),
        beside=len(turned) - len(main),
    )


def reproduced(board: pd.DataFrame, ours: Sequence[Verdict]) -> Findings:
    """That no claim that is reproduced says that the method with the paper's prior helps.

    Parameters
    ----------
    board : DataFrame
        From `rfe_study.claims.board.board`.
    ours : sequence of Verdict
        The parts of our own questions.
    """
    plain = board.set_index("claim")["verdict"].str.removesuffix(" (setup)")
    found = [claim for claim, verdict in plain.items() if verdict == REPRODUCED]
    must_hold("no other claims are reproduced", found == [1, 2, 3, 8, 9, 11, 12, 13, 14])
    another = part_of(ours, f"more of those than another upper bound, {MEAN}")
    must_hold("another upper bound finds as many", another.low < 0 < another.high)
    return Findings(another=percent(another, unit=" points", of_ends=""))


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
    must_hold("without labels it does harm, too", max(unlabelled.high, alone.high) < 0)
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
