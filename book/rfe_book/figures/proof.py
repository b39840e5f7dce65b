"""Figures of chapter 07, one function a figure; each returns a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rfe_book.style import BLUE, GRAY, LIGHT, PURPLE, STRATEGY_STYLE, VERMILION
from rfe_core.sampling import STRATEGIES
from rfe_study.claims.comparisons import mean_interval
from rfe_study.claims.contrasts import minus
from rfe_study.claims.proof import name, names
from rfe_study.claims.rows import ByModel
from rfe_study.methods.proof import MARGIN_1_N_E, N_E

DISTANCES = ("ACD", "l2")

BASE = "no embedding"

#: Where "all" stands on the axis of n_E: it is no number of pixels.
ALL_AT = 6000

#: The exact loss needs margin 1; this is how its models are called.
EVERYTHING = "all margin 1"

#: Colour and line of each reference: gray without labels of B, purple with them.
REFERENCES = {
    BASE: ("black", "-"),
    "lower bound": ("black", "-."),
    "labels of B": (PURPLE, "-"),
    "upper bound B": (PURPLE, "-."),
}


def _n_e_axis(panel, *, with_all: bool) -> None:
    ticks = {**{n: str(n) for n in N_E}, **({ALL_AT: "all"} if with_all else {})}
    panel.set(xscale="log", xlabel="$n_E$", xlim=(15, 1.4 * max(ticks)))
    panel.set_xticks(list(ticks), list(ticks.values()), fontsize=7, rotation=45)
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


def _strategies(panel, values: ByModel, distance: str, base: str | None) -> None:
    """The three curves of one distance; minus a model's F, paired, if `base` names one."""
    for number, strategy in enumerate(STRATEGIES):
        colour, marker, line = STRATEGY_STYLE[strategy]
        shift = 1.07 ** (number - 1)  # side by side
        look = {"color": colour, "marker": marker, "dots": base is None, "linewidth": 1.2}
        tables = [_over(values, model, base) for model in names(strategy, distance)]
        _curve(panel, np.array(N_E) * shift, tables, line, label=strategy, **look)
        if (everything := name(strategy, distance, EVERYTHING)) in values:
            _curve(panel, [ALL_AT * shift], [_over(values, everything, base)], "", **look)


def f_against_n_e(
    panels: Mapping[str, ByModel], bounds: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Fig. 3(a) anew: F on domain B against n_E, with what it has to be compared with.

    Parameters
    ----------
    panels : mapping of title to scores by model
        A row of panels each; columns are the distances.
    bounds : mapping of title to {"lower bound", "upper bound B"}
        Mean F of the baselines on the same patients.
    """
    figure, axes = plt.subplots(
        len(panels), 2, figsize=(7, 2.9 * len(panels)), sharex="col", sharey="row", squeeze=False,
    )  # fmt: skip
    for row, (title, values) in zip(axes, panels.items(), strict=True):
        levels = {model: values[model].to_numpy().mean() for model in REFERENCES if model in values}
        for panel, distance in zip(row, DISTANCES, strict=True):
            for model, level in {**levels, **bounds[title]}.items():
                colour, line = REFERENCES[model]
                panel.axhline(level, color=colour, linestyle=line, linewidth=1.1, label=model)
            _strategies(panel, values, distance, None)
            panel.set_title(f"{distance}, {title}")
            _n_e_axis(panel, with_all=distance == "ACD")
        row[0].set_ylabel("F-score on domain B")
    legend(figure, axes[0, 0], ncols=3)
    return figure


def gain_against_n_e(values: ByModel) -> Figure:
    """F gained over fine-tuning without embedding loss, paired by seed and head."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 3), sharey=True)
    for panel, distance in zip(axes, DISTANCES, strict=True):
        _strategies(panel, values, distance, BASE)
        panel.axhline(0, color="black", linewidth=1)
        panel.set_title(distance)
        _n_e_axis(panel, with_all=distance == "ACD")
    axes[0].set_ylabel(f"F gained over\n“{BASE}”")
    legend(figure, axes[0], ncols=3)
    return figure


def weight_or_number(values: ByModel) -> Figure:
    """80/20 with the mean over pairs and with sum / n: F gained, paired, against n_E."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.9), sharey=True)
    kinds = {
        "mean over pairs: the weight stays": ("", VERMILION, "^", "-."),
        "sum / n: the weight grows with $n_E$": (" sum/n", BLUE, "v", "-"),
    }
    for panel, distance in zip(axes, DISTANCES, strict=True):
        for number, (label, (suffix, colour, marker, line)) in enumerate(kinds.items()):
            models = [model + suffix for model in names("80/20", distance)]
            tables = [_over(values, model, BASE) for model in models]
            x = np.array(N_E) * 1.06 ** (2 * number - 1)
            look = {"color": colour, "marker": marker, "label": label, "linewidth": 1.2}
            _curve(panel, x, tables, line, dots=False, **look)
        panel.axhline(0, color="black", linewidth=1)
        panel.set_title(f"80/20, {distance}")
        _n_e_axis(panel, with_all=False)
    axes[0].set_ylabel(f"F gained over\n“{BASE}”")
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
    right.set_ylabel("F of all pixels − F of n_E")
    for panel, with_all in ((left, True), (right, False)):
        panel.axhline(0, color="black", linewidth=1)
        _n_e_axis(panel, with_all=with_all)
    legend(figure, right, ncols=3)
    return figure


def operating_points(parts: pd.DataFrame) -> Figure:
    """Precision against recall of the 36 models, of the control and of the bound.

    Parameters
    ----------
    parts : DataFrame
        Indexed by ``model``: ``precision``, ``recall``. Gray curves join points of one F-score.
    """
    figure, axes = plt.subplots(figsize=(6.4, 3.3))
    for strategy in STRATEGIES:
        colour, marker, _ = STRATEGY_STYLE[strategy]
        for distance in DISTANCES:
            found = parts.loc[names(strategy, distance)]
            face = colour if distance == "ACD" else "none"
            look = {"facecolors": face, "edgecolors": colour, "label": f"{strategy}, {distance}"}
            axes.scatter(found["recall"], found["precision"], s=28, marker=marker, **look)
    for model, marker, colour in ((BASE, "P", "black"), ("labels of B", "*", PURPLE)):
        at = parts.loc[model]
        axes.scatter(at["recall"], at["precision"], s=110, marker=marker, color=colour, label=model)
    axes.set(xlabel="recall: share of the lesion that is found",
             ylabel="precision: share of\nwhat is marked that is right")  # fmt: skip
    axes.autoscale(False)
    left, right = axes.get_xlim()
    recall = np.linspace(left, min(right, 1), 200)
    for f in (0.5, 0.6, 0.7, 0.8):
        above = recall > f / 2 + 0.01
        axes.plot(recall[above], f * recall[above] / (2 * recall[above] - f), "-", color=LIGHT,
                  linewidth=0.8, zorder=0)  # fmt: skip
        low, high = axes.get_ylim()
        edge = f * recall[-1] / (2 * recall[-1] - f)
        if low < edge < high:
            axes.text(recall[-1], edge, f" F {f:g}", color=GRAY, fontsize=8, va="center")
    legend(figure, axes, ncols=4)
    return figure


def seeds(values: ByModel) -> Figure:
    """Mean F of the 36 models from each seed, against their mean over the other seeds."""
    figure, axes = plt.subplots(figsize=(4.8, 3))
    for strategy in STRATEGIES:
        colour, marker, _ = STRATEGY_STYLE[strategy]
        f = np.array([values[m].mean(1) for d in DISTANCES for m in names(strategy, d)])
        others = (f.sum(1, keepdims=True) - f) / max(f.shape[1] - 1, 1)
        axes.scatter(others, f, s=14, marker=marker, color=colour, alpha=0.7, linewidths=0,
                     label=strategy)  # fmt: skip
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    ends = [low.min(), high.max()]
    axes.plot(ends, ends, color=LIGHT, linewidth=0.8, zorder=0)
    axes.set(xlabel="F of a model, mean over the other seeds", ylabel="F from one seed")
    legend(figure, axes, ncols=3)
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
