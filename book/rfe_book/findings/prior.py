"""What chapter 08 says of the prior."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import ndimage

from rfe_book.findings import Findings
from rfe_book.tables import prior as tables
from rfe_core.scans.subject import Subject
from rfe_study.measures import prior_quality

SMALL_VOXELS, DEEP_VOXELS = 30, 3


def templates(cubes: np.ndarray) -> Findings:
    """How alike two templates are: mean correlation, and the share of negative ones in per cent."""
    pairs = np.corrcoef(cubes.reshape(len(cubes), -1))[np.triu_indices(len(cubes), 1)]
    return Findings(alike=f"{pairs.mean():.2f}", opposite=f"{100 * (pairs < 0).mean():.0f}")


def patients(
    maps: Mapping[str, np.ndarray], threshold: float, subjects: Mapping[str, Subject]
) -> Findings:
    """Dice of V1, V2 and V3 with V1's threshold and with each one's best; where responses are low.

    Parameters
    ----------
    maps : mapping of (X, Y, Z)
        Responses by name, "V1" among them.
    threshold : float
        Chosen on V1.
    subjects : mapping of Subject
        By the same names.
    """
    values = {"threshold": f"{threshold:.2f}"}
    for name, subject in subjects.items():
        scored = prior_quality.score(maps[name], threshold, subject)
        values[f"dice_{name}"] = f"{scored['f_score']:.2f}"
        values[f"best_{name}"] = f"{scored['best_f_score']:.2f}"
    truth = subjects["V1"].lesion_mask
    labels, _ = ndimage.label(truth, np.ones((3, 3, 3)))
    small = (np.bincount(labels.ravel()) <= SMALL_VOXELS)[labels]  # the background is larger
    deep = ndimage.distance_transform_edt(truth) >= DEEP_VOXELS
    places = {"deep": deep, "small": small, "whole_brain": subjects["V1"].brain_mask}
    for name, where in places.items():
        values[name] = f"{maps['V1'][where].mean():.2f}"
    return Findings(**values)


def noise(rows: pd.DataFrame) -> Findings:
    """How noisy the prior is on V2 and V3 of all targets, in the paper's setting.

    ``*_low``, ``*_high`` are over patients and ``*_mean`` the mean of them; precision, recall and
    auc in per cent. ``bright_wins`` of ``cases`` patients have a better Dice by brightness.
    """
    rows = tables.paper_setting(rows)
    ncc = tables.by_patient(tables.select(rows, "NCC", own=True, unseen=True))
    of_a = tables.by_patient(tables.select(rows, "NCC", own=False, unseen=True))
    bright = tables.by_patient(tables.select(rows, "brightness", own=True, unseen=True))
    best, dice = ncc["best_f_score"], ncc["f_score"]
    values = {"cases": len(ncc), "bright_wins": int((bright["f_score"] > dice).sum())}
    for name in ("precision", "recall", "auc"):
        values[f"{name}_low"] = f"{100 * ncc[name].min():.0f}"
        values[f"{name}_high"] = f"{100 * ncc[name].max():.0f}"
    fewest = tables.select(rows, "NCC", own=True).groupby("target")["templates"].min()
    values |= {f"templates_{letter}": int(n) for letter, n in fewest.items()}
    return Findings(
        dice_low=f"{dice.min():.2f}",
        dice_high=f"{dice.max():.2f}",
        dice_mean=f"{dice.mean():.2f}",
        best_mean=f"{best.mean():.2f}",
        transfer_loss=f"{best.mean() - dice.mean():.2f}",
        other_mean=f"{of_a['f_score'].mean():.2f}",
        bright_mean=f"{bright['f_score'].mean():.2f}",
        **values,
    )


def span(values: pd.DataFrame | pd.Series, digits: int) -> Findings:
    """The smallest and the largest of a table's numbers."""
    numbers = values.to_numpy()
    return Findings(low=f"{numbers.min():.{digits}f}", high=f"{numbers.max():.{digits}f}")


def cost(rows: pd.DataFrame) -> Findings:
    """How many times ours is faster and smaller than `match_template`, with 30 templates."""
    two = rows[rows["templates"] == 30].set_index("variant")[["seconds", "mb"]]
    ratio = two.loc["match_template"] / two.loc["ours"]
    return Findings(faster=f"{ratio['seconds']:.0f}", smaller=f"{ratio['mb']:.0f}")


def origin(rows: pd.DataFrame) -> Findings:
    """Where rows come from, by the first of them."""
    born = rows.iloc[0]
    made = f"{born.hardware}; PyTorch {born.torch}; code {born.code_version}; {born.date}"
    return Findings(made=made, phantom=str(born.get("phantom_version", "none")))
