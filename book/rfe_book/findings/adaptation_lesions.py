"""What chapter 09 says of false positives, small lesions, the luck of V1, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.findings.adaptation import ByTarget, mean_of
from rfe_book.tables import adaptation as tables
from rfe_book.tables.gains import differences
from rfe_book.words import gained, listed, percent, with_interval
from rfe_study.claims.adaptation import ALL_PIXELS, EVERY_LESION, small_ahead
from rfe_study.claims.effects import MEAN
from rfe_study.claims.heads import VERDICT
from rfe_study.claims.scores import Scores
from rfe_study.claims.verdicts import REPRODUCED, Verdict, deciding
from rfe_study.methods.adaptation import PAPER, PERFECT
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND


def points(part: Verdict) -> str:
    """``"13 points (11 to 14)"``, of a difference of shares."""
    return percent(part, unit=" points", of_ends="")


def false_positives(wrong: ByTarget, parts: Sequence[Verdict]) -> Findings:
    """Claim 7: pieces of false positives a slice, and what precision and recall gain.

    Parameters
    ----------
    wrong
        False positives a slice, by model.
    """
    part = {p.part: p for p in parts}
    fewer = part[f"fewer false positives, {MEAN}"]
    gains = part[f"precision gains more than recall, {MEAN}"]
    must_hold("there are rather more pieces than fewer", fewer.estimate < 0)
    must_hold("precision gains more than recall", gains.estimate > 0)
    on_b = part["B: precision gains more than recall"]
    must_hold("the gain on B comes through precision", on_b.estimate > 0)
    counts = {
        key: listed([f"{v[model].to_numpy().mean():.1f} on {t}" for t, v in wrong.items()])
        for key, model in (("lower", LOWER_BOUND), ("paper", PAPER))
    }
    times = sorted(np.exp([-fewer.low, -fewer.high]))
    return Findings(
        **counts,
        times=f"{np.exp(-fewer.estimate):.1f}",
        times_low=f"{times[0]:.1f}",
        times_high=f"{times[1]:.1f}",
        fewer=fewer.verdict,
        gains=gains.verdict,
        gains_effect=gains.effect,
        by_seed=", ".join(f"{x:.1f}" for x in wrong["B"][PAPER].mean(axis=1)),
    )


def small_share(found: pd.DataFrame, model: str) -> float:
    """Share of very small lesions that a model finds: mean over seeds, then over domains."""
    first = found[(found["size"] == found["size"].iloc[0]) & (found["model"] == model)]
    return float(first.groupby("domain")["found"].mean().mean())


def small(found: pd.DataFrame, f: ByTarget, wrong: ByTarget, parts: Sequence[Verdict]) -> Findings:
    """Claims 8, 11 and 12: very small lesions, and why they are missed.

    Parameters
    ----------
    found : DataFrame
        `rfe_book.tables.adaptation.found_by_size`.
    """
    part = {p.part: p for p in parts}
    missed = part[f"most lesions below 10 mm³ missed, {MEAN}"]
    more = part[f"every lesion equally likely finds more below 10 mm³, perfect prior, {MEAN}"]
    beyond = part[f"finds lesions that the upper bound misses, {MEAN}"]
    another = part[f"more of those than another upper bound, {MEAN}"]
    share = {m: small_share(found, m) for m in (*tables.BY_SIZE, ALL_PIXELS)}
    must_hold("most very small lesions are missed", missed.verdict == REPRODUCED)
    must_hold("drawing each lesion alike finds more of them", more.verdict == REPRODUCED)
    must_hold("more than half are still missed", share[EVERY_LESION] < 0.5)
    drawn = share[ALL_PIXELS] - share[PERFECT]
    must_hold("taking all pixels does not", drawn < more.estimate / 2)
    alike = differences(f, EVERY_LESION, PERFECT).loc["mean"]
    must_hold("F hardly changes", abs(alike["mean"]) < 0.03)
    pieces = mean_of(wrong, EVERY_LESION) / mean_of(wrong, PERFECT)
    must_hold("it costs false positives", pieces > 1.2)
    return Findings(
        missed=percent(missed),
        more=points(more),
        beyond=percent(beyond),
        beyond_verdict=beyond.verdict,
        another=points(another),
        another_verdict=another.verdict,
        upper=f"{1 - share[UPPER_BOUND]:.0%}",
        perfect=f"{share[PERFECT]:.0%}",
        every=f"{share[EVERY_LESION]:.0%}",
        all_pixels=f"{share[ALL_PIXELS]:.0%}",
        f_change=gained(*alike),
        pieces=f"{pieces:.1f}",
    )


def drawn(scores: Scores) -> Findings:
    """Claim 12's cause: very small lesions found by draws, less by all pixels or without the loss.

    Parameters
    ----------
    scores : Scores
        With the columns `rfe_study.claims.adaptation.OF_SMALL`.
    """
    said = {}
    for key, other in (("all", ALL_PIXELS), ("none", tables.CONTROL)):
        ahead = small_ahead(PERFECT, other, scores)
        value, low, high = (100 * float(x) for x in (ahead.estimate, *ahead.interval()))
        must_hold(f"as many small lesions are missed by “{other}”", low < 0 < high)
        said[key] = with_interval(value, low, high, digits=1, sign="+")
    return Findings(**said)


def luck(table: pd.DataFrame, f: ByTarget) -> Findings:
    """How far F moves with who is V1; ``seeds``: of the paper's method with the seed alone.

    Parameters
    ----------
    table : DataFrame
        `rfe_book.tables.adaptation.luck_table`.
    f : mapping of str to ByModel
        By target: F of the paper's method.
    """
    moved = {}
    for key, name in zip(("ncc", "band", "labels"), tables.LUCK, strict=True):
        by_domain = table[name].groupby(level="domain")
        moved[key] = by_domain.max() - by_domain.min()
    moved["seeds"] = pd.Series({t: np.ptp(f[t][PAPER].mean(axis=1)) for t in moved["ncc"].index})
    most = max(moved["ncc"].mean(), moved["seeds"].mean())
    must_hold("the classifier's prior depends most on V1", moved["band"].mean() > most)
    alike = moved["ncc"].mean() < 1.5 * moved["seeds"].mean()
    must_hold("with the paper's method V1 changes no more than a seed may", alike)
    said = {key: listed([f"{x:.2f} on {t}" for t, x in by.items()]) for key, by in moved.items()}
    return Findings(**said)


def verdicts(judged: Mapping[str, Sequence[Verdict]]) -> Findings:
    """The verdict on each claim on the paired heads: ``all_6`` and so on."""
    said = {}
    for claim in (6, 7, 8, 10, 11, 12, 14):
        first = deciding([p for p in judged[VERDICT] if p.claim == claim])
        said[f"all_{claim}"] = first.verdict
    return Findings(**said)
