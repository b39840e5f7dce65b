"""Figures of chapter 11."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from rfe_book.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from rfe_book.tables.real import MODELS, WAYS, of_patient

#: Colour and marker of the groups of measures, and of the scores.
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
    "average_precision": ("average precision", VERMILION, "^"),
    "lesion_f1": ("lesion F1", GREEN, "s"),
}


def distances(table: pd.DataFrame) -> Figure:
    """Distance of each kind of phantom from the real scans, by group of measures.

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
    panel.set_xlim(left=0)
    panel.set_xlabel("mean |log₂ (phantom / real)|: 1 is a factor of two")
    panel.grid(axis="x")
    panel.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def scores(rows: pd.DataFrame, subjects: Sequence[str]) -> Figure:
    """Scores of each network, for either way of a scan to go in: a panel a patient, a mark a seed.

    Parameters
    ----------
    rows : DataFrame
        Rows of `rfe adapt`.
    subjects : sequence of str
    """
    figure, panels = plt.subplots(
        1, len(subjects), figsize=(7, 3.8), sharex=True, sharey=True, squeeze=False
    )
    lines = [(model, way) for model in MODELS for way in WAYS]
    for panel, subject in zip(panels[0], subjects, strict=True):
        own = of_patient(rows, subject)
        place = [lines.index(pair) for pair in zip(own["model"], own["experiment"], strict=True)]
        at = pd.Series(place, index=own.index)
        for k, (score, (name, colour, marker)) in enumerate(SCORE_STYLE.items()):
            heights = at + 0.22 * (k - 1)
            panel.plot(
                own[score], heights, marker, color=colour, label=name, alpha=0.8, clip_on=False
            )
        panel.set_yticks(range(len(lines)), [f"{MODELS[m]},\n{WAYS[w]}" for m, w in lines])
        panel.set_ylim(len(lines) - 0.5, -0.5)
        panel.set_xlabel("score")
        panel.set_title(f"patient {subject.removeprefix('patient')}")
        panel.grid(axis="x")
    panels[0, 0].set_xlim(left=0)  # of all panels, once all marks are there
    panels[0, -1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure
