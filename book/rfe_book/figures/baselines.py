"""Figures of chapter 03."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rfe_book.style import (
    BLUE,
    COLOURS,
    DOMAIN_STYLE,
    GRAY,
    LIGHT,
    framed,
    show_plane,
    upright,
)
from rfe_book.tables import baselines
from rfe_core.patches import Patches
from rfe_core.scans.layouts import MODALITIES
from rfe_study.claims.comparisons import mean_interval
from rfe_study.claims.rows import of_model
from rfe_study.methods.bounds import LOWER, UPPER
from rfe_study.phantom.domains import DOMAINS, TARGETS

#: Colour, marker and name: lower bound, upper bound of the patients' own domain.
_MODEL_STYLE = {
    "lower": (GRAY, "o", "lower bound"),
    "own": (BLUE, "D", "upper bound of this domain"),
}

_LINE_STYLE = {"lower": "-", "upper-B": "--", "upper-C": "-.", "upper-D": ":"}


def crops(patches: Patches, index: Sequence[int]) -> Figure:
    """Patches as the network gets them: one a column, with T1, T2 and FLAIR below each other.

    Parameters
    ----------
    patches : rfe_core.patches.Patches
    index : sequence of int
        Those that are shown.
    """
    shape = (len(MODALITIES), len(index))
    shades = plt.get_cmap("gray", 48)  # fewer bytes: 18 crops, mostly noise
    figure, axes = plt.subplots(*shape, figsize=(7, 0.5 + 6.6 / shape[1] * shape[0]))
    for column, k in enumerate(index):
        lesion = upright(patches.labels[k].astype(float))
        for row, modality in enumerate(MODALITIES):
            panel = axes[row, column]
            patient = patches.subjects[k].replace("train", "")
            title = f"patient {patient}\nslice z = {patches.slices[k]}" if row == 0 else ""
            show_plane(panel, patches.images[k, row], title, vmin=0, vmax=1, cmap=shades)
            panel.contour(lesion, [0.5], colors=COLOURS["highlight"], linewidths=0.8)
            if column == 0:
                panel.set_axis_on()
                framed(panel)
                panel.set(xticks=[], yticks=[], ylabel=modality.upper())
    return figure


def split(lesion_mask: NDArray[np.bool_], sides: NDArray[np.int8]) -> Figure:
    """Lesion area of each axial slice, and the side of the split that the slice is on.

    Parameters
    ----------
    lesion_mask : bool (X, Y, Z)
    sides : (Z,)
        Of `rfe_core.patches.split_slices`.
    """
    area = lesion_mask.sum(axis=(0, 1))
    figure, axes = plt.subplots(figsize=(7, 2.3))
    for side, name, colour, hatch in (
        (0, "training", LIGHT, ""),
        (1, "validation", BLUE, ""),
        (-1, "used by nobody", "white", "/////"),
    ):
        z = np.flatnonzero(sides == side)
        look = {"width": 1, "color": colour, "hatch": hatch, "edgecolor": GRAY}
        axes.bar(z, area[z], linewidth=0.3, label=name, **look)
        axes.bar(z, -0.08 * area.max(), linewidth=0, **look)  # also where there is no lesion
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(xlabel="axial slice z", ylabel="lesion area (mm²)", xlim=(-0.5, len(area) - 0.5))
    axes.legend(loc="upper left")
    return figure


def training(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss, and F-score on validation patches, of one training, epoch by epoch.

    Parameters
    ----------
    history : sequence of mappings
        An epoch each: ``epoch``, ``loss``, and ``f_A`` or that of other domains.
    """
    rows = pd.DataFrame(history)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.4))
    left.plot(rows["epoch"], rows["loss"], "o-", color=GRAY)
    left.set(xlabel="epoch", ylabel="Dice loss, training", ylim=(0, 1), xticks=rows["epoch"])
    for column in rows.filter(regex="^f_"):
        letter = column.removeprefix("f_")
        colour, marker = DOMAIN_STYLE[letter]
        right.plot(
            rows["epoch"], rows[column], f"{marker}-", color=colour, label=f"domain {letter}"
        )
    right.set(xlabel="epoch", ylabel="F-score, validation", ylim=(0, 1), xticks=rows["epoch"])
    right.legend()
    return figure


def learning_curves(curves: pd.DataFrame, branch_epoch: int) -> Figure:
    """Learning curves of all baselines, a line a seed: loss, and F-score on validation patches.

    Parameters
    ----------
    curves : DataFrame
        The stored table "learning-curves".
    branch_epoch : int
        Where the upper bounds leave the lower bound.
    """
    figure, axes = plt.subplots(1, 3, figsize=(7, 3))
    for (model, seed), rows in curves.groupby(["model", "seed"]):
        colour = DOMAIN_STYLE[model[-1]][0] if model != LOWER else GRAY
        look = {"color": colour, "linestyle": _LINE_STYLE[model], "linewidth": 1.2}
        label = baselines.MODELS[model] if seed == curves["seed"].min() else None
        axes[0].plot(rows["epoch"], rows["loss"], label=label, **look)
        axes[1].plot(rows["epoch"], rows["f_A"], **look)
        if model != LOWER:
            axes[2].plot(rows["epoch"], rows[f"f_{model[-1]}"], **look)
    titles = ("Dice loss,\ntraining", "F-score on A,\nvalidation", "F-score on the\nother domain")
    for panel, title in zip(axes, titles, strict=True):
        panel.axvline(branch_epoch, color="black", linewidth=0.8)
        panel.set_title(title)
        panel.set(xlabel="epoch", xlim=(0, curves["epoch"].max() + 1))
    axes[0].set_yscale("log")
    axes[0].set_yticks([0.02, 0.05, 0.1, 0.2, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"])
    axes[0].minorticks_off()
    axes[2].set_xlim(branch_epoch - 3, curves["epoch"].max() + 1)
    place = {"transform": axes[0].get_xaxis_transform(), "rotation": 90}
    axes[0].text(branch_epoch - 0.7, 0.97, f"epoch {branch_epoch}", ha="right", va="top", **place)
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def same_heads(table: pd.DataFrame) -> Figure:
    """The lower bound head by head in the four scanners, and both bounds seed by seed.

    Left: a thin line a head (mean over seeds), the mean with its 95% interval. Right: a mark a
    seed (mean over heads).

    Parameters
    ----------
    table : DataFrame
        Rows of the stored table "baselines", of the paired heads.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3), sharey=True)
    lower = {d: of_model(table, LOWER, d) for d in DOMAINS}
    x = np.arange(len(DOMAINS))
    left.plot(x, [t.mean(axis=0) for t in lower.values()], color=LIGHT, linewidth=0.8)
    means = np.array([mean_interval(t) for t in lower.values()])
    ends = [means[:, 0] - means[:, 1], means[:, 2] - means[:, 0]]
    colour, marker, name = _MODEL_STYLE["lower"]
    left.errorbar(x, means[:, 0], yerr=ends, fmt=marker, color="black", capsize=4, zorder=3)
    left.set(title="a line a head, lower bound", ylabel="F-score", ylim=(0, 1))
    for position, values in enumerate(lower.values()):
        seeds = values.mean(axis=1)
        look = {"fillstyle": "none", "label": name if position == 0 else None}
        right.plot(np.full(len(seeds), position - 0.12), seeds, marker, color=colour, **look)
    colour, marker, name = _MODEL_STYLE["own"]
    for letter in TARGETS:
        seeds = of_model(table, UPPER[letter], letter).mean(axis=1)
        place = np.full(len(seeds), list(DOMAINS).index(letter) + 0.12)
        look = {"fillstyle": "none", "label": name if letter == TARGETS[0] else None}
        right.plot(place, seeds, marker, color=colour, **look)
    right.set(title="a mark a seed, mean of all heads")
    right.legend(loc="lower right")
    for panel in (left, right):
        panel.set_xticks(x, DOMAINS)
        panel.set_xlabel("scanner")
        panel.set_xlim(-0.4, len(DOMAINS) - 0.6)
        panel.grid(axis="y")
    return figure


def detection(found: pd.DataFrame) -> Figure:
    """Share of lesions found by size: mean over seeds, lines from the worst to the best seed.

    Parameters
    ----------
    found : DataFrame
        From `rfe_study.claims.rows.detection`.
    """
    sizes = list(dict.fromkeys(found["size"]))
    figure, panels = plt.subplots(1, 4, figsize=(7, 3), sharey=True)
    for panel, letter in zip(panels, DOMAINS, strict=True):
        for offset, model, kind in ((-0.1, "lower", "lower"), (0.1, UPPER.get(letter), "own")):
            rows = found[(found["model"] == model) & (found["domain"] == letter)]
            colour, marker, name = _MODEL_STYLE[kind]
            seeds = rows.groupby("size")["found"].agg(["mean", "min", "max"]).reindex(sizes)
            panel.vlines(np.arange(len(sizes)) + offset, seeds["min"], seeds["max"], color=colour)
            panel.plot(
                np.arange(len(sizes)) + offset,
                seeds["mean"],
                f"{marker}-",
                color=colour,
                label=name if len(rows) else None,
            )
        panel.set_title(f"patients of {letter}")
        ticks = [size.replace("-", "–") for size in sizes]
        panel.set_xticks(range(len(sizes)), ticks, rotation=45)
        panel.grid(axis="y")
    panels[0].set(ylabel="share of lesions found", ylim=(0, 1.03))
    figure.supxlabel("lesion size (mm³)")
    handles = panels[-1].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=2)
    return figure


def gaps(gaps: pd.DataFrame) -> Figure:
    """From lower to upper bound on each target domain, and the gap with its 95% interval.

    Parameters
    ----------
    gaps : DataFrame
        From `rfe_study.claims.comparisons.gaps`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.3), sharey=True)
    y = np.arange(len(gaps))[::-1]
    left.hlines(y, gaps["lower"], gaps["upper"], color=LIGHT, linewidth=3)
    for column, kind in (("lower", "lower"), ("upper", "own")):
        colour, marker, _ = _MODEL_STYLE[kind]
        left.plot(gaps[column], y, marker, color=colour, markersize=8, label=f"{column} bound")
    left.set_yticks(y, [f"domain {domain}" for domain in gaps["domain"]])
    left.set(xlabel="F-score", ylim=(-0.5, len(y) - 0.5))
    ends = [gaps["gap"] - gaps["low"], gaps["high"] - gaps["gap"]]
    right.errorbar(gaps["gap"], y, xerr=ends, fmt="D", color=BLUE, capsize=4)
    right.axvline(0, color="black", linewidth=0.8)
    right.set(xlabel="gap, with 95% interval")
    figure.legend(loc="outside upper left", ncols=2)
    return figure
