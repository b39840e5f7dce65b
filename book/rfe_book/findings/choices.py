"""What chapter 12 says of the choices that the paper leaves open, or its code makes otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rfe_book.findings import Findings, must_hold
from rfe_book.widgets.choice_view import number
from rfe_study.claims.rows import by_model
from rfe_study.measures.switches import SWITCHES
from rfe_study.methods.proof_of_concept import EQUAL_WEIGHT_N_E, N_E

#: Models of the proof of concept with many seeds: what a seed is worth.
MANY_SEEDS = ("80/20 ACD 20", "80/20 ACD 2000")


def signed(value: float) -> str:
    """``"+0.012"``, with a minus sign that is one."""
    return f"{value:+.3f}".replace("-", "−")


def on_batch(
    found: Sequence[Mapping[str, float]], dark: Mapping[str, float], zeros: float
) -> Findings:
    """What each switch of the widget does to its batch, by the switch's word.

    Parameters
    ----------
    found, dark, zeros
        ``all_switches``, ``lost_to_darkness`` and ``effect_of_filled_zeros`` of
        `rfe_study.measures.switched`.
    """
    by_word = {s.word: numbers for s, numbers in zip(SWITCHES, found, strict=True)}
    ours = by_word["ours"]

    def times(word: str, key: str = "gradient") -> str:
        return number(by_word[word][key] / ours[key])

    def drawn(word: str) -> str:
        labelled = [by_word[word][f"drawn_labelled_{c}"] for c in ("background", "lesion")]
        return f"{sum(labelled):.0f}"

    along = {word: by_word[word]["along"] for word in ("ours", "radial", "l2", "l2-squared")}
    must_hold("our gradient has no part along the embeddings", along["ours"] < 1e-6)
    must_hold("the release's has one", along["radial"] > 0.1)
    must_hold(
        "without its test a hinge of margin 0.5 pulls as one of margin 1",
        bool(np.isclose(by_word["no-hinge"]["gradient"], by_word["margin"]["gradient"])),
    )
    must_hold("no lesion pixel is dark", dark["lesion"] == 0)
    must_hold("what fills empty bins does not matter", zeros < 1e-4)
    fewer = int(drawn("aware-all")) < int(drawn("aware"))
    must_hold("the fraction of all pixels draws fewer", fewer)
    return Findings(
        sum_times=times("sum"),
        per_times=times("per-embedding"),
        margin_times=times("margin"),
        total_times=times("total"),
        linear_beyond=f"{100 * by_word['linear']['beyond']:.0f}",
        ours_beyond=f"{100 * ours['beyond']:.0f}",
        squared_times=number(by_word["l2-squared"]["gradient"] / by_word["l2"]["gradient"]),
        l2_along=f"{100 * along['l2']:.0f}",
        radial_along=f"{100 * along['radial']:.0f}",
        radial_times=times("radial"),
        dark=f"{100 * dark['brain']:.1f}",
        air_times=times("air"),
        aware=drawn("aware"),
        aware_all=drawn("aware-all"),
        own_edges=number(by_word["own-edges"]["jsd"]),
        shared_edges=number(ours["jsd"]),
    )


def relu(after: np.ndarray, before: np.ndarray) -> Findings:
    """Cosines of lesion and background pixels after and before the last ReLU."""
    must_hold("after the ReLU no cosine is negative", after.min() >= 0)
    must_hold("before it most are", (before < 0).mean() > 0.5)
    return Findings(
        negative=f"{100 * (before < 0).mean():.0f}",
        lowest=f"{before.min():.2f}".replace("-", "−"),
        after=f"{after.mean():.2f}",
        before=f"{before.mean():.2f}".replace("-", "−"),
    )


def lengths(true: np.ndarray, released: np.ndarray) -> Findings:
    """Mean lengths of embeddings that follow either gradient, from step to step."""
    must_hold("the true gradient hardly changes lengths", true[-1] / true[0] < 1.2)
    must_hold("the release's makes them grow", bool((np.diff(released) > 0).all()))
    return Findings(
        steps=len(true) - 1,
        true=f"{true[-1] / true[0]:.2f}",
        released=f"{released[-1] / released[0]:.1f}",
    )


def thresholds(scores: Mapping[str, Sequence[float]]) -> Findings:
    """F at 0.5 and at 0.99 of the lower bound and of a fine-tuned network, on one head."""
    values = {}
    for name, (half, high) in scores.items():
        values |= {f"{name}_half": f"{half:.2f}", f"{name}_high": f"{high:.2f}"}
    change = {name: high - half for name, (half, high) in scores.items()}
    must_hold("the threshold moves F by more than 0.03", min(map(abs, change.values())) > 0.03)
    return Findings(
        change_lower=signed(change["lower"]), change_tuned=signed(change["tuned"]), **values
    )


def templates(found: Mapping[str, float]) -> Findings:
    """Template matching with flat windows as matches, and with the release's grid."""
    must_hold("flat windows as matches spoil the prior", found["air"] < found["ours"] / 2)
    must_hold("the grid loses little", 0 <= found["ours"] - found["grid"] < 0.01)
    return Findings(
        flat=f"{100 * found['flat']:.0f}",
        ours=f"{found['ours']:.2f}",
        air=f"{found['air']:.2f}",
        grid=f"{found['ours'] - found['grid']:.4f}",
    )


def apart(scores: pd.DataFrame, models: pd.DataFrame) -> float:
    """How far apart in F two trainings of one model may lie: twice the deviation of a difference.

    Parameters
    ----------
    scores, models
        Rows of the proof of concept.
    """
    f = by_model(scores, models)
    spread = np.mean([f[name].mean(axis=1).var(ddof=1) for name in MANY_SEEDS])
    return 2 * float(np.sqrt(2 * spread))


def stored(scores: pd.DataFrame, models: pd.DataFrame, baselines: pd.DataFrame) -> Findings:
    """What rows of the proof of concept say: number drawn, reduction, distance; and of the letters.

    Parameters
    ----------
    scores, models
        Rows of the proof of concept.
    baselines
        Of `rfe train`.
    """
    f = {name: wide.mean(axis=1) for name, wide in by_model(scores, models).items()}

    def mean_of(pairs: Sequence[tuple[str, str]]) -> float:
        return float(np.mean([(f[one] - f[other]).dropna().mean() for one, other in pairs]))

    halves = [(f"80/20 ACD {n // 2}", f"80/20 ACD {n}") for n in (200, 1000, 2000)]
    sums = {n: mean_of([(f"80/20 ACD {n} sum/n", f"80/20 ACD {n}")]) for n in (20, 2000)}
    l2 = [(f"80/20 l2 {n}", f"80/20 ACD {n}") for n in N_E]
    total, distance, limit = mean_of(halves), mean_of(l2), apart(scores, models)
    small = max(map(abs, (total, *sums.values())))
    must_hold("number in total and sum / n move F by less than seeds do", small < limit)
    lower = baselines[(baselines["model"] == "lower") & (baselines["role"] == "paired")]
    by_domain = lower.groupby("domain")["f_score"].mean()
    return Findings(
        total=signed(total),
        per_embedding_20=signed(sums[20]),
        per_embedding_2000=signed(sums[2000]),
        equal_at=EQUAL_WEIGHT_N_E,
        l2=signed(distance),
        limit=f"{limit:.2f}",
        lower_A=f"{by_domain['A']:.2f}",
        lower_C=f"{by_domain['C']:.2f}",
    )
