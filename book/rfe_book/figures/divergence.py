"""Figures of chapter 06."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rfe_book.style import BLUE, GRAY, STRATEGY_STYLE, VERMILION

#: Least distance of two labels at the ends of curves, as a share of the panel's height.
APART = 0.07


def plug_in_bias(n: Sequence[int], simulated: np.ndarray, formula: np.ndarray) -> Figure:
    """JSD of perfect samples from their source, simulated and by (K - 1) / (8 n).

    Parameters
    ----------
    n : sequence of N int
        Draws.
    simulated, formula : (N,)
    """
    figure, axes = plt.subplots(figsize=(6, 3))
    axes.plot(n, simulated, "o-", color=BLUE)
    axes.plot(n, formula, "--", color=VERMILION)
    axes.axhline(np.log(2), color=GRAY, linestyle=":")
    axes.text(n[-1], np.log(2) * 1.1, "ln 2, the largest JSD", color=GRAY, ha="right")
    axes.text(n[1], simulated[1] * 0.45, "simulation", color=BLUE, ha="right")
    axes.text(n[0] * 1.15, formula[0], "(K − 1) / (8n)", color=VERMILION)
    axes.set(xscale="log", yscale="log", xlabel="draws $n$", ylabel="JSD (nats)")
    axes.set_xticks(n, [f"{number:,}" for number in n])
    axes.minorticks_off()
    return figure


def _interval(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """95% interval of a mean over batches, by drawing batches again: (2, columns)."""
    again = generator.integers(len(values), size=(2000, len(values)))
    return np.quantile(values[again].mean(1), [0.025, 0.975], axis=0)


def divergence_curves(
    rows: pd.DataFrame,
    columns: Mapping[str, str],
    nulls: Mapping[str, str],
    *,
    generator: np.random.Generator,
    log: bool = True,
) -> Figure:
    """Fig. 3(b) anew: mean divergence against n_E with 95% intervals, a panel a column.

    Parameters
    ----------
    rows : DataFrame
        One kind of batch of the table "representativeness".
    columns : mapping of column to title
    nulls : mapping of column to the column of its null
        Drawn as dotted lines with open marks, where there is one.
    generator : numpy.random.Generator
        Draws batches again, for the intervals.
    log : bool
        Logarithmic axis; a linear one has a line at 0.
    """
    size = (7, 3.3) if len(columns) > 1 else (5, 3)
    figure, axes = plt.subplots(1, len(columns), figsize=size, squeeze=False, sharey=True)
    for panel, (column, title) in zip(axes[0], columns.items(), strict=True):
        panel.set(xscale="log", xlabel="$n_E$", title=title, yscale="log" if log else "linear")
        ends = {}
        for number, (strategy, group) in enumerate(rows.groupby("strategy", sort=False)):
            colour, marker, line = STRATEGY_STYLE[strategy]
            n_e = sorted(group["n_e"].unique())
            # all networks saw the same batches: average them, then resample batches
            wide = group.pivot_table(index="batch", columns="n_e", values=column)
            mean, (low, high) = wide.mean(), _interval(wide.to_numpy(), generator)
            panel.errorbar(
                np.array(n_e) * 1.05 ** (number - 1),
                mean,
                [mean - low, high - mean],
                fmt=line,
                marker=marker,
                color=colour,
                markersize=5,
                label=strategy,
            )
            if column in nulls:
                null = group.groupby("n_e")[nulls[column]].mean()
                look = {"marker": marker, "fillstyle": "none", "markersize": 7}
                panel.plot(n_e, null, ":", color=colour, linewidth=1, **look)
            ends[strategy] = mean.iloc[-1]
        panel.set_xticks(n_e, map(str, n_e), rotation=45)
        panel.minorticks_off()
        if not log:
            panel.axhline(0, color=GRAY, linewidth=1)
    axes[0, 0].set_ylabel("JSD (nats)" if log else "excess (nats)")
    _name_ends(panel, n_e[-1], ends)
    return figure


def _name_ends(panel: Axes, x: float, ends: Mapping[str, float]) -> None:
    """Strategies' names in their colours at the ends of their curves, none on another."""
    panel.get_figure().canvas.draw()  # limits and scales are final only now
    to_share = panel.transData + panel.transAxes.inverted()
    at = -np.inf
    for strategy, value in sorted(ends.items(), key=lambda end: end[1]):
        at = max(float(to_share.transform((x, value))[1]), at + APART)
        place = {"xytext": (1.02, at), "textcoords": "axes fraction", "annotation_clip": False}
        look = {"color": STRATEGY_STYLE[strategy][0], "va": "center"}
        panel.annotate(strategy, (x, value), **place, **look)
