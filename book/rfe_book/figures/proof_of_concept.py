"""Figures of chapter 07."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.style import BLUE, GRAY, LIGHT, PURPLE, STRATEGY_STYLE, VERMILION
from rfe_book.tables.proof_of_concept import BOUND, CONTROL, STATISTICS
from rfe_core.sampling import STRATEGIES
from rfe_study.claims.contrasts import shared
from rfe_study.claims.proof_of_concept import name, names
from rfe_study.claims.rows import ByModel
from rfe_study.methods.proof_of_concept import DISTANCES, N_E

#: Colour and line of each reference.
REFERENCES = {CONTROL: ("black", "-"), STATISTICS: (GRAY, ":"), BOUND: (PURPLE, "-")}


def _n_e_axis(panel) -> None:
    panel.set(xscale="log", xlabel="$n_E$", xlim=(15, 1.4 * max(N_E)))
    panel.set_xticks(N_E, list(map(str, N_E)), rotation=45)
    panel.minorticks_off()
    panel.grid(axis="y")


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

    Parameters
    ----------
    values : mapping of model to (seeds, heads)
    """
    every = [values[m] for d in DISTANCES for s in STRATEGIES for m in names(s, d)]
    same = shared(*every)[0].index
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.8), sharey=True)
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
        _n_e_axis(panel)
        panel.set_xlim(left=3)  # room for names
        _say_seeds(panel, values, {n: [name(s, distance, n) for s in STRATEGIES] for n in N_E})
    axes[0].set_ylim(axes[0].get_ylim()[0] - 0.04)
    axes[0].set_ylabel("F-score on domain B")
    _name_lines(axes, values, same)
    return figure


def _name_lines(axes, values: ByModel, same: pd.Index) -> None:
    """Strategies beside their first points, references at the end of their lines."""
    for strategy in STRATEGIES:
        at = values[name(strategy, next(iter(DISTANCES)), N_E[0])].loc[same].to_numpy().mean()
        long = len(strategy) > 5
        x, y, side = (N_E[0] * 1.3, at - 0.04, "left") if long else (N_E[0] * 0.72, at, "right")
        look = {"color": STRATEGY_STYLE[strategy][0], "backgroundcolor": "white"}
        text = axes[0].text(x, y, strategy, ha=side, va="center", **look)
        text.get_bbox_patch().set_boxstyle("square", pad=0)
    ends = {CONTROL: "center", STATISTICS: "top", BOUND: "bottom"}
    levels = {line.get_label(): line.get_ydata()[0] for line in axes[1].lines}
    place = {"transform": axes[1].get_yaxis_transform(), "linespacing": 1}
    for model, side in ends.items():
        words = f" {model}".replace(", ", ",\n ")
        axes[1].text(1, levels[model], words, color=REFERENCES[model][0], va=side, **place)


def weight_or_number(values: ByModel) -> Figure:
    """80/20 with the mean over pairs and with sum / n: F against n_E, of the seeds of both.

    Parameters
    ----------
    values : mapping of model to (seeds, heads)
    """
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
        _n_e_axis(panel)
    axes[0].set_ylabel("F-score on domain B")
    legend(figure, axes[0], ncols=2)
    return figure


def seeds(values: ByModel) -> Figure:
    """Mean F of the 36 models from each seed, against their mean over the other seeds.

    Models with the smallest n_E are hollow.

    Parameters
    ----------
    values : mapping of model to (seeds, heads)
    """
    figure, axes = plt.subplots(figsize=(5.2, 3.4))
    look = {"s": 16, "alpha": 0.8, "linewidths": 0.8}
    for strategy, distance, n_e in product(STRATEGIES, DISTANCES, N_E):
        colour, marker, _ = STRATEGY_STYLE[strategy]
        own = values[name(strategy, distance, n_e)].mean(axis=1)
        others = (own.sum() - own) / (len(own) - 1)
        face = "none" if n_e == N_E[0] else colour
        label = strategy if (distance, n_e) == ("ACD", N_E[-1]) else None
        axes.scatter(others, own, marker=marker, color=face, edgecolors=colour, label=label, **look)
    axes.scatter([], [], color="none", edgecolors=GRAY, label=f"hollow: $n_E$ = {N_E[0]}", **look)
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    ends = [low.min(), high.max()]
    axes.plot(ends, ends, color=LIGHT, linewidth=0.8, zorder=0)
    axes.set(xlabel="F of a model, mean over its other seeds", ylabel="F from one seed")
    legend(figure, axes, ncols=2)
    return figure


def live(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Dice loss and embedding loss of a few trainings, epoch by epoch.

    Parameters
    ----------
    histories : mapping of label to sequence of mappings
        An epoch each: ``epoch``, ``dice_loss``, ``embedding_loss``.
    """
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
