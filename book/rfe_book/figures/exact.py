"""Figures of chapter 10."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rfe_book.style import (
    BLUE,
    CLASS_COLOURS,
    GRAY,
    GREEN,
    PURPLE,
    SKY,
    STRATEGY_STYLE,
    VERMILION,
)
from rfe_book.tables.exact import LABELS, NONE, RATIOS, model
from rfe_study.claims.comparisons import mean_interval
from rfe_study.claims.contrasts import minus
from rfe_study.claims.rows import ByModel
from rfe_study.measures.cost import POWERS, cost, reaches
from rfe_study.methods.proof_of_concept import MARGIN_1_N_E, SHARES_N_E

#: Name, colour, marker and line style of each variant of the benchmark; none is a strategy's.
VARIANT_STYLE = {
    "pytorch-metric-learning": ("pairs, by a library", GRAY, "D", "-."),
    "z @ z.T": ("pairs, $z z^\\top$", PURPLE, "P", "--"),
    "exact form": ("exact form", SKY, "*", "-"),
}

#: Colour, marker and line of each score.
SCORE_STYLE = {
    "precision": (VERMILION, "^", "-."),
    "recall": (BLUE, "o", "--"),
    "F": ("black", "s", "-"),
    "average precision": (PURPLE, "D", ":"),
}

#: Colour, marker and n_E of each ratio that is sampled as well as exact.
SAMPLED_STYLE = {
    "80/20": (VERMILION, "^", MARGIN_1_N_E),
    "4x": (BLUE, "o", SHARES_N_E),
    "2x": (GREEN, "s", SHARES_N_E),
}

#: Where "all" stands on the axis of n_E: it is no number of pixels.
ALL_AT = 6000


def sums_of_directions(units: np.ndarray, labels: np.ndarray) -> Figure:
    """Unit vectors of both classes in the plane, and the sums of either that the loss parts.

    Parameters
    ----------
    units : (n, 2)
        Non-negative, of length 1.
    labels : (n,)
        1 lesion, 0 background.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9), sharey=True)
    sums = [units[labels == label].sum(0) for label in (0, 1)]
    for label, name in enumerate(("background", "lesion")):
        colour = CLASS_COLOURS[name]
        for unit in units[labels == label]:
            _arrow(left, (0, 0), unit, colour)
            left.text(*(1.06 * unit + 0.04), name, color=colour)
        _arrow(right, (0, 0), sums[label], colour)
        right.text(*(sums[label] + 0.05), f"$S_{label}$", color=colour)
    _arrow(right, *sums, "black", dashed=True)
    right.text(*(np.mean(sums, axis=0) + 0.05), "$S_1 - S_0$")
    angles = np.linspace(0, np.pi / 2, 50)
    left.plot(np.cos(angles), np.sin(angles), ":", color=GRAY, linewidth=1)
    left.set_title("directions $z_i$, all of length 1")
    right.set_title("their sums, a class each")
    end = 1.25 * max(np.max(sums), 1)
    for panel in (left, right):
        panel.set(aspect="equal", xlim=(0, end), ylim=(0, 1.3 * max(units[:, 1].max(), 1)))
        panel.set_xlabel("first component")
    left.set_ylabel("second component")
    return figure


def _arrow(axes: Axes, start, end, colour: str, *, dashed: bool = False) -> None:
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
    look |= {"linestyle": "--"} if dashed else {}
    axes.annotate("", end, start, arrowprops=look)


def cost_against_n_e(rows: pd.DataFrame, *, ceiling: float = 10.0) -> Figure:
    """Seconds of one forward and backward pass against n_E, up to `ceiling` seconds.

    Parameters
    ----------
    rows : DataFrame
        Columns ``variant``, ``n_e``, ``seconds``.
    ceiling : float
        The screen's upper end; pairs leave it where they are continued with n_E squared.
    """
    figure, axes = plt.subplots(figsize=(6.4, 3))
    for variant in POWERS:
        name, colour, marker, line = VARIANT_STYLE[variant]
        own = rows[rows["variant"] == variant]
        axes.plot(own["n_e"], own["seconds"], line, marker=marker, color=colour, label=name)
        if POWERS[variant] == 1:
            continue
        beyond = np.geomspace(own["n_e"].max(), reaches(rows, variant, ceiling), 20)
        continued = [cost(rows, variant, n).seconds for n in beyond]
        axes.plot(beyond, continued, ":", color=colour, linewidth=1.6)
        axes.plot(beyond[-1], ceiling, marker, color=colour, markerfacecolor="white", clip_on=False)
    axes.set(xscale="log", yscale="log", ylim=(1e-4, ceiling), xlabel="$n_E$", ylabel="seconds")
    whole = int(rows["n_e"].max())
    axes.set_xticks(ticks := [20, 100, 500, 2000, 20000, whole], [f"{t:,}" for t in ticks])
    axes.minorticks_off()
    axes.legend(loc="upper left")
    return figure


def gradient_errors(n_e, errors: Mapping[str, np.ndarray]) -> Figure:
    """Relative error of a sample's gradient against n_E: mean and range over draws.

    Parameters
    ----------
    n_e : sequence of N int
    errors : mapping of strategy to array (draws, N)
    """
    figure, axes = plt.subplots(figsize=(6.4, 3))
    for number, (strategy, values) in enumerate(errors.items()):
        colour, marker, line = STRATEGY_STYLE[strategy]
        x = np.array(n_e) * 1.06 ** (number - 1)  # side by side
        middle = values.mean(0)
        bars = [middle - values.min(0), values.max(0) - middle]
        axes.errorbar(x, middle, bars, fmt=line, marker=marker, color=colour, label=strategy)
    axes.axhline(1, color=GRAY, linestyle=":", linewidth=1.5)
    axes.text(n_e[-1], 1.08, "as large as the gradient itself", ha="right")
    axes.set(xscale="log", yscale="log", xlabel="$n_E$", ylabel="relative error of the gradient")
    axes.set_xticks(n_e, [f"{n:,}" for n in n_e])
    axes.minorticks_off()
    axes.legend()
    return figure


def ratios_and_samples(table: pd.DataFrame, f_scores: ByModel) -> Figure:
    """Scores of the exact loss by class ratio; F it gains, exact and sampled, alike but for n_E.

    Parameters
    ----------
    table : DataFrame
        `rfe_book.tables.exact.by_ratio`.
    f_scores : mapping of model to (seeds, heads)
        A model of one seed has a hollow mark and no interval.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6), width_ratios=[1.3, 1])
    own = table.loc[list(RATIOS)]
    for name, (colour, marker, line) in SCORE_STYLE.items():
        left.plot(range(len(RATIOS)), own[name], line, marker=marker, color=colour, label=name)
    for name in (NONE, LABELS):
        level = table.loc[name, "F"]
        left.axhline(level, color=GRAY, linewidth=1, linestyle=":")
        left.text(-2.5, level, f"F, {name}", va="bottom")  # left of all curves
    left.set_xticks(range(len(RATIOS)), [ratio.replace("x", "×") for ratio in RATIOS])
    left.set(
        xlabel="class ratio, from least lesion to most", ylabel="on B, all pixels", xlim=(-2.6, 4.3)
    )
    left.legend(loc="upper center", bbox_to_anchor=(0.5, 1.25), ncols=2)
    for number, (ratio, (colour, marker, n_e)) in enumerate(SAMPLED_STYLE.items()):
        for n in (*n_e, "all"):
            gained = minus(f_scores[model(ratio, n)], f_scores[NONE])
            mean, low, high = mean_interval(gained)
            bar = [[mean - low], [high - mean]] if np.isfinite(low) else None
            right.errorbar(
                (ALL_AT if n == "all" else n) * 1.12 ** (number - 1),
                mean,
                bar,
                fmt=marker,
                color=colour,
                markerfacecolor=colour if len(gained) > 1 else "white",
                label=ratio.replace("x", "×") if n == "all" else None,
            )
    ticks = {n: f"{n:,}" for n in (20, 100, 500, 2000)} | {ALL_AT: "all"}
    right.axhline(0, color="black", linewidth=1)
    right.set(xscale="log", xlabel="$n_E$", ylabel=f"F gained over\n“{NONE}”")
    right.set_xticks(list(ticks), list(ticks.values()))
    right.minorticks_off()
    right.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=3)
    return figure
