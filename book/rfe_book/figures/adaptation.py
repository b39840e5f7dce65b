"""Figures of chapter 09, one function a figure; each returns a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.style import BLUE, DARK, GREEN, LIGHT, MUTED, PURPLE, VERMILION
from rfe_book.tables.adaptation import BOUND, CONTROL
from rfe_book.tables.gains import f_of
from rfe_study.claims.comparisons import means
from rfe_study.claims.rows import ByModel
from rfe_study.methods.adaptation import PAPER, adaptation_methods
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

#: Colour and marker of each kind of model, and its name.
GROUP_STYLE = {
    "bound": (DARK, "D", "bounds: with and without the target's labels"),
    "prior": (VERMILION, "^", "Random Feature Embedding with a prior"),
    "control": (BLUE, "o", "controls"),
    "rival": (GREEN, "s", "rivals"),
    "luck": (MUTED, "x", "another training patient as V1"),
}

#: Of the models that figures single out: colour, marker and hatch of its bar.
MODEL_STYLE = {
    LOWER_BOUND: (MUTED, "o", ""),
    PAPER: (VERMILION, "^", "//"),
    UPPER_BOUND: (DARK, "D", ""),
    CONTROL: (BLUE, "s", ""),
    BOUND: (PURPLE, "v", ""),
}


def groups() -> dict[str, str]:
    """The group of each model, the two bounds of chapter 03 among them."""
    return {LOWER_BOUND: "bound", UPPER_BOUND: "bound"} | {
        m.name: m.group for m in adaptation_methods()
    }


def fig_4a(by_target: Mapping[str, ByModel]) -> Figure:
    """Fig. 4(a) anew: F of lower bound, adapted model and upper bound on each target domain.

    Bars are means, lines 95% intervals over seeds and heads, dots the seeds.

    Parameters
    ----------
    by_target : mapping of domain to scores by model
        As `rfe_study.claims.adapted_rows.AdaptationRows.by_target` returns them.
    """
    figure, axes = plt.subplots(figsize=(7, 3.2))
    shown = (LOWER_BOUND, PAPER, UPPER_BOUND)
    for at, values in enumerate(by_target.values()):
        table = means({model: values[model] for model in shown})
        for number, model in enumerate(shown):
            colour, _, hatch = MODEL_STYLE[model]
            x, line = at + 0.27 * (number - 1), table.loc[model]
            look = {"color": colour, "hatch": hatch, "edgecolor": "white", "alpha": 0.85}
            axes.bar(x, line["mean"], 0.24, label=model if at == 0 else None, **look)
            ends = [[line["mean"] - line["low"]], [line["high"] - line["mean"]]]
            axes.errorbar(x - 0.04, line["mean"], ends, color="black", capsize=3, linewidth=1.2)
            dots = values[model].mean(axis=1)
            axes.plot(np.full(len(dots), x + 0.05), dots, "o", color="black", markersize=3)
    axes.set_xticks(range(len(by_target)), [f"domain {target}" for target in by_target])
    axes.set(ylabel="F-score", ylim=(0, 1))
    axes.grid(axis="y")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def every_method(
    by_target: Mapping[str, ByModel], *, label: str, minus: str | None = None
) -> Figure:
    """All models on each target domain, below each other: mean and 95% interval.

    Parameters
    ----------
    by_target : mapping of domain to scores by model
    label : str
        What the horizontal axis shows.
    minus : str, optional
        Show paired differences from this model.
    """
    kinds = groups()
    order = sorted(kinds, key=lambda model: list(GROUP_STYLE).index(kinds[model]))
    order = [model for model in order if model != minus]
    size = (7, 1.6 + 0.19 * len(order))
    figure, panels = plt.subplots(1, len(by_target), figsize=size, sharey=True, squeeze=False)
    for panel, (target, values) in zip(panels[0], by_target.items(), strict=True):
        table = means(values, over=minus).reindex(order)
        for kind, (colour, marker, name) in GROUP_STYLE.items():
            y = [k for k, model in enumerate(order) if kinds[model] == kind]
            rows = table.iloc[y]
            ends = np.abs(rows[["low", "high"]].T.to_numpy() - rows["mean"].to_numpy())
            look = {"color": colour, "marker": marker, "linestyle": "", "markersize": 5}
            panel.errorbar(rows["mean"], y, xerr=ends, label=name, elinewidth=1.2, **look)
        if minus is not None:
            panel.axvline(0, color="black", linewidth=1)
        panel.set_yticks(range(len(order)), order, fontsize=8)
        panel.set_title(f"domain {target}")
        panel.tick_params(axis="x", labelsize=8)
        panel.grid(axis="both")
    panels[0, 0].set_ylim(len(order) - 0.5, -0.5)  # the first on top
    figure.supxlabel(label)
    handles = panels[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=2)
    return figure


def precision_and_recall(precision: Mapping[str, ByModel], recall: Mapping[str, ByModel]) -> Figure:
    """Mean precision and recall of every model on each target, with lines of equal F.

    `MODEL_STYLE` names those singled out; an arrow leads from the lower bound to the adapted model.
    """
    figure, panels = plt.subplots(
        1, len(precision), figsize=(7, 3.3), sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    points = {
        target: {m: tuple(float(of[target][m].to_numpy().mean()) for of in (precision, recall))
                 for m in precision[target]}
        for target in precision
    }  # fmt: skip
    every = np.array([point for of_target in points.values() for point in of_target.values()])
    low, high = np.maximum(0, every.min(0) - 0.05), np.minimum(1, every.max(0) + 0.05)
    grid = np.meshgrid(*(np.linspace(a, b, 60) for a, b in zip(low, high, strict=True)))
    for panel, (target, of_target) in zip(panels[0], points.items(), strict=True):
        levels = np.arange(0.1, 1, 0.1)
        lines = panel.contour(*grid, f_of(*grid), levels, colors=LIGHT, linewidths=0.7)
        panel.clabel(lines, fmt=lambda level: f"F {level:.1f}", fontsize=7)
        others = [point for model, point in of_target.items() if model not in MODEL_STYLE]
        panel.plot(*np.transpose(others), "x", color=MUTED, markersize=4, label="other methods")
        for model, (colour, marker, _) in MODEL_STYLE.items():
            panel.plot(*of_target[model], marker, color=colour, markersize=7, label=model)
        arrow = {"arrowstyle": "->", "color": "black", "shrinkA": 4, "shrinkB": 4}
        panel.annotate("", of_target[PAPER], of_target[LOWER_BOUND], arrowprops=arrow)
        panel.set_title(f"domain {target}")
        panel.tick_params(labelsize=8)
    panels[0, 0].set(ylabel="recall", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    figure.supxlabel("precision")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


def detection(found: pd.DataFrame) -> Figure:
    """Share of lesions found by size: mean over seeds, lines from the worst to the best seed.

    Parameters
    ----------
    found : DataFrame
        As `rfe_book.tables.adaptation.found_by_size` returns it; models of `MODEL_STYLE` alone.
    """
    sizes = list(dict.fromkeys(found["size"]))
    domains = sorted(found["domain"].unique())
    figure, panels = plt.subplots(1, len(domains), figsize=(7, 3.2), sharey=True, squeeze=False)
    models = [model for model in MODEL_STYLE if model in set(found["model"])]
    for panel, domain in zip(panels[0], domains, strict=True):
        for number, model in enumerate(models):
            colour, marker, _ = MODEL_STYLE[model]
            rows = found[(found["model"] == model) & (found["domain"] == domain)]
            seeds = 100 * rows.groupby("size")["found"].agg(["mean", "min", "max"]).reindex(sizes)
            x = np.arange(len(sizes)) + 0.1 * (number - (len(models) - 1) / 2)
            panel.vlines(x, seeds["min"], seeds["max"], color=colour)
            panel.plot(x, seeds["mean"], f"{marker}-", color=colour, markersize=5, label=model)
        panel.set_title(f"domain {domain}")
        panel.set_xticks(range(len(sizes)), sizes, rotation=45, fontsize=8)
        panel.grid(axis="y")
    panels[0, 0].set(ylabel="lesions found (%)", ylim=(0, 103))
    figure.supxlabel("lesion size (mm³)")
    handles = panels[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=3)
    return figure


def chance_to_be_drawn(sizes: np.ndarray, chances: Mapping[str, np.ndarray]) -> Figure:
    """Chance that at least one pixel of a lesion is drawn, against its size; a line a case."""
    figure, axes = plt.subplots(figsize=(5.4, 2.8))
    for (label, chance), line in zip(chances.items(), ("-", "--", ":", "-."), strict=False):
        axes.plot(sizes, 100 * np.asarray(chance), line, linewidth=1.6, label=label)
    axes.set(xscale="log", xlabel="pixels of the lesion in the batch", ylim=(0, 103))
    axes.set_ylabel("chance to be drawn (%)")
    axes.grid()
    axes.legend()
    return figure
