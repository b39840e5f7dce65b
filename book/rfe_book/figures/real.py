"""Figures of chapter 11, one function a figure; each returns a matplotlib Figure."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from rfe_book.tables.real import MODELS, of_patient
from rfe_study.runs.real import AS_READ, SOURCE_LABELS

#: Colour and marker of the groups of figures, and of the scores.
GROUP_STYLE = {
    "contrast": (BLUE, "o"),
    "texture": (VERMILION, "^"),
    "edges": (GREEN, "s"),
    "range": (PURPLE, "D"),
    "shape": (ORANGE, "v"),
    "spots": (SKY, "P"),
}

SCORE_STYLE = {
    "f_score": ("Dice", BLUE, "o"),
    "precision": ("precision", VERMILION, "^"),
    "recall": ("recall", GREEN, "s"),
}


#: How the ways to adapt a network are called, from top to bottom.
ADAPTED_BY = {
    AS_READ: "not adapted",
    "no embedding": "same steps, weight 0",
    "RFE, NCC": "embedding loss",
    "Dice on NCC": "prior taken for the truth",
    SOURCE_LABELS: "labels of patient 07",
}


def distances(table: pd.DataFrame) -> Figure:
    """Distance of each kind of phantom from the real scan, by group of figures.

    Parameters
    ----------
    table : DataFrame
        From `rfe_study.realism.distance.distances`.
    """
    figure, panel = plt.subplots(figsize=(7, 0.42 * len(table) + 1.1))
    for group, (colour, marker) in GROUP_STYLE.items():
        panel.plot(table[group], range(len(table)), marker, color=colour, label=group)
    panel.plot(table["all"], range(len(table)), "|", color="black", ms=16, mew=2, label="mean")
    panel.set_yticks(range(len(table)), table.index)
    panel.invert_yaxis()
    panel.set_xscale("symlog", linthresh=1, linscale=2)  # even up to 1, then compressed
    panel.set_xlim(0, 8)
    ticks = [0, 0.25, 0.5, 0.75, 1, 2, 4, 8]
    panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.minorticks_off()
    panel.set_xlabel("mean |log2(phantom / real)|: 1 is a factor of two, 2 of four")
    panel.grid(axis="x")
    panel.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    return figure


def scores(rows: pd.DataFrame, subjects: list[str]) -> Figure:
    """Dice, precision and recall of each network, without adaptation; a panel a patient."""
    figure, panels = plt.subplots(1, len(subjects), figsize=(7, 2.6), sharey=True, squeeze=False)
    plain = rows[rows["experiment"] == AS_READ]
    shown = [model for model in MODELS if (plain["model"] == model).any()]
    for panel, subject in zip(panels[0], subjects, strict=True):
        own = of_patient(plain, subject)
        for k, (score, (name, colour, marker)) in enumerate(SCORE_STYLE.items()):
            at = own["model"].map(shown.index) + 0.22 * (k - 1)
            panel.plot(own[score], at, marker, color=colour, label=name, alpha=0.8)
        panel.set_yticks(range(len(shown)), [MODELS[model] for model in shown])
        panel.set_ylim(len(shown) - 0.5, -0.5)
        panel.set_xlim(0, 1)
        panel.set_title(f"patient {subject.removeprefix('patient')}")
        panel.grid(axis="x")
    panels[0, -1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=9)
    return figure


def adapted(rows: pd.DataFrame, subject: str) -> Figure:
    """Dice before and after each way to adapt to one scan: a dot a seed, a bar the mean."""
    own = of_patient(rows, subject)
    figure, panels = plt.subplots(1, 2, figsize=(7, 2.4), sharey=True)
    for panel, model in zip(panels, ("lower", "fitted"), strict=True):
        dice = own[own["model"] == model].pivot_table(
            index="seed", columns="experiment", values="f_score"
        )
        dice = dice.dropna(subset=list(ADAPTED_BY))
        for at, way in enumerate(ADAPTED_BY):
            colour = VERMILION if way == "RFE, NCC" else BLUE
            panel.plot(dice[way], [at] * len(dice), "o", color=colour, alpha=0.8)
            panel.plot(dice[way].mean(), at, "|", color="black", ms=16, mew=2)
        panel.set_yticks(range(len(ADAPTED_BY)), list(ADAPTED_BY.values()))
        panel.set_ylim(len(ADAPTED_BY) - 0.5, -0.5)
        panel.set_xlim(0, 1)
        panel.set_title(MODELS[model])
        panel.set_xlabel("Dice")
        panel.grid(axis="x")
    return figure
