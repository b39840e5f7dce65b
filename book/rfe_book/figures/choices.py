"""Figures of chapter 12."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.style import BLUE, DARK, DARK_VERMILION, GRAY, GREEN, LIGHT, VERMILION
from rfe_book.words import number


def weight_of_sums(n_e: Sequence[int], ours: float) -> Figure:
    """The weight that the mean would need to count as much as a sum, or sum / n, of weight 1.

    Parameters
    ----------
    n_e : sequence of int
    ours : float
        Our weight of the mean.
    """
    figure, axes = plt.subplots(figsize=(5.6, 3.2))
    n_e = np.array(n_e)
    for sides, style in ((2, "-"), (1, "--")):
        n = sides * n_e
        axes.plot(n_e, n**2, style, marker="o", markersize=4, color=VERMILION)
        axes.plot(n_e, n, style, marker="s", markersize=4, color=BLUE)
    axes.plot(n_e, np.full(len(n_e), ours), color=GREEN)
    end = n_e[-1] * 1.12
    for y, text, colour in (
        (4 * n_e[-1] ** 2, "sum (the text)", VERMILION),
        (2 * n_e[-1], "sum / n (the code)", BLUE),
        (ours, "mean (ours)", GREEN),
    ):
        axes.text(end, y, text, color=colour, fontsize=9, va="center")
    axes.set(xscale="log", yscale="log", xlabel="$n_E$", ylabel="weight of the mean")
    axes.set_xticks(n_e, map(str, n_e), fontsize=9)
    axes.minorticks_off()
    return figure


def cosines(values: Mapping[str, np.ndarray]) -> Figure:
    """Histograms of cosines of lesion and background pixels, one over the other.

    Parameters
    ----------
    values : mapping of name to cosines
        Two of them.
    """
    figure, axes = plt.subplots(figsize=(5.6, 2.9))
    bins = np.linspace(-1, 1, 41)
    for (name, cosine), colour, place in zip(
        values.items(), (BLUE, VERMILION), (0.98, 0.02), strict=True
    ):
        axes.hist(cosine, bins, density=True, histtype="stepfilled", color=colour, alpha=0.25)
        axes.hist(cosine, bins, density=True, histtype="step", color=colour)
        side = "right" if place > 0.5 else "left"
        where = {"transform": axes.transAxes, "ha": side, "va": "top", "fontsize": 9}
        axes.text(place, 0.95, name, color=colour, **where)
    axes.axvline(0, color=GRAY, linewidth=1)
    axes.set(xlabel="cosine of a lesion and a background pixel", ylabel="density", xlim=(-1, 1))
    return figure


def forces() -> Figure:
    """Length of the gradient of each distance, against the distance and against the angle."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 2.9))
    d, angle = np.linspace(0, 4, 200), np.linspace(0, 180, 200)
    left.plot(d, 2 * d, color=VERMILION)
    left.plot(d, np.ones_like(d), color=BLUE)
    left.text(2.1, 5.2, "squared ℓ2", color=VERMILION, fontsize=10.5, ha="right")
    left.text(4, 1.25, "ℓ2", color=BLUE, fontsize=10.5, ha="right")
    left.set(xlabel="distance $|h_i - h_j|$", ylabel="length of the gradient", ylim=(0, 8))
    right.plot(angle, np.sin(np.radians(angle)), color=GREEN)
    right.plot(angle, np.full_like(angle, 1 / np.pi), color=GRAY)
    right.text(90, 0.88, "1 − cos", color=GREEN, fontsize=10.5, ha="center", va="top")
    right.text(90, 0.36, "angle / π", color=GRAY, fontsize=10.5, ha="center")
    right.set(xlabel="angle (degrees), vectors of length 1", ylim=(0, 1.05))
    right.set_xticks([0, 45, 90, 135, 180])
    return figure


def lengths(values: Mapping[str, np.ndarray]) -> Figure:
    """Mean length of embeddings from step to step, by gradient; names stand at the ends.

    Parameters
    ----------
    values : mapping of name to lengths
        Two of them.
    """
    figure, axes = plt.subplots(figsize=(5.6, 2.8))
    for (name, length), colour in zip(values.items(), (BLUE, VERMILION), strict=True):
        axes.plot(length, color=colour)
        axes.text(len(length), length[-1], name, color=colour, fontsize=9, va="center")
    axes.set(xlabel="gradient steps", ylabel="mean length", ylim=(0, None))
    return figure


#: Colour of the names of each kind of training.
KINDS = {"stored": DARK, "again": DARK, "new": DARK_VERMILION, "reference": GRAY}

#: Left end of the axis: what lies beyond is told by a number.
FAR = -0.25


def trained(table: pd.DataFrame, limit: float) -> Figure:
    """Trained choices less ours, in F and in average precision; the band is what a seed may change.

    Thin lines lead from the worst to the best seed. What lies far below is told by its F alone.

    Parameters
    ----------
    table : DataFrame
        See `rfe_book.findings.choices_trained.trained`.
    limit : float
        Half the width of the band.
    """
    figure, axes = plt.subplots(figsize=(5.6, 0.34 * len(table) + 1))
    axes.axvspan(-limit, limit, color=LIGHT, alpha=0.4, linewidth=0)
    axes.axvline(0, color=GRAY, linewidth=1)
    rows = np.arange(len(table))
    near = table["f_score"] >= FAR
    ends = table.loc[near, ["worst", "best"]].T.to_numpy()
    axes.hlines(rows[near], *ends, color=VERMILION, linewidth=1)
    for column, colour, marker, name in (
        ("f_score", VERMILION, "o", "F at 0.5"),
        ("average_precision", BLUE, "D", "average precision"),
    ):
        axes.plot(table[column].where(table[column] >= FAR), rows, marker, color=colour, label=name)
    for row, f in enumerate(table["f_score"]):
        if f < FAR:
            axes.text(FAR, row, f"← F {number(f)}", color=VERMILION, fontsize=9, va="center")
    axes.set_yticks(rows, table.index)
    for label, kind in zip(axes.get_yticklabels(), table["kind"], strict=True):
        label.set_color(KINDS[kind])
    axes.invert_yaxis()
    axes.set(xlabel="difference to ours", xlim=(FAR - 0.01, None))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return figure
