"""Figures of chapter 06, one function a figure; each returns a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.style import BLUE, CLASS_COLOURS, GRAY, STRATEGY_STYLE, VERMILION


def plug_in_bias(n: Sequence[int], simulated: np.ndarray, formula: np.ndarray) -> Figure:
    """JSD of perfect samples of `n` draws, simulated and by (K - 1) / (8 n)."""
    figure, axes = plt.subplots(figsize=(6, 3))
    axes.plot(n, simulated, "o-", color=BLUE, label="simulation")
    axes.plot(n, formula, "--", color=VERMILION, label="(K − 1) / (8 n)")
    axes.axhline(np.log(2), color=GRAY, linestyle=":", label="ln 2, the largest JSD")
    axes.set(xscale="log", yscale="log", xlabel="draws n", ylabel="JSD (nats)")
    axes.set_xticks(n, map(str, n))
    axes.minorticks_off()
    axes.legend()
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
    zero: bool = False,
) -> Figure:
    """Fig. 3(b) anew: mean divergence against n_E with 95% intervals, a panel a column.

    Parameters
    ----------
    rows : DataFrame
        One kind of batch of the table "representativeness".
    columns : mapping of column to title
    nulls : mapping of column to the column of its null
        Drawn as thin lines with open marks, where there is one.
    generator : numpy.random.Generator
        Draws batches again, for the intervals.
    log, zero : bool
        Logarithmic axis; a line at 0.
    """
    figure, axes = plt.subplots(1, len(columns), figsize=(7, 3.3), squeeze=False, sharey=True)
    for panel, (column, title) in zip(axes[0], columns.items(), strict=True):
        for number, (strategy, group) in enumerate(rows.groupby("strategy", sort=False)):
            colour, marker, line = STRATEGY_STYLE[strategy]
            n_e = sorted(group["n_e"].unique())
            # all networks saw the same batches: average them, then resample batches
            wide = group.pivot_table(index="batch", columns="n_e", values=column)
            mean, (low, high) = wide.mean(0), _interval(wide.to_numpy(), generator)
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
                panel.plot(
                    n_e,
                    null,
                    ":",
                    marker=marker,
                    color=colour,
                    fillstyle="none",
                    linewidth=1,
                    markersize=7,
                    label=f"{strategy}, perfect sample",
                )
        panel.set(xscale="log", xlabel="n_E", title=title, yscale="log" if log else "linear")
        panel.set_xticks(n_e, map(str, n_e), fontsize=7, rotation=45)
        panel.minorticks_off()
        if zero:
            panel.axhline(0, color=GRAY, linewidth=1)
    axes[0, 0].set_ylabel("JSD (nats)")
    handles = {}
    for panel in axes[0]:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=3)
    return figure


def two_axes(
    everything: np.ndarray, samples: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> Figure:
    """All embeddings in their principal plane, and samples of it by class.

    Parameters
    ----------
    everything : (N, 2)
    samples : mapping of title to (points (n, 2), labels (n,))
    """
    figure, axes = plt.subplots(1, len(samples), figsize=(7, 2.7), sharex=True, sharey=True)
    for panel, (title, (points, labels)) in zip(axes, samples.items(), strict=True):
        panel.hexbin(*everything.T, gridsize=45, bins="log", cmap="Greys", mincnt=1, linewidths=0)
        for label, (name, marker) in enumerate((("background", "o"), ("lesion", "D"))):
            part = points[labels == label]
            panel.scatter(
                *part.T,
                18,
                CLASS_COLOURS[name],
                marker,
                label=name,
                edgecolors="black",
                linewidths=0.4,
            )
        panel.set_title(title)
        panel.set_xlabel("first axis")
    axes[0].set_ylabel("second axis")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
