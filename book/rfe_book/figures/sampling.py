"""Figures of chapter 05."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator
from matplotlib.transforms import Affine2D

from rfe_book.style import BLUE, CLASS_COLOURS, DARK, GRAY, PURPLE, STRATEGY_STYLE, VERMILION


def embeddings_along_channels(
    features: np.ndarray, pixels: Mapping[str, tuple[int, int]]
) -> Figure:
    """Fig. 2 anew: a pixel's embedding is its column through the channels of the feature map.

    Parameters
    ----------
    features : (C, H, W)
        As drawn, row 0 on top.
    pixels : mapping of name to (row, column)
        Where columns are taken.
    """
    channels, height, width = features.shape
    figure, (left, *right) = plt.subplots(
        1,
        1 + len(pixels),
        figsize=(7, 1.7 + 0.16 * channels),
        width_ratios=[4.2, *[1] * len(pixels)],
    )
    step, shear, squeeze = 0.30 * height, 0.45, 0.42
    top = np.percentile(features, 99.5, axis=(1, 2))
    styles = list(zip((VERMILION, BLUE, PURPLE), ("D", "o", "s"), strict=True))
    for c in reversed(range(channels)):  # the farthest sheet first
        place = Affine2D().scale(1, squeeze).skew(np.arctan(-shear), 0).translate(0, -c * step)
        options = {
            "cmap": plt.get_cmap("gray", 16),
            "vmin": 0,
            "vmax": max(top[c], 1e-6),
            "alpha": 0.9,
        }
        image = left.imshow(
            features[c], extent=(0, width, 0, height), origin="upper", aspect="auto", **options
        )
        image.set_transform(place + left.transData)
        frame = Rectangle((0, 0), width, height, fill=False, edgecolor=GRAY, linewidth=0.6)
        frame.set_transform(place + left.transData)
        left.add_patch(frame)
        left.text(width + 4, -c * step + 4, f"{c + 1}", va="center")
    for (row, column), (colour, marker) in zip(pixels.values(), styles, strict=False):
        x, y = column + 0.5, height - row - 0.5
        base = np.array([x - shear * squeeze * y, squeeze * y])
        ends = base - np.array([[0, 0], [0, (channels - 1) * step]])
        left.plot(*ends.T, color=colour, linewidth=1.6)
        for c in range(channels):
            left.plot(base[0], base[1] - c * step, marker, color=colour, markersize=4)
    left.set(
        xlim=(-shear * squeeze * height - 4, width + 16),
        ylim=(-(channels - 1) * step - 6, squeeze * height + 6),
        title="feature map, one sheet a channel",
    )
    left.set_axis_off()
    largest = max(float(features[:, r, c].max()) for r, c in pixels.values())
    for panel, (name, (row, column)), (colour, _) in zip(
        right, pixels.items(), styles, strict=False
    ):
        panel.barh(np.arange(1, channels + 1), features[:, row, column], color=colour)
        panel.set(xlim=(0, 1.05 * largest), ylim=(channels + 0.6, 0.4))
        panel.set_yticks(range(1, channels + 1))
        panel.set_title(name, color="black")
    right[0].set_ylabel("channel")
    figure.supxlabel("value of the embedding", x=0.8)
    return figure


def sampled_gradients(
    image: np.ndarray, drawn: np.ndarray, at_embeddings: np.ndarray, at_image: np.ndarray
) -> Figure:
    """Where the embedding loss of a sample pulls: at the drawn pixels, and through the network.

    Parameters
    ----------
    image : (H, W) uint8
    drawn : (H, W) int
        0 not drawn, 1 background, 2 lesion.
    at_embeddings, at_image : (H, W)
        Length of the gradient by each pixel's embedding, and by each pixel of the input.
    """
    figure, axes = plt.subplots(1, 3, figsize=(7, 3.4))
    for panel in axes:
        panel.set_axis_off()
    axes[0].imshow(image, cmap="gray")
    for code, (name, marker) in enumerate((("background", "o"), ("lesion", "D")), start=1):
        y, x = np.nonzero(drawn == code)
        axes[0].scatter(
            x, y, 16, CLASS_COLOURS[name], marker, label=name, edgecolors="white", linewidths=0.4
        )
    axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, handletextpad=0.1)
    n = np.count_nonzero(drawn)
    axes[0].set_title(f"{n} pixels drawn")
    for panel, values, title in zip(
        axes[1:],
        (at_embeddings, at_image),
        ("gradient at the embeddings", "gradient at the input image"),
        strict=True,
    ):
        touched = np.count_nonzero(values)
        shade = np.log10(np.maximum(values, values.max() * 1e-3))
        panel.imshow(shade, cmap="gray_r")
        panel.set_title(f"{title}:\nnot 0 at {touched:,} pixels")
    return figure


def monte_carlo(
    n_e: Sequence[int], losses: Mapping[str, np.ndarray], exact: Mapping[str, Sequence[float]]
) -> Figure:
    """Sampled losses about their exact expectation, and how their scatter falls.

    Parameters
    ----------
    n_e : sequence of N int
    losses : mapping of strategy to array (draws, N)
    exact : mapping of strategy to N numbers
    """
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.9))
    for number, (strategy, values) in enumerate(losses.items()):
        colour, marker, line = STRATEGY_STYLE[strategy]
        x = np.array(n_e) * 1.08 ** (number - 1)  # side by side
        low, high = np.quantile(values, [0.05, 0.95], axis=0)
        middle = values.mean(0)
        axes[0].errorbar(
            x, middle, [middle - low, high - middle], fmt=marker, color=colour, markersize=4
        )
        axes[0].plot(n_e, exact[strategy], line, color=colour, label=strategy, linewidth=1.2)
        axes[1].plot(n_e, values.std(0, ddof=1), line, marker=marker, color=colour, markersize=4)
    start = max(float(v.std(0, ddof=1)[0]) for v in losses.values()) * 1.6
    axes[1].plot(
        n_e, start * np.sqrt(n_e[0] / np.array(n_e)), ":", color=DARK, label=r"∝ $1/\sqrt{n_E}$"
    )
    axes[0].set(ylabel="loss (mean over pairs)", title="marks: mean and 90% of draws\nlines: exact")
    axes[1].set(ylabel="standard deviation", yscale="log", title="scatter over draws")
    for panel in axes:
        panel.set(xlabel="$n_E$", xscale="log")
        panel.set_xticks(n_e, map(str, n_e), rotation=45)
        panel.minorticks_off()
    axes[1].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes[1].yaxis.set_major_formatter("{x:g}")
    axes[1].legend()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def reach_of_small_lesions(table: pd.DataFrame) -> Figure:
    """Chance that a lesion gets a pixel into one step's sample, by its size.

    Parameters
    ----------
    table : DataFrame
        Columns ``strategy``, ``n_e``, ``size``, ``chance``.
    """
    sizes = sorted(table["n_e"].unique())
    figure, axes = plt.subplots(1, len(sizes), figsize=(7, 2.8), sharey=True, squeeze=False)
    for panel, n_e in zip(axes[0], sizes, strict=True):
        for strategy, rows in table[table["n_e"] == n_e].groupby("strategy", sort=False):
            colour, marker, line = STRATEGY_STYLE[strategy]
            panel.plot(
                rows["size"],
                rows["chance"],
                line,
                marker=marker,
                color=colour,
                markersize=4,
                label=strategy,
            )
        panel.set(title=f"$n_E$ = {n_e}", xscale="log", ylim=(-0.03, 1.03))
        panel.set(xlabel="pixels of the lesion")
        panel.set_xticks(ticks := [1, 3, 10, 30, 100], map(str, ticks))
        panel.minorticks_off()
    axes[0, 0].set_ylabel("chance of a pixel\nin the sample")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
