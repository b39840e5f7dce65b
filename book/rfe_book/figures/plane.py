"""Figures of chapter 07 on embeddings: their directions, and their lengths while fine-tuned."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from rfe_book.figures.proof_of_concept import legend
from rfe_book.style import CLASS_COLOURS
from rfe_book.tables.proof_of_concept import CONTROL
from rfe_study.claims.proof_of_concept import names
from rfe_study.methods.proof_of_concept import DISTANCES, N_E


def lengths(curves: pd.DataFrame, strategy: str = "80/20") -> Figure:
    """Mean length of drawn lesion embeddings over fine-tuning, a panel a distance.

    Parameters
    ----------
    curves : DataFrame
        The stored table "sweep-curves".
    strategy : str
    """
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.4), sharey=True)
    shades = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, len(N_E)))
    means = curves.groupby(["model", "epoch"])["length_lesion"].mean()
    for panel, distance in zip(axes, DISTANCES, strict=True):
        for model, n_e, shade in zip(names(strategy, distance), N_E, shades, strict=True):
            means.loc[model].plot(ax=panel, color=shade, label=f"$n_E$ = {n_e}")
        means.loc[CONTROL].plot(ax=panel, color="black", linestyle="--", label=CONTROL)
        panel.set(xlabel="epoch", title=f"lesion embeddings, {distance}")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 5, 10]))
    axes[0].set_ylabel("mean length $|h|$")
    place = {"transform": axes[1].transAxes, "ha": "right", "va": "center"}
    axes[1].text(1, 0.48, f"$n_E$ = {N_E[0]} (dark) to {N_E[-1]} (light)", **place)
    last = means.loc[CONTROL]
    axes[1].text(last.index[-1], last.iloc[-1] + 0.4, CONTROL, ha="right", va="bottom")
    return figure


def embedding_plane(stages: Mapping[str, Mapping[str, Mapping[str, NDArray]]]) -> Figure:
    """Directions of embeddings in a plane: a panel a stage, with classes of both domains.

    Parameters
    ----------
    stages : mapping of title to {domain: {class: (n, 2)}}
    """
    figure, axes = plt.subplots(1, len(stages), figsize=(7, 3.1), sharex=True, sharey=True)
    for panel, (title, domains) in zip(axes, stages.items(), strict=True):
        for marker, (domain, classes) in zip("os", domains.items(), strict=False):
            for kind, points in classes.items():
                above = kind == "background"  # it gathers in one place, where lesions would hide it
                look = {"s": 9, "alpha": 0.7 if above else 0.35, "zorder": 2 + above}
                look |= {"linewidths": 0.7, "label": f"{kind}, {domain}"}
                hollow = {"facecolors": "none", "edgecolors": CLASS_COLOURS[kind]}
                filled = {"color": CLASS_COLOURS[kind], "edgecolors": "none"}
                panel.scatter(*points.T, marker=marker, **look, **(filled, hollow)[marker == "s"])
        panel.set_title(title)
        panel.set(xlabel="first axis", aspect="equal")
    axes[0].set_ylabel("second axis")
    legend(figure, axes[0], ncols=4)
    for handle in figure.legends[0].legend_handles:  # small and pale, as in the plane, nobody sees
        handle.set(alpha=1, sizes=[24])
    return figure
