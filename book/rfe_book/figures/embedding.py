"""Figures of chapter 04."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from numpy.typing import NDArray

from rfe_book.style import (
    BLUE,
    COLOURS,
    DARK,
    FAINT,
    GREEN,
    LIGHT,
    MUTED,
    PALE,
    PURPLE,
    VERMILION,
    YELLOW,
    framed,
    upright,
)

#: Name on the page, colour and line style of each distance.
DISTANCE_STYLE = {
    "cosine": ("1 − cos (ACD)", BLUE, "-"),
    "angular": ("arccos(cos) / π", VERMILION, "--"),
    "l2": ("ℓ2", GREEN, "-."),
    "l2_squared": ("squared ℓ2", PURPLE, ":"),
}

_LABELLED, _UNLABELLED, _INK = BLUE, VERMILION, DARK


def _arrow(axes, start, end, colour=_INK, **options) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=11, color=colour, linewidth=1.5, **options
        )
    )


def _box(axes, corner, width, height, text, colour) -> None:
    axes.add_patch(
        Rectangle(corner, width, height, facecolor="white", edgecolor=colour, linewidth=1.6)
    )
    axes.text(corner[0] + width / 2, corner[1] + height / 2, text, ha="center", va="center")


def framework(
    labelled: NDArray, lesion: NDArray, unlabelled: NDArray, embeddings: NDArray
) -> Figure:
    """The framework (redrawn counterpart of the paper's Fig. 1).

    Parameters
    ----------
    labelled, unlabelled : (X, Y)
        A FLAIR plane of either domain.
    lesion : bool (X, Y)
        Lesions of the labelled one.
    embeddings : (X, Y)
        One channel of what the network makes of them.
    """
    figure, axes = plt.subplots(figsize=(7, 3.6))
    axes.set(xlim=(0, 14), ylim=(0, 7.2), aspect="equal")
    axes.set_axis_off()

    def picture(plane, x, y, edge, **options):
        axes.imshow(upright(plane), cmap="gray", extent=(x, x + 2, y, y + 2.4), zorder=2, **options)
        axes.add_patch(
            Rectangle((x, y), 2, 2.4, facecolor="none", edgecolor=edge, linewidth=2.2, zorder=3)
        )

    for shift in (0.3, 0.15):  # a batch: pictures behind the first
        for y, edge in ((4.2, _LABELLED), (0.6, _UNLABELLED)):
            axes.add_patch(
                Rectangle((0.1 + shift, y + shift), 2, 2.4, facecolor=LIGHT, edgecolor=edge)
            )
    picture(labelled, 0.1, 4.2, _LABELLED)
    picture(unlabelled, 0.1, 0.6, _UNLABELLED)
    axes.text(0.1, 6.98, "labelled batch, domain A", color=_LABELLED)
    axes.text(0.1, 0.1, "unlabelled batch, domain B", color=_UNLABELLED)
    _arrow(axes, (2.5, 5.0), (3.5, 4.2), _LABELLED)
    _arrow(axes, (2.5, 2.0), (3.5, 2.8), _UNLABELLED)
    for n, height in enumerate((2.6, 1.9, 1.2, 0.7, 1.2, 1.9, 2.6)):  # the U
        axes.add_patch(
            Rectangle(
                (3.6 + 0.42 * n, 3.5 - height / 2),
                0.32,
                height,
                facecolor=YELLOW if n == 6 else PALE,
                edgecolor=_INK,
            )
        )
    axes.text(5.0, 5.35, "U-Net $f$", ha="center")
    for n, height in enumerate((2.45, 1.75, 1.05)):  # skip connections
        axes.plot(
            [3.76 + 0.42 * n, 6.28 - 0.42 * n],
            [3.5 + height / 2 + 0.16] * 2,
            color=MUTED,
            linewidth=0.8,
            linestyle="--",
            zorder=0,
        )
    axes.text(6.28, 1.72, "second-last\nlayer $h$", ha="center", va="top")
    _arrow(axes, (6.6, 4.0), (7.7, 5.2), _LABELLED)
    _arrow(axes, (6.6, 3.0), (7.7, 2.0))
    picture(lesion.astype(float), 7.8, 4.2, _LABELLED, vmin=0, vmax=1)
    axes.text(8.8, 6.98, "prediction and label $Y$", ha="center", color=_LABELLED)
    picture(embeddings, 7.8, 0.6, _INK)
    axes.text(8.8, 3.12, "embeddings $h(x_i)$", ha="center")
    pixels = ((8.35, 1.5), (8.7, 2.3), (9.3, 1.2), (9.1, 2.0))
    for x, y in pixels:
        axes.plot(x, y, "o", color=YELLOW, markeredgecolor=_INK, markersize=6, zorder=4)
    axes.text(8.8, 0.1, "prior: adjacency $A$", ha="center")
    _arrow(axes, (9.9, 5.4), (10.6, 5.4), _LABELLED)
    _arrow(axes, (9.9, 1.8), (10.6, 1.8))
    _box(axes, (10.7, 4.85), 3.1, 1.1, "① Dice loss $L_P$,\nlabelled only", _LABELLED)
    _box(axes, (10.7, 1.25), 3.1, 1.1, "② embedding\nloss $L_E$, both", _INK)
    _box(axes, (10.7, 3.05), 3.1, 1.1, "$L = L_P + \\lambda\\, L_E$", "black")
    _arrow(axes, (12.25, 4.85), (12.25, 4.2))
    _arrow(axes, (12.25, 2.35), (12.25, 3.0))
    return figure


def distance_curves(degrees: NDArray, curves: Mapping[str, NDArray]) -> Figure:
    """The four distances of unit vectors against their angle, and the hinges of two of them.

    Parameters
    ----------
    degrees : (n,)
    curves : mapping of distance to (n,)
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9))
    for name, values in curves.items():
        text, colour, dashes = DISTANCE_STYLE[name]
        left.plot(degrees, values, dashes, color=colour, label=text, linewidth=2)
    left.set(xlabel="angle between embeddings (degrees)", ylabel="distance $d$ (unit vectors)")
    left.legend()
    for name, margin in (("cosine", 1.0), ("angular", 0.5)):
        text, colour, dashes = DISTANCE_STYLE[name]
        hinge = np.maximum(0, margin - curves[name])
        right.plot(
            degrees, hinge, dashes, color=colour, linewidth=2, label=f"{text}, $m$ = {margin:g}"
        )
    right.set(xlabel="angle between embeddings (degrees)", ylabel="loss of two classes")
    right.legend()
    for axes in (left, right):
        axes.axvspan(90, 180, color=FAINT, zorder=0)
        axes.text(135, 0.6 * axes.get_ylim()[1], "not after\na ReLU", ha="center")
        axes.set(xticks=range(0, 181, 45), xlim=(0, 180))
    return figure


def force_fields(
    anchor: NDArray,
    points: NDArray,
    fields: Mapping[tuple[str, bool], NDArray],
    margins: Mapping[str, float],
) -> Figure:
    """Forces of one embedding on another: a column a distance, same class above, other below.

    Parameters
    ----------
    anchor : (2,)
        The other embedding.
    points : (n, 2)
        Where the force is drawn.
    fields : mapping of (distance, same class) to (n, 2)
        Forces at these points.
    margins : mapping of distance to float
    """
    figure, axes = plt.subplots(2, 4, figsize=(7, 4.1), sharex=True, sharey=True)
    for column, name in enumerate(DISTANCE_STYLE):
        for row, adjacent in enumerate((True, False)):
            panel, force = axes[row, column], fields[name, adjacent]
            framed(panel)
            size = np.linalg.norm(force, axis=1, keepdims=True)
            shown = force * np.divide(1, 1 + size)  # as in the widget: at most 1
            active = size[:, 0] > 1e-9
            panel.plot(*points[~active].T, ".", color=LIGHT, markersize=3)
            panel.quiver(
                *points[active].T,
                *shown[active].T,
                color=DISTANCE_STYLE[name][1],
                angles="xy",
                scale_units="xy",
                scale=1.6,
                width=0.012,
            )
            panel.plot(*anchor, "o", color="black", markersize=6)
            panel.axhline(0, color=LIGHT, linewidth=0.7, zorder=0)
            panel.axvline(0, color=LIGHT, linewidth=0.7, zorder=0)
            panel.set(aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1))
        axes[0, column].set_title(f"{DISTANCE_STYLE[name][0]}\n$m$ = {margins[name]:g}")
    axes[0, 0].set_ylabel("same class")
    axes[1, 0].set_ylabel("other class")
    figure.supxlabel("first component of the embedding $h$ (upwards: the second)")
    return figure


def adjacencies(matrices: Mapping[str, NDArray], labels: NDArray) -> Figure:
    """Adjacency matrices side by side, lesion rows marked at their edge.

    Parameters
    ----------
    matrices : mapping of title to (n, n)
    labels : (n,)
        1 lesion, 0 background.
    """
    figure, axes = plt.subplots(1, len(matrices), figsize=(7, 3.7))
    for panel, (title, matrix) in zip(np.atleast_1d(axes), matrices.items(), strict=True):
        framed(panel)
        panel.imshow(matrix, cmap="gray_r", vmin=0, vmax=1.6)
        rows = np.flatnonzero(labels)
        style = {"color": COLOURS["false positive"], "clip_on": False, "markersize": 3}
        panel.plot(np.full(len(rows), -2), rows, "s", **style)
        panel.plot(rows, np.full(len(rows), -2), "s", **style)
        ticks = range(0, len(matrix) + 1, 30)
        panel.set(xlabel="pixel $j$", ylabel="pixel $i$", xticks=ticks, yticks=ticks)
        panel.set_title(title, pad=10)
    return figure
