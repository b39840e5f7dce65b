"""Figures of chapter 07 on operating points: precision and recall, and three ways to score."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.figures.proof_of_concept import legend, of_seeds
from rfe_book.style import BLUE, GRAY, GREEN, LIGHT, ORANGE, PURPLE, STRATEGY_STYLE
from rfe_book.tables.proof_of_concept import BOUND, CONTROL
from rfe_core.sampling import STRATEGIES
from rfe_study.claims.proof_of_concept import at_margin_1, names
from rfe_study.claims.rows import ByModel
from rfe_study.methods.proof_of_concept import DISTANCES

#: Strategies of the exact loss from the least lesion to the most, and what the axis calls them.
BY_SHARE = {
    "distribution-aware": "as in the crops",
    "2x": "2 times",
    "4x": "4 times",
    "80/20": "80/20",
    "50/50": "50/50",
}


def operating_points(parts: pd.DataFrame) -> Figure:
    """Precision against recall of the 36 models, of the control and of the bound.

    Parameters
    ----------
    parts : DataFrame
        Indexed by ``model``: ``precision``, ``recall``. Gray curves join points of one F-score.
    """
    figure, axes = plt.subplots(figsize=(6.4, 3.5))
    for strategy in STRATEGIES:
        colour, marker, _ = STRATEGY_STYLE[strategy]
        for distance in DISTANCES:
            found = parts.loc[names(strategy, distance)]
            face = colour if distance == "ACD" else "none"
            look = {"facecolors": face, "edgecolors": colour, "label": f"{strategy}, {distance}"}
            axes.scatter(found["recall"], found["precision"], s=28, marker=marker, **look)
    for model, marker, colour in ((CONTROL, "P", "black"), (BOUND, "*", PURPLE)):
        at = parts.loc[model]
        axes.scatter(at["recall"], at["precision"], s=110, marker=marker, color=colour, label=model)
    axes.set(xlabel="recall: share of the lesion that is found",
             ylabel="precision: share of what\nis marked that is right")  # fmt: skip
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
            axes.text(recall[-1], edge, f" F {f:g}", color=GRAY, va="center")
    legend(figure, axes, ncols=2)
    return figure


def shares(scores: Mapping[str, ByModel]) -> Figure:
    """The exact loss by the share of lesion it sees, at each operating point.

    Parameters
    ----------
    scores : mapping of a score's name to scores by model
        In the order of `rfe_study.claims.operating_points.POINTS`.
    """
    figure, axes = plt.subplots(figsize=(6, 3))
    looks = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", "-."))
    for (label, values), (colour, marker, line) in zip(scores.items(), looks, strict=True):
        tables = [values[at_margin_1(share)] for share in BY_SHARE]
        look = {"color": colour, "marker": marker, "linewidth": 1.2, "label": label}
        of_seeds(axes, np.arange(len(BY_SHARE)), tables, line, **look)
    axes.set_xticks(range(len(BY_SHARE)), list(BY_SHARE.values()))
    axes.set(xlabel="share of lesion in the embedding loss", ylabel="score on domain B")
    axes.grid(axis="y")
    legend(figure, axes, ncols=3)
    return figure
