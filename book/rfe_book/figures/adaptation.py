"""Figures of chapter 09."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.style import BLUE, DARK, GREEN, LIGHT, MUTED, PURPLE, VERMILION
from rfe_book.tables.adaptation import BOUND, BY_SIZE, SHARES
from rfe_book.tables.gains import MEAN, f_of, with_mean
from rfe_study.claims.comparisons import means
from rfe_study.claims.headline import NONE_AT_LESIONS
from rfe_study.claims.rows import ByModel
from rfe_study.methods.adaptation import PAPER, adaptation_methods
from rfe_study.methods.bounds import LOWER_BOUND, UPPER_BOUND

#: Colour and marker of each kind of model, and its name.
GROUP_STYLE = {
    "bound": (DARK, "D", "bounds"),
    "prior": (VERMILION, "^", "RFE with a prior"),
    "control": (BLUE, "o", "controls"),
    "rival": (GREEN, "s", "rivals"),
    "luck": (MUTED, "x", "another training patient as V1"),
}

#: Of the three models of Fig. 4(a): colour and hatch of its bar.
BARS = {LOWER_BOUND: (MUTED, ""), PAPER: (VERMILION, "//"), UPPER_BOUND: (DARK, "")}

#: Colour and marker of each model of `detection`.
SIZE_STYLE = dict(
    zip(
        BY_SIZE,
        ((MUTED, "o"), (VERMILION, "^"), (DARK, "D"), (BLUE, "s"), (PURPLE, "v")),
        strict=True,
    )
)


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
    for at, values in enumerate(by_target.values()):
        table = means({model: values[model] for model in BARS})
        for number, (model, (colour, hatch)) in enumerate(BARS.items()):
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
    by_target: Mapping[str, ByModel],
    models: Sequence[str],
    *,
    minus: str,
    ends: tuple[float, float] | None = None,
) -> Figure:
    """Models below each other, on each target and on their mean: what they gain over another.

    Means and 95% intervals, paired by seed and head; no interval where there is one seed.

    Parameters
    ----------
    by_target : mapping of domain to scores by model
    models : names, the first on top
    minus : str
        The model that they are compared with.
    ends : (low, high), optional
        Of the horizontal axis: an interval of two seeds may be as wide as the page.
    """
    kinds = {model: groups()[model] for model in models}
    panels_of = with_mean(by_target)
    size = (7, 1.5 + 0.24 * len(models))
    figure, panels = plt.subplots(1, len(panels_of), figsize=size, sharey=True, sharex=True)
    for panel, (target, values) in zip(panels, panels_of.items(), strict=True):
        chosen = {m: values[m] for m in [*models, minus] if m in values}
        table = means(chosen, over=minus).reindex(list(models))
        for kind, (colour, marker, name) in GROUP_STYLE.items():
            y = [k for k, model in enumerate(models) if kinds[model] == kind]
            rows = table.iloc[y]
            sides = np.abs(rows[["low", "high"]].T.to_numpy() - rows["mean"].to_numpy())
            look = {"color": colour, "marker": marker, "linestyle": "", "markersize": 5}
            if y:
                panel.errorbar(rows["mean"], y, xerr=sides, label=name, elinewidth=1.2, **look)
        panel.axvline(0, color="black", linewidth=1)
        panel.set_yticks(range(len(models)), models)
        panel.set_title("mean of all" if target == MEAN else f"domain {target}")
        panel.grid(axis="both")
    panels[0].set_ylim(len(models) - 0.5, -0.5)  # the first on top
    if ends is not None:
        panels[0].set_xlim(*ends)
    figure.supxlabel(f"F gained over “{minus}”")
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=len(GROUP_STYLE))
    return figure


def class_shares(precision: Mapping[str, ByModel], recall: Mapping[str, ByModel]) -> Figure:
    """Mean precision and recall of the perfect prior by share of lesion, with lines of equal F.

    A line joins the shares of lesion; beside it no embedding, and labels of V2 and V3.

    Parameters
    ----------
    precision, recall : mapping of domain to scores by model
    """
    beside = {NONE_AT_LESIONS: (BLUE, "s"), BOUND: (DARK, "D")}
    figure, panels = plt.subplots(1, len(precision), figsize=(7, 3.3), sharex=True, sharey=True)
    points = {
        target: {
            m: [float(of[target][m].to_numpy().mean()) for of in (recall, precision)]
            for m in (*SHARES.values(), *beside)
        }
        for target in precision
    }
    every = np.array([point for of_target in points.values() for point in of_target.values()])
    low, high = np.maximum(0, every.min(0) - 0.06), np.minimum(1, every.max(0) + 0.06)
    grid = np.meshgrid(*(np.linspace(a, b, 60) for a, b in zip(low, high, strict=True)))
    for panel, (target, of_target) in zip(panels, points.items(), strict=True):
        levels = np.arange(0.1, 1, 0.1)
        lines = panel.contour(*grid, f_of(*grid), levels, colors=LIGHT, linewidths=0.7)
        panel.clabel(lines, fmt=lambda level: f"F {level:.1f}")
        path = np.array([of_target[model] for model in SHARES.values()])
        panel.plot(*path.T, "^-", color=VERMILION, markersize=6, label="RFE, perfect prior")
        for share, point in zip(SHARES, path, strict=True):
            above = {"xytext": (5, 2)}
            below = {"xytext": (-4, -3), "ha": "right", "va": "top"}  # of another model's marker
            where = {"textcoords": "offset points"} | (below if share == "2x" else above)
            panel.annotate(share.replace("x", "×"), point, **where)
        for model, (colour, marker) in beside.items():
            panel.plot(
                *of_target[model], marker, color=colour, markersize=6, label=model, linestyle=""
            )
        panel.set_title(f"domain {target}")
    panels[0].set(ylabel="precision", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    figure.supxlabel("recall")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def detection(found: pd.DataFrame) -> Figure:
    """Share of lesions found by size: mean over seeds, lines from the worst to the best seed.

    Parameters
    ----------
    found : DataFrame
        As `rfe_book.tables.adaptation.found_by_size` returns it; models of its `BY_SIZE` alone.
    """
    sizes = list(dict.fromkeys(found["size"]))
    domains = sorted(found["domain"].unique())
    figure, panels = plt.subplots(1, len(domains), figsize=(7, 3.2), sharey=True, squeeze=False)
    models = [model for model in SIZE_STYLE if model in set(found["model"])]
    for panel, domain in zip(panels[0], domains, strict=True):
        for number, model in enumerate(models):
            colour, marker = SIZE_STYLE[model]
            rows = found[(found["model"] == model) & (found["domain"] == domain)]
            seeds = 100 * rows.groupby("size")["found"].agg(["mean", "min", "max"]).reindex(sizes)
            x = np.arange(len(sizes)) + 0.1 * (number - (len(models) - 1) / 2)
            panel.vlines(x, seeds["min"], seeds["max"], color=colour)
            panel.plot(x, seeds["mean"], f"{marker}-", color=colour, markersize=5, label=model)
        panel.set_title(f"domain {domain}")
        ticks = [size.replace("-", "–") for size in sizes]
        panel.set_xticks(range(len(sizes)), ticks, rotation=45)
        panel.grid(axis="y")
    panels[0, 0].set(ylabel="lesions found (%)", ylim=(0, 103))
    figure.supxlabel("lesion size (mm³)")
    handles = panels[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=3)
    return figure
