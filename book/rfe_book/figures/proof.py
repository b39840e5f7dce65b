"""Figures of chapter 07, one function a figure; each returns a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.style import BLUE, GRAY, LIGHT, PURPLE, STRATEGY_STYLE, VERMILION
from rfe_core.sampling import STRATEGIES
from rfe_study.claims.comparisons import mean_interval
from rfe_study.claims.contrasts import minus, shared
from rfe_study.claims.proof import name, names
from rfe_study.claims.rows import ByModel
from rfe_study.methods.proof import MARGIN_1_N_E, N_E

DISTANCES = ("ACD", "l2")

BASE = "no embedding"

#: Where "all" stands on the axis of n_E: it is no number of pixels.
ALL_AT = 6000

#: The exact loss needs margin 1; this is how its models are called.
EVERYTHING = "all margin 1"

#: Colour and line of each reference.
REFERENCES = {
    BASE: ("black", "-"),
    "labelled A only, statistics of B": (GRAY, ":"),
    "labels of B": (PURPLE, "-"),
}


def _n_e_axis(panel, *, with_all: bool) -> None:
    ticks = {**{n: str(n) for n in N_E}, **({ALL_AT: "all"} if with_all else {})}
    panel.set(xscale="log", xlabel="$n_E$", xlim=(15, 1.4 * max(ticks)))
    panel.set_xticks(list(ticks), list(ticks.values()), rotation=45)
    panel.minorticks_off()
    panel.grid(axis="y")


def _curve(panel, x, tables: Sequence[pd.DataFrame], line: str, *, dots: bool, **look) -> None:
    """Means of tables (seeds, heads) with 95% intervals, and a dot for each seed's mean."""
    middle, *ends = np.array([mean_interval(table) for table in tables]).T
    panel.errorbar(x, middle, np.abs(ends - middle), fmt=line, markersize=5, **look)
    if dots:
        for at, table in zip(x, tables, strict=True):
            of_seeds = table.mean(axis=1)
            look_of_dot = {"color": look["color"], "markersize": 3, "alpha": 0.55}
            panel.plot([at] * len(of_seeds), of_seeds, ".", **look_of_dot)


def _over(values: ByModel, model: str, base: str | None) -> pd.DataFrame:
    """A model's F, or its gain over another, paired."""
    return values[model] if base is None else minus(values[model], values[base])


def of_seeds(
    panel, x, tables: Sequence[pd.DataFrame], line: str, *, through: pd.Index | None = None, **look
) -> None:
    """Means of tables (seeds, heads), a bar from the lowest to the highest seed, a dot a seed.

    The means are over the seeds `through`, or over all that a table has.
    """
    means = [table if through is None else table.loc[through] for table in tables]
    middle = np.array([table.to_numpy().mean() for table in means])
    by_seed = [table.mean(axis=1).to_numpy() for table in tables]
    reach = [middle - [of.min() for of in by_seed], [of.max() for of in by_seed] - middle]
    panel.errorbar(x, middle, reach, fmt=line, markersize=5, **look)
    for at, of in zip(x, by_seed, strict=True):
        panel.plot([at] * len(of), of, ".", color=look["color"], markersize=3, alpha=0.55)


def _say_seeds(panel, values: ByModel, models_at: Mapping[int, Sequence[str]]) -> None:
    """How many seeds the models at each n_E have, along the panel's lower edge, below all bars."""
    place = {"transform": panel.get_xaxis_transform(), "ha": "center", "va": "bottom"}
    for at, models in models_at.items():
        counts = sorted({len(values[model]) for model in models})
        text = "–".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
        panel.text(at, 0.01, text, color=GRAY, **place)


def f_against_n_e(values: ByModel) -> Figure:
    """Fig. 3(a) anew: F on domain B against n_E, with what it has to be compared with.

    All lines go through means over the seeds that the 36 models share, or those of them that a
    reference has.
    """
    every = [values[m] for d in DISTANCES for s in STRATEGIES for m in names(s, d)]
    same = shared(*every)[0].index
    figure, axes = plt.subplots(1, 2, figsize=(7, 3.2), sharey=True)
    for panel, distance in zip(axes, DISTANCES, strict=True):
        for model, (colour, line) in REFERENCES.items():
            level = values[model].loc[values[model].index.intersection(same)].to_numpy().mean()
            panel.axhline(level, color=colour, linestyle=line, linewidth=1.1, label=model)
        for number, strategy in enumerate(STRATEGIES):
            colour, marker, line = STRATEGY_STYLE[strategy]
            look = {"color": colour, "marker": marker, "linewidth": 1.2, "label": strategy}
            x = np.array(N_E) * 1.07 ** (number - 1)  # side by side
            tables = [values[model] for model in names(strategy, distance)]
            of_seeds(panel, x, tables, line, through=same, **look)
        panel.set_title(distance)
        _n_e_axis(panel, with_all=False)
        _say_seeds(panel, values, {n: [name(s, distance, n) for s in STRATEGIES] for n in N_E})
    axes[0].set_ylim(axes[0].get_ylim()[0] - 0.04)
    axes[0].set_ylabel("F-score on domain B")
    legend(figure, axes[0], ncols=3)
    return figure


def weight_or_number(values: ByModel) -> Figure:
    """80/20 with the mean over pairs and with sum / n: F against n_E, of the seeds of both."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), sharey=True)
    kinds = {
        "mean over pairs: the weight stays": ("", VERMILION, "^", "-."),
        "sum / n: the weight grows with $n_E$": (" sum/n", BLUE, "v", "-"),
    }
    for panel, distance in zip(axes, DISTANCES, strict=True):
        pairs = [shared(values[m], values[f"{m} sum/n"]) for m in names("80/20", distance)]
        for number, (label, (_, colour, marker, line)) in enumerate(kinds.items()):
            f = [pair[number].to_numpy().mean() for pair in pairs]
            panel.plot(N_E, f, line, color=colour, marker=marker, label=label, linewidth=1.2)
        panel.set_title(f"80/20, {distance}")
        _n_e_axis(panel, with_all=False)
    axes[0].set_ylabel("F-score on domain B")
    legend(figure, axes[0], ncols=2)
    return figure


def all_against_sampled(values: ByModel) -> Figure:
    """Chapter 10: n_E = all beside sampled n_E; alike but for n_E (left), and as chosen (right)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2))
    colour, marker, _ = STRATEGY_STYLE["80/20"]
    x = np.array([*MARGIN_1_N_E, ALL_AT])
    models = [name("80/20", "ACD", f"{n_e} margin 1") for n_e in (*MARGIN_1_N_E, "all")]
    tables = [_over(values, model, BASE) for model in models]
    _curve(left, x, tables, "", dots=True, color=colour, marker=marker, linestyle=":")
    left.set_title("80/20, margin 1, one weight")
    left.set_ylabel(f"F gained over\n“{BASE}”")
    for number, strategy in enumerate(STRATEGIES):
        colour, marker, line = STRATEGY_STYLE[strategy]
        everything = name(strategy, "ACD", EVERYTHING)
        tables = [_over(values, everything, model) for model in names(strategy, "ACD")]
        look = {"color": colour, "marker": marker, "label": strategy, "linewidth": 1.2}
        x = np.array(N_E) * 1.07 ** (number - 1)
        _curve(right, x, tables, line, dots=False, **look)
    right.set_title("all pixels minus sampled, as chosen")
    right.set_ylabel("F of all pixels − F of $n_E$")
    for panel, with_all in ((left, True), (right, False)):
        panel.axhline(0, color="black", linewidth=1)
        _n_e_axis(panel, with_all=with_all)
    legend(figure, right, ncols=3)
    return figure


def seeds(values: ByModel) -> Figure:
    """Mean F of the 36 models from each seed, against their mean over the other seeds.

    Models with the smallest n_E are hollow.
    """
    figure, axes = plt.subplots(figsize=(5.2, 3.4))
    look = {"s": 16, "alpha": 0.8, "linewidths": 0.8}
    for strategy, distance, n_e in product(STRATEGIES, DISTANCES, N_E):
        colour, marker, _ = STRATEGY_STYLE[strategy]
        own = values[name(strategy, distance, n_e)].mean(axis=1)
        others = (own.sum() - own) / (len(own) - 1)
        face = "none" if n_e == N_E[0] else colour
        label = strategy if (distance, n_e) == (DISTANCES[0], N_E[-1]) else None
        axes.scatter(others, own, marker=marker, color=face, edgecolors=colour, label=label, **look)
    axes.scatter([], [], color="none", edgecolors=GRAY, label=f"hollow: $n_E$ = {N_E[0]}", **look)
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    ends = [low.min(), high.max()]
    axes.plot(ends, ends, color=LIGHT, linewidth=0.8, zorder=0)
    axes.set(xlabel="F of a model, mean over its other seeds", ylabel="F from one seed")
    legend(figure, axes, ncols=2)
    return figure


def live(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Dice loss and embedding loss of a few trainings, epoch by epoch."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.5))
    styles = (("black", "o-"), (VERMILION, "^-."), (BLUE, "s--"))
    titles = {"dice_loss": "Dice loss on labelled A", "embedding_loss": "embedding loss, Eq. 2"}
    for (label, history), (colour, line) in zip(histories.items(), styles, strict=False):
        rows = pd.DataFrame(history)
        for panel, (column, title) in zip(axes, titles.items(), strict=True):
            panel.plot(rows["epoch"], rows[column], line, color=colour, label=label)
            panel.set(xlabel="epoch", title=title, xticks=rows["epoch"])
    legend(figure, axes[0], ncols=3)
    return figure


def legend(figure: Figure, panel, *, ncols: int) -> None:
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=ncols)
