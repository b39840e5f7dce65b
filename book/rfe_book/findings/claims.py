"""What the page of claims says of the scoreboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.words import listed, percent, with_interval
from rfe_study.claims import board as boards
from rfe_study.claims import headline, proof_of_concept, told
from rfe_study.claims.effects import MEAN
from rfe_study.claims.late import LATE
from rfe_study.claims.rows import ADAPTATION, PROOF
from rfe_study.claims.verdicts import (
    CONTRADICTED,
    REPRODUCED,
    UNDECIDED,
    Verdict,
    overall,
)
from rfe_study.methods.adaptation import adaptation_methods
from rfe_study.methods.proof_of_concept import proof_of_concept as proof_of_concept_models
from rfe_study.phantom.domains import TARGETS

_COUNTS = ("none", "one", "two", "three", "all")


def part_of(parts: Sequence[Verdict], name: str) -> Verdict:
    """The part of this name; refuses if there is none, or more than one."""
    (found,) = (part for part in parts if part.part == name)
    return found


def counts(board: pd.DataFrame, models: pd.DataFrame) -> Findings:
    """How many claims there are and how many have each verdict, and how many trainings there are.

    ``planned``: trainings that the design asks for, all of which there are.

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
    short = made.reindex(planned.index, fill_value=0) < planned
    must_hold("all trainings that the design asks for were made", not short.any())
    return Findings(
        claims=len(board),
        planned=int(planned.sum()),
        **found,
    )


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


def late(
    decided: Mapping[int, tuple[str, str]], turned: Sequence[tuple[Verdict, Verdict]]
) -> Findings:
    """What one training decides, the first that was added after the verdicts had been seen.

    ``training`` is its name, ``without`` how the claims would end without it, ``parts`` how many
    parts it turns in all, our own questions among them.

    Parameters
    ----------
    decided : mapping of int to (str, str)
        From `rfe_study.claims.late.decided`.
    turned : sequence of (Verdict, Verdict)
        From `rfe_study.claims.late.turned`.
    """
    must_hold("one training decides verdicts", bool(decided))
    ends: dict[str, list[str]] = {}
    for claim, (_, then) in decided.items():
        ends.setdefault(then, []).append(str(claim))
    words = [f"claim{'s' * (len(c) > 1)} {listed(c)} would be {end}" for end, c in ends.items()]
    return Findings(
        training=f"“{LATE['model']}” on {LATE['target']}, seed {LATE['seed']}",
        without=listed(words),
        parts=len(turned),
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
    return told.figures(part, of=lambda value: times * value, sign=sign)
