"""What chapter 09 says of F and average precision of the adapted models, from their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.tables import adaptation as tables
from rfe_book.tables.gains import differences, with_mean
from rfe_book.words import answer, gained, listed, number, origin, span
from rfe_study.claims.adapted_rows import AdaptationRows
from rfe_study.claims.comparisons import gain, share_closed
from rfe_study.claims.effects import MEAN, SMALLEST_F
from rfe_study.claims.headline import (
    NONE_AT_LESIONS,
)
from rfe_study.claims.rows import ByModel
from rfe_study.claims.verdicts import CONTRADICTED, REPRODUCED, UNDECIDED, Verdict
from rfe_study.methods.adaptation import AT_BEST, PAPER, PERFECT, RATE, adaptation_methods
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND
from rfe_study.methods.method import SHOWN_ONCE
from rfe_study.methods.profiles import PROFILES, SHOWN
from rfe_study.phantom.domains import TARGETS

MATCHED = "histogram matching"

ByTarget = Mapping[str, ByModel]


def spread(table: pd.DataFrame) -> dict[str, str]:
    """Of `differences`: each target's and the mean's as words, by name."""
    return {str(target): gained(*line) for target, line in table.iterrows()}


def mean_of(by_target: ByTarget, model: str) -> float:
    """Mean over targets of a model's mean score."""
    return float(np.mean([values[model].to_numpy().mean() for values in by_target.values()]))


def experiment(rows: AdaptationRows, f: ByTarget) -> Findings:
    """How many models, seeds and heads there are, and what a fine-tuning takes."""
    methods, profile = adaptation_methods(), PROFILES[SHOWN]
    resting = [m.name for m in methods if m.headline]
    beside = [m.name for m in methods if not m.headline and m.seeds > SHOWN_ONCE]

    def seeds(names: Sequence[str]) -> str:
        return span(len(own[name]) for own in f.values() for name in names if name in own)

    return Findings(
        methods=len(methods),
        models=len(rows.models),
        heads=int(f["B"][PAPER].shape[1]),
        seeds=seeds(resting),
        beside=seeds(beside),
        crops=profile.target_crops,
        steps=profile.tuning_steps * (profile.epochs - profile.branch_epoch),
        rate=f"{RATE:g}",
        origin=origin(rows.scores),
    )


def paper(f: ByTarget) -> Findings:
    """The paper's comparison: its method, the lower and the upper bound."""
    lower = differences(f, PAPER, LOWER_BOUND)
    upper = differences(f, PAPER, UPPER_BOUND)
    must_hold("the gain is largest on B", lower.loc[list(TARGETS), "mean"].idxmax() == "B")
    must_hold("it is large there", lower.loc["B", "mean"] > 0.1)
    must_hold(
        "on C and D there is hardly one", max(abs(lower.loc[["C", "D"], "mean"])) < SMALLEST_F
    )
    must_hold("it is shown on B, not on average", lower["low"]["B"] > 0 > lower["low"]["mean"])
    must_hold("it stays below the upper bound", bool((upper["mean"] < 0).all()))
    values = f["B"]
    closed = share_closed(values[PAPER], values[LOWER_BOUND], values[UPPER_BOUND])
    again = {m: values[m].mean(axis=1) for m in (LOWER_BOUND, PAPER)}
    least, most = again[LOWER_BOUND].min(), again[LOWER_BOUND].max()
    must_hold("trainings of the lower bound differ more", most - least > np.ptp(again[PAPER]))
    return Findings(
        least=f"{least:.2f}",
        most=f"{most:.2f}",
        **spread(lower),
        closed=closed.text,
        below_C=gained(*upper.loc["C"]),
    )


def controls(f: ByTarget, parts: Sequence[Verdict]) -> Findings:
    """What the loss adds to its own control, and what the target's statistics do alone."""
    own = differences(f, PAPER, tables.CONTROL)
    alone = differences(f, tables.STATISTICS, tables.ALONE)
    ahead = differences(f, PAPER, tables.STATISTICS)
    verdict = {p.part: p for p in parts}
    must_hold("the loss's own share is small on average", abs(own.loc["mean", "mean"]) < SMALLEST_F)
    must_hold("B gains, D loses, C is open", _signs(own) == {"B": 1, "C": 0, "D": -1})
    better = verdict[f"better than {tables.STATISTICS}, {MEAN}"].verdict
    must_hold("statistics alone do better than the method", better == CONTRADICTED)
    must_hold("statistics help B most", alone.loc[list(TARGETS), "mean"].idxmax() == "B")
    images = differences(f, tables.CONTROL, tables.ALONE)
    must_hold(
        "on B statistics of the target alone do more than those of both",
        alone.loc["B", "mean"] > images.loc["B", "mean"],
    )
    return Findings(
        **{f"own_{t}": text for t, text in spread(own).items()},
        **{f"statistics_{t}": text for t, text in spread(alone).items()},
        **{f"images_{t}": text for t, text in spread(images).items()},
        **{f"ahead_{t}": text for t, text in spread(ahead).items()},
        own_verdict=answer(verdict[f"better than {tables.CONTROL}, {MEAN}"].verdict),
        smallest=f"{SMALLEST_F:g}",
    )


def _signs(found: pd.DataFrame) -> dict[str, int]:
    """1, -1 or 0 by domain: its interval lies above 0, below it, or about it."""
    own = found.loc[list(TARGETS)]
    return ((own["low"] > 0).astype(int) - (own["high"] < 0).astype(int)).to_dict()


def priors(f: ByTarget, precision: ByTarget, pulls: pd.DataFrame) -> Findings:
    """What a better prior is worth, at a threshold of 0.5 and without one.

    Parameters
    ----------
    f, precision
        F and average precision.
    pulls : DataFrame
        `rfe_book.tables.pull.pull_by_domain`.
    """
    said = {}
    for key, model, reference in (
        ("ncc", PAPER, tables.CONTROL),
        ("perfect", PERFECT, tables.CONTROL),
        ("same", PERFECT, NONE_AT_LESIONS),
        ("better", PERFECT, PAPER),
    ):
        for name, of in (("f", f), ("ap", precision)):
            said[f"{key}_{name}"] = gained(*differences(of, model, reference).loc["mean"])
    ap = differences(precision, PERFECT, tables.CONTROL)
    at_half = differences(f, PERFECT, tables.CONTROL)
    must_hold("a perfect prior ranks pixels better", ap.loc["mean", "low"] > 0)
    must_hold(
        "at 0.5 little of that is left", at_half.loc["mean", "mean"] < ap.loc["mean", "mean"] / 2
    )
    must_hold("on C a perfect prior is below its control", at_half.loc["C", "mean"] < 0)
    must_hold("all priors pull the right way", bool((pulls["a"] > 0).all()))
    return Findings(
        **said,
        perfect_same=said["same_ap"],
        perfect_f_C=gained(*at_half.loc["C"]),
        perfect_ap_C=gained(*ap.loc["C"]),
        **{f"pull_{t}": f"{a:.2f}" for t, a in pulls["a"].items()},
    )


def shares(
    f: ByTarget, average_precision: ByTarget, precision: ByTarget, recall: ByTarget
) -> Findings:
    """What the share of lesion changes, for the perfect prior over all pixels."""
    names = list(tables.SHARES.values())
    for target in f:
        r = [float(recall[target][m].to_numpy().mean()) for m in names]
        p = [float(precision[target][m].to_numpy().mean()) for m in names]
        must_hold(
            f"on {target} more lesion means more recall, less precision",
            r[0] == min(r) and r[-1] == max(r) and p[-1] == min(p),
        )
    ap = differences(average_precision, names[-1], names[0])
    must_hold("a larger share also ranks better", ap.loc["mean", "mean"] > 0)
    mean_f = {key: mean_of(f, m) for key, m in tables.SHARES.items()}
    best = max(mean_f, key=mean_f.get)
    must_hold("80/20 is not best at 0.5", best != "80/20")
    must_hold("F hardly notices", abs(mean_f["80/20"] - mean_f["1x"]) < 0.05)
    ends = {"low": names[0], "high": names[-1]}
    of_c = {"precision": precision, "recall": recall, "ap": average_precision, "f": f}
    return Findings(
        **{
            f"{name}_{key}": f"{mean_of(of, m):.2f}"
            for name, of in of_c.items()
            for key, m in ends.items()
        },
        ap_gain=gained(*ap.loc["mean"]),
        best=best,
        best_f=f"{mean_f[best]:.2f}",
        **{
            f"labels_{name}_C": f"{of['C'][tables.BOUND].to_numpy().mean():.2f}"
            for name, of in of_c.items()
        },
    )


def rivals(f: ByTarget, parts: Sequence[Verdict]) -> Findings:
    """Which rivals are ahead of the paper's method on average, and what V1's labels are worth."""
    mean = {m: float(t.to_numpy().mean()) for m, t in with_mean(f)["mean"].items()}
    ahead = [m for m in tables.RIVALS if mean[m] > mean[PAPER]]
    must_hold("V1's labels are worth most", max(tables.RIVALS, key=mean.get) == tables.V1)
    must_hold("the prior as labels is worst", min(tables.RIVALS, key=mean.get) == "Dice on NCC")
    v1 = differences(f, PAPER, tables.V1)
    must_hold("labels of V1 are better", v1.loc["mean", "high"] < 0)
    rest = {p.part.partition(", mean of")[0].removeprefix("better than "): p for p in parts}
    dice = rest["Dice on NCC"]
    surely = {m for m, part in rest.items() if m in tables.RIVALS and part.verdict == CONTRADICTED}
    three = {tables.STATISTICS, tables.V1, MATCHED}
    must_hold("three surely do better on average", surely == three)
    must_hold("Dice on NCC is worse", dice.verdict == REPRODUCED)
    open_ = {rest[m].verdict for m in ("entropy", "pseudo-labels")}
    must_hold("entropy and pseudo-labels are open", open_ == {UNDECIDED})
    entropy = differences(f, PAPER, "entropy")
    exact = gain(f["B"], f"{PAPER}{AT_BEST}", tables.CONTROL)
    must_hold("with more weight the prior costs much on B", exact[0] < -0.1)
    return Findings(
        ahead=listed([f"“{m}”" for m in ahead]),
        v1=gained(*v1.loc["mean"]),
        dice=dice.effect,
        dice_lower=gained(*differences(f, "Dice on NCC", LOWER_BOUND).loc["mean"]),
        entropy_B=gained(*entropy.loc["B"]),
        entropy_C=gained(*entropy.loc["C"]),
        exact_B=number(-exact[0]),
        matched=gained(*differences(f, MATCHED, PAPER).loc["mean"]),
    )
