"""TODO rfe_book.style."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

#: Colour and marker of each domain.
DOMAIN_STYLE = {
    "A": ("#0072B2", "o"),
    "B": ("#D55E00", "s"),
    "C": ("#009E73", "^"),
    "D": ("#CC79A7", "D"),
}

#: Colour, marker and line style of each strategy.
STRATEGY_STYLE = {
    "50/50": ("#0072B2", "o", "-"),
    "distribution-aware": ("#009E73", "s", "--"),
    "80/20": ("#D55E00", "^", "-."),
}

# Colours that colour-blind readers can tell apart (Okabe and Ito), for what the book marks most.
COLOURS = {
    "truth": "#009E73",  # bluish green: correctly found
    "false positive": "#D55E00",  # vermilion
    "false negative": "#56B4E9",  # sky blue: missed
    "highlight": "#F0E442",  # yellow
}

#: Colour of each class of pixels.
CLASS_COLOURS = {"background": COLOURS["false negative"], "lesion": COLOURS["false positive"]}


def _picture(axes, plane, title, **options) -> None:
    """One axial plane (X, Y) as radiologists' software turns it here: anterior on top."""
    axes.imshow(upright(plane), cmap="gray", interpolation="nearest", **options)
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()


def bare(axes) -> None:
    """Drop the frame's upper and right side."""
    axes.spines[["top", "right"]].set_visible(False)


def to_display(image: np.ndarray, *, low: float, high: float) -> np.ndarray:
    """Gray values for the screen, uint8: `low` becomes 0, `high` 255, what lies outside is cut."""
    if not low < high:
        raise ValueError(f"low must be < high, got {low} and {high}")
    return np.round(255 * np.clip((image - low) / (high - low), 0, 1)).astype(np.uint8)


def upright(plane: np.ndarray) -> np.ndarray:
    """Turn an axial plane (X, Y, ...) in RAS+ into rows and columns.

    Anterior is on top, the patient's right on the right, as ``imshow(plane.T, origin="lower")``.
    """
    return np.swapaxes(plane, 0, 1)[::-1]


def axis(values: np.ndarray, *, log: bool) -> dict:
    """Ends and ticks of an axis that holds all values."""
    if log:
        low, high = np.floor(np.log10(values.min())), np.ceil(np.log10(values.max()))
        ticks = [float(f"1e{k}") for k in range(int(low), int(high) + 1)]
    else:
        step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1) if np.ptp(values) / s <= 6)
        low, high = np.floor(values.min() / step), np.ceil(values.max() / step)
        ticks = np.round(np.arange(low, high + 1) * step, 2).tolist()
    return {"log": log, "ticks": ticks}


def outline(mask: np.ndarray) -> np.ndarray:
    """The pixels just outside a mask (..., H, W), drawn at twice its size: (..., 2H, 2W) bool.

    Outside, so that the outline of a lesion of one pixel leaves the lesion to be seen.
    """
    large = np.repeat(np.repeat(np.asarray(mask, bool), 2, axis=-2), 2, axis=-1)
    cross = np.zeros((3,) * large.ndim, bool)
    cross[(1,) * (large.ndim - 2)] = ndimage.generate_binary_structure(2, 1)
    return ndimage.binary_dilation(large, cross) & ~large
