"""Figures of chapter 02."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rfe_book.style import (
    BLUE,
    COLOURS,
    DARK_GREEN,
    DARK_VERMILION,
    FAINT,
    GRAY,
    GREEN,
    PALE,
    VERMILION,
    framed,
    show_plane,
    upright,
)
from rfe_study.measures.probes import Stage


def network(laptop: Sequence[Stage], paper: Sequence[Stage]) -> Figure:
    """The network as a U: channels and sizes of the first, parameters of both networks.

    A box is as high as its image and as wide as the logarithm of its channels.

    Parameters
    ----------
    laptop, paper : sequence of rfe_study.measures.probes.Stage
        The steps of either network, from the image to the logits.
    """
    figure, axes = plt.subplots(figsize=(7, 4.6))
    deepest = max(stage.level for stage in laptop)
    tallest = max(stage.height for stage in laptop)
    boxes = []
    for n, (stage, large) in enumerate(zip(laptop, paper, strict=True)):
        height = 0.62 * stage.height / tallest + 0.06
        width = 0.055 * np.log2(2 * stage.channels) + 0.04
        x, y = n - width / 2, deepest - stage.level
        head = stage.name == "head"
        colour = VERMILION if head else GREEN if stage is laptop[-2] else BLUE
        axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, edgecolor="none"))
        axes.text(n, y + height + 0.03, f"{stage.channels}", ha="center", va="bottom")
        axes.text(n, y - 0.03, f"{stage.height}²", ha="center", va="top", color=GRAY)
        counts = f"{stage.parameters:,}\n{large.parameters:,}".replace(
            ",", "\N{NARROW NO-BREAK SPACE}"
        )
        rising = stage.name == "up"  # beside the arrow that comes from below
        at, side = (x, "left") if rising else (n, "center")
        axes.text(at, y - 0.15, counts, ha=side, va="top", linespacing=1.25)
        boxes.append((n, y, width, height))
    arrow = {"arrowstyle": "-|>", "color": GRAY, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    for (x0, y0, w0, h0), (x1, y1, w1, h1), to in zip(boxes, boxes[1:], laptop[1:], strict=False):
        start = (x0 + w0 / 2 + 0.03, y0 + h0 * (0.25 if to.name != "head" else 0.5))
        end = (x1 - w1 / 2 - 0.03, y1 + h1 * (0.7 if y1 < y0 else 0.3 if y1 > y0 else 0.5))
        axes.annotate("", end, start, arrowprops=arrow)
    for n, stage in enumerate(laptop):
        if stage.name == "up":
            m = stage.level
            start = (m + boxes[m][2] / 2 + 0.03, boxes[m][1] + 0.75 * boxes[m][3])
            end = (n - boxes[n][2] / 2 - 0.03, boxes[n][1] + 0.75 * boxes[n][3])
            axes.annotate("", end, start, arrowprops=arrow | {"ls": "--", "color": GREEN})
    last = len(laptop) - 1
    axes.text(
        (last - 1) / 2, deepest + 0.62, "skip connections (dashed)", ha="center", color=DARK_GREEN
    )
    axes.text(last - 1, deepest + 0.93, "embeddings", ha="center", color=DARK_GREEN)
    axes.text(last, deepest + 0.93, "logits", ha="center", color=DARK_VERMILION)
    axes.set(xlim=(-0.5, last + 0.5), ylim=(-0.5, deepest + 1.05))
    axes.set_axis_off()
    return figure


def skips(flair, truth, predictions: Mapping[str, np.ndarray], crop) -> Figure:
    """A slice, and what several networks make of it: hits, false alarms and misses.

    Parameters
    ----------
    flair, truth : (X, Y)
    predictions : mapping of (X, Y) bool
        By title, in the order of the panels.
    crop : pair of slices
        The part that is shown.
    """
    figure, axes = plt.subplots(
        1, 1 + len(predictions), figsize=(7, 7 / (1 + len(predictions)) + 0.9)
    )
    top = np.percentile(flair[crop], 99.8)
    gray = np.clip(flair[crop] / top, 0, 1)
    show_plane(axes[0], gray, "FLAIR", vmin=0, vmax=1)
    truth = truth[crop]
    kinds = {"lesion, found": "truth", "false alarm": "false positive", "missed": "false negative"}
    for panel, (title, predicted) in zip(axes[1:], predictions.items(), strict=True):
        marked = predicted[crop]
        picture = 0.75 * np.repeat(gray[..., None], 3, axis=-1)
        parts = truth & marked, marked & ~truth, truth & ~marked
        for part, key in zip(parts, kinds.values(), strict=True):
            picture[part] = [int(COLOURS[key][at : at + 2], 16) / 255 for at in (1, 3, 5)]
        panel.imshow(upright(picture))
        panel.set_title(title)
        panel.set_axis_off()
    handles = [Rectangle((0, 0), 1, 1, color=COLOURS[key]) for key in kinds.values()]
    figure.legend(handles, kinds, loc="outside lower center", ncols=3)
    return figure


def gradients(
    maps: Mapping[str, np.ndarray], shares: Mapping[str, np.ndarray], sides: tuple[int, int]
) -> Figure:
    """Where the gradient of one output pixel arrives, and how much of it within a square.

    Parameters
    ----------
    maps : mapping of (2R + 1, 2R + 1)
        Mean absolute gradients, centred on the output pixel.
    shares : mapping of (R + 1,)
        Of the same maps, `rfe_study.measures.probes.share_within`.
    sides : pair of int
        Smallest and largest side of the theoretical receptive field.
    """
    figure, axes = plt.subplots(1, 3, figsize=(7, 3), width_ratios=(1, 1, 1.1))
    for panel, (name, map_) in zip(axes, maps.items(), strict=False):
        radius = len(map_) // 2
        shown = np.maximum(map_ / map_.max(), 1e-5)
        image = panel.imshow(
            upright(shown),
            norm=LogNorm(1e-5, 1),
            cmap="cividis",
            extent=(-radius, radius, -radius, radius),
        )
        half = sides[1] / 2
        panel.add_patch(
            Rectangle((-half, -half), 2 * half, 2 * half, fill=False, color="white", ls="--")
        )
        framed(panel)
        panel.set_title(name)
        panel.set_xlabel("pixels")
    bar = figure.colorbar(image, ax=axes[:2], location="bottom", shrink=0.7, aspect=30, pad=0.03)
    bar.set_label("mean |gradient| / its largest")
    for (name, share), (colour, style) in zip(
        shares.items(), ((BLUE, "-"), (VERMILION, "--")), strict=False
    ):
        axes[2].plot(2 * np.arange(len(share)) + 1, share, style, color=colour, label=name)
    axes[2].axvspan(*sides, color=PALE, label="theory")
    axes[2].set(ylim=(0, 1.02), xlim=(0, None))
    axes[2].set_xlabel("side of a square")
    axes[2].set_ylabel("share of |gradient|")
    axes[2].legend(loc="lower right")
    return figure


def rare_class(
    found: np.ndarray,
    values: Mapping[str, np.ndarray],
    fractions: np.ndarray,
    ratios: Mapping[str, np.ndarray],
    marked: float,
) -> Figure:
    """Dice loss and cross entropy when lesions are rare.

    Parameters
    ----------
    found : (P,)
        Probability given to every lesion pixel.
    values : mapping of (P,)
        Loss at each, by name of the loss.
    fractions : (Q,)
        Shares of lesion pixels.
    ratios : mapping of (Q,)
        Summed absolute gradient of lesion over background pixels.
    marked : float
        The share that the left panel is drawn for.
    """
    styles = ((BLUE, "-"), (VERMILION, "--"))
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9))
    for (name, value), (colour, style) in zip(values.items(), styles, strict=True):
        left.plot(found, value, style, color=colour, linewidth=2, label=name)
    left.set(
        xlabel="probability given to lesion pixels",
        ylabel="loss",
        ylim=(0, None),
        title=f"{marked:.1%} of the pixels are lesion",
    )
    for (name, ratio), (colour, style) in zip(ratios.items(), styles, strict=True):
        right.plot(fractions, ratio, style, color=colour, linewidth=2, label=name)
    right.axvline(marked, color=GRAY, linewidth=1, linestyle=":")
    right.set(
        xscale="log",
        yscale="log",
        xlabel="share of lesion pixels",
        ylabel="pull of lesion / background",
        title="at the start: 0.5 everywhere",
    )
    right.xaxis.set_major_formatter(
        lambda value, _: f"{value:.1%}" if value < 0.01 else f"{value:.0%}"
    )
    left.legend()
    return figure


def cosines(cosines: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Cosines of pairs of pixels before and after the ReLU, by kind of pair.

    Parameters
    ----------
    cosines : mapping of mappings of arrays
        ``cosines[stage][kind of pair]``.
    """
    figure, axes = plt.subplots(1, len(cosines), figsize=(7, 2.9), sharey=True)
    edges = np.linspace(-1, 1, 41)
    styles = ((VERMILION, "-"), (BLUE, "--"), (GRAY, ":"))
    for panel, (stage, kinds) in zip(axes, cosines.items(), strict=True):
        for (kind, values), (colour, style) in zip(kinds.items(), styles, strict=True):
            height, _ = np.histogram(np.ravel(values), edges)
            panel.stairs(
                height / np.size(values), edges, color=colour, ls=style, lw=1.8, label=kind
            )
        panel.axvspan(-1, 0, color=FAINT, zorder=0)
        panel.set(xlabel="cosine", xlim=(-1.02, 1.02), title=stage)
        panel.set_xticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
    axes[0].set_ylabel("share of pairs")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
