"""Figures of chapter 07, one function a figure; each returns a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rfe_book.style import BLUE, CLASS_COLOURS, GRAY, PURPLE, STRATEGY_STYLE, VERMILION
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
    "labelled A only": (GRAY, "--"),
    "labelled A only, statistics of B": (GRAY, ":"),
    "lower bound": ("black", "-."),
    "labels of B": (PURPLE, "-"),
    "upper bound B": (PURPLE, "-."),
}


def _n_e_axis(panel, *, with_all: bool) -> None:
    ticks = {**{n: str(n) for n in N_E}, **({ALL_AT: "all"} if with_all else {})}
    panel.set(xscale="log", xlabel="n_E", xlim=(15, 1.4 * max(ticks)))
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
        len(panels), 2, figsize=(7, 3.1 * len(panels)), sharex="col", sharey="row", squeeze=False,
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
    _legend(figure, axes[0, 0], ncols=3)
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
    _legend(figure, axes[0], ncols=3)
    return figure


def weight_or_number(values: ByModel) -> Figure:
    """80/20 with the mean over pairs and with sum / n: F gained, paired, against n_E."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.9), sharey=True)
    kinds = {
        "mean over pairs: the weight stays": ("", VERMILION, "^", "-."),
        "sum / n: the weight grows with n_E": (" sum/n", BLUE, "v", "-"),
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
    _legend(figure, axes[0], ncols=2)
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
    _legend(figure, right, ncols=3)
    return figure


def lengths(curves: pd.DataFrame, strategy: str = "80/20") -> Figure:
    """Mean length of drawn embeddings over fine-tuning, by class (rows) and distance (columns)."""
    figure, axes = plt.subplots(2, 2, figsize=(7, 4.4), sharex=True, sharey="row")
    shades = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, len(N_E)))
    columns = {f"length_{kind}": kind for kind in CLASS_COLOURS}
    means = curves.groupby(["model", "epoch"])[list(columns)].mean()
    for row, (column, kind) in zip(axes, columns.items(), strict=True):
        for panel, distance in zip(row, DISTANCES, strict=True):
            for model, n_e, shade in zip(names(strategy, distance), N_E, shades, strict=True):
                means.loc[model, column].plot(ax=panel, color=shade, label=f"n_E = {n_e}")
            style = {"color": "black", "linestyle": "--", "label": BASE}
            means.loc[BASE, column].plot(ax=panel, **style)
            panel.set_title(f"{kind}, {distance}")
            panel.set(xlabel="epoch")
        row[0].set_ylabel("mean length |h|")
    _legend(figure, axes[0, 0], ncols=4)
    return figure


def embedding_plane(stages: Mapping[str, Mapping[str, Mapping[str, NDArray]]]) -> Figure:
    """Directions of embeddings in a plane: a panel a stage, with classes of both domains.

    Parameters
    ----------
    stages : mapping of title to {domain: {class: (n, 2)}}
    """
    figure, axes = plt.subplots(1, len(stages), figsize=(7, 3.5), sharex=True, sharey=True)
    for panel, (title, domains) in zip(axes, stages.items(), strict=True):
        for marker, (domain, classes) in zip("os", domains.items(), strict=False):
            for kind, points in classes.items():
                look = {"s": 9, "alpha": 0.6, "linewidths": 0.7, "label": f"{kind}, {domain}"}
                hollow = {"facecolors": "none", "edgecolors": CLASS_COLOURS[kind]}
                filled = {"color": CLASS_COLOURS[kind], "edgecolors": "none"}
                panel.scatter(*points.T, marker=marker, **look, **(filled, hollow)[marker == "s"])
        panel.set_title(title)
        panel.set(xlabel="first axis", aspect="equal")
    axes[0].set_ylabel("second axis")
    _legend(figure, axes[0], ncols=4)
    return figure


def cost(seconds: pd.Series) -> Figure:
    """Seconds of an epoch by model (`rfe_book.tables.proof.cost`), against n_E."""
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for strategy in STRATEGIES:
        colour, marker, _ = STRATEGY_STYLE[strategy]
        for distance, line in zip(DISTANCES, ("-", ":"), strict=True):
            look = {"color": colour, "marker": marker, "label": f"{strategy}, {distance}"}
            axes.plot(N_E, seconds[names(strategy, distance)], line, markersize=5, **look)
        everything = seconds[name(strategy, "ACD", EVERYTHING)]
        axes.plot(ALL_AT, everything, marker, color=colour)
    for model, line in ((BASE, "-"), ("labelled A only", "--")):
        axes.axhline(seconds[model], color="black", linestyle=line, linewidth=1, label=model)
    axes.set(ylabel="seconds an epoch", ylim=(0, None))
    _n_e_axis(axes, with_all=True)
    _legend(figure, axes, ncols=4)
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
    _legend(figure, axes[0], ncols=3)
    return figure


def _legend(figure: Figure, panel, *, ncols: int) -> None:
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=ncols)
