"""Figures of chapter 08."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from rfe_book.style import BLUE, DARK, GREEN, MUTED, VERMILION, upright
from rfe_book.widgets.segmentation_view import OUTCOMES, outcome

#: Colour, marker and line style of the patients V1, V2 and V3.
PATIENT_STYLE = ((BLUE, "o", "-"), (VERMILION, "^", "--"), (GREEN, "s", "-."))

#: How each prior is drawn: colour, marker and whether the mark is filled.
PRIOR_STYLE = {
    ("NCC", True): ("NCC, templates of V1", BLUE, "o", True),
    ("NCC", False): ("NCC, templates of A", BLUE, "o", False),
    ("brightness", True): ("brightness, threshold of V1", VERMILION, "^", True),
    ("brightness", False): ("brightness, threshold of A", VERMILION, "^", False),
}


def template_sheet(templates: np.ndarray, mean: np.ndarray, *, columns: int = 10) -> Figure:
    """Middle axial slices of templates, each over its own range, and of their mean.

    Parameters
    ----------
    templates : (K, s, s, s)
    mean : (s, s, s)
        Of the templates without their own mean and length.
    columns : int
        Templates beside each other.
    """
    rows = -(-len(templates) // columns)
    figure = plt.figure(figsize=(7, 0.55 * rows + 0.3))
    left, right = figure.subfigures(1, 2, width_ratios=[columns, 3])
    panels = left.subplots(rows, columns, squeeze=False)
    for panel, template in zip(panels.flat, templates, strict=False):
        panel.imshow(upright(template[:, :, template.shape[2] // 2]), cmap="gray")
    for panel in panels.flat:
        panel.set_axis_off()
    panel = right.subplots()
    panel.imshow(upright(mean[:, :, mean.shape[2] // 2]), cmap="gray")
    panel.set_axis_off()
    panel.set_title("mean of all,\nnormalised")
    return figure


def responses_on_slice(
    flair: np.ndarray, truth: np.ndarray, responses: Mapping[str, np.ndarray]
) -> Figure:
    """A FLAIR slice with its lesions outlined, and responses in the same place.

    Parameters
    ----------
    flair, truth : (H, W)
        As drawn, row 0 on top.
    responses : mapping of title to (H, W)
        Zero outside the brain; each panel has a scale of its own, from the 1st percentile up.
    """
    figure, axes = plt.subplots(1, 1 + len(responses), figsize=(7, 3.2))
    axes[0].imshow(flair, cmap="gray")
    axes[0].set_title("FLAIR")
    for panel, (title, values) in zip(axes[1:], responses.items(), strict=True):
        low, high = np.quantile(values[values > 0], [0.01, 1])
        shown = panel.imshow(values, cmap="gray", vmin=low, vmax=high)
        panel.set_title(title)
        figure.colorbar(shown, ax=panel, shrink=0.8, location="bottom", label="response")
    for panel in axes:
        panel.contour(truth, [0.5], colors=[OUTCOMES["missed"]], linewidths=0.8)
        panel.set_axis_off()
    return figure


def dice_against_threshold(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]], chosen: float
) -> Figure:
    """Dice of each patient's prior against the threshold, and the one chosen on the first.

    Parameters
    ----------
    curves : mapping of patient to (thresholds, dice)
    chosen : float
    """
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for (name, (thresholds, dice)), (colour, marker, line) in zip(
        curves.items(), PATIENT_STYLE, strict=False
    ):
        stops = np.linspace(thresholds[0], thresholds[-1], 600)  # of a million; the peak is marked
        shown = np.searchsorted(-thresholds, -stops).clip(max=len(thresholds) - 1)
        axes.plot(thresholds[shown], dice[shown], line, color=colour)
        best = dice.argmax()
        axes.plot(thresholds[best], dice[best], marker, color=colour)
        axes.text(thresholds[-1], dice[-1], name, color=colour, va="bottom")
    axes.axvline(chosen, color=DARK, linestyle=":", linewidth=1.5)
    place = {"transform": axes.get_xaxis_transform(), "va": "top"}
    axes.text(chosen, 1, "  chosen on V1", **place)
    axes.set(xlabel="threshold", ylabel="Dice", ylim=(0, None))
    return figure


def prior_beside_truth(slices: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Figure:
    """What the prior finds, invents and misses, a panel a patient.

    Parameters
    ----------
    slices : mapping of title to (flair, prior, truth)
        (H, W) each, as drawn.
    """
    figure, axes = plt.subplots(1, len(slices), figsize=(7, 3.3))
    colours = [tuple(int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)) for c in OUTCOMES.values()]
    for panel, (title, (flair, mask, truth)) in zip(axes, slices.items(), strict=True):
        shown = np.repeat(np.clip(flair, 0, 1)[..., None], 3, axis=-1)
        kinds = outcome(mask, truth)
        for number, colour in enumerate(colours, start=1):
            shown[kinds == number] = colour
        panel.imshow(shown)
        panel.set_title(title)
        panel.set_axis_off()
    patches = [
        Patch(color=colour, label=name) for name, colour in zip(OUTCOMES, colours, strict=True)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=3)
    return figure


def noise_by_patient(rows: pd.DataFrame, targets: Sequence[str]) -> Figure:
    """Dice of each prior on each training patient, a panel a domain; bars span draws of templates.

    Parameters
    ----------
    rows : DataFrame
        Of the table "prior", in one setting.
    targets : sequence of str
        Domain letters.
    """
    figure, axes = plt.subplots(1, len(targets), figsize=(7, 3.3), sharey=True, squeeze=False)
    for panel, target in zip(axes[0], targets, strict=True):
        own = rows[rows["target"] == target]
        subjects = sorted(own["subject"].unique())
        for number, ((method, of_v1), (label, colour, marker, filled)) in enumerate(
            PRIOR_STYLE.items()
        ):
            from_v1 = own["source"] == subjects[0]
            part = own[(own["method"] == method) & (from_v1 == of_v1)]
            found = part.groupby("subject")["f_score"].agg(["mean", "min", "max"]).loc[subjects]
            bars = [found["mean"] - found["min"], found["max"] - found["mean"]]
            panel.errorbar(
                np.arange(len(subjects)) + 0.15 * (number - 1.5),
                found["mean"],
                bars,
                fmt=marker,
                color=colour,
                markerfacecolor=colour if filled else "white",
                label=label,
            )
        panel.set_xticks(range(len(subjects)), [f"V{k + 1}" for k in range(len(subjects))])
        panel.set(title=f"domain {target}", xlim=(-0.5, len(subjects) - 0.5), ylim=(0, None))
        panel.axvspan(-0.5, 0.5, color=MUTED, alpha=0.12, linewidth=0)
    axes[0, 0].set_ylabel("Dice")
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
    )
    return figure


def luck_of_v1(tables: Mapping[str, pd.DataFrame], targets: Sequence[str]) -> Figure:
    """Dice of priors on each patient, by whose labels they know; lines join the same patient.

    Parameters
    ----------
    tables : mapping of prior to DataFrame
        `rfe_book.tables.prior.by_v1`.
    targets : sequence of str
        Domain letters.
    """
    figure, axes = plt.subplots(1, len(targets), figsize=(7, 3), sharey=True, squeeze=False)
    for panel, target in zip(axes[0], targets, strict=True):
        for at, by_v1 in enumerate(tables.values()):
            for shift, (_, found) in zip(
                (-0.22, 0, 0.22), by_v1.loc[target].iterrows(), strict=True
            ):
                known = found.dropna()
                panel.plot([at + shift] * len(known), known, color=MUTED, linewidth=1, zorder=1)
                for v1, dice in known.items():
                    colour, marker, _ = PATIENT_STYLE[v1 - 1]
                    panel.plot(at + shift, dice, marker, color=colour, label=f"V1 is patient {v1}")
        panel.set_xticks(range(len(tables)), list(tables))
        panel.set(title=f"domain {target}", xlim=(-0.5, len(tables) - 0.5), ylim=(0, None))
    axes[0, 0].set_ylabel("Dice")
    named = dict(zip(*axes[0, 0].get_legend_handles_labels()[::-1], strict=True))
    named = {label: named[label] for label in sorted(named)}
    figure.legend(named.values(), named, loc="outside lower center", ncols=3)
    return figure
