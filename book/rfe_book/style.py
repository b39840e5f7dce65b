"""How the book shows things: its colours, and images as they are put on a screen.

The look of figures (fonts, frames, legends) is in ``rfe.mplstyle``. Colours are those of Okabe and
Ito, which colour-blind readers can tell apart; figures and widgets take them from here alone.
"""

import numpy as np
from scipy import ndimage

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW = "#E69F00", "#56B4E9", "#F0E442"
#: Darker, for words on white.
DARK_GREEN, DARK_VERMILION = "#00664B", "#A84800"
#: Grays, from near black to near white.
DARK, GRAY, MUTED, LIGHT, PALE, FAINT = (
    "#444444", "#666666", "#999999", "#BBBBBB", "#DDDDDD", "#EEEEEE"
)  # fmt: skip

#: Colour and marker of each domain.
DOMAIN_STYLE = {"A": (BLUE, "o"), "B": (VERMILION, "s"), "C": (GREEN, "^"), "D": (PURPLE, "D")}

#: Colour, marker and line style of each strategy.
STRATEGY_STYLE = {
    "50/50": (BLUE, "o", "-"),
    "distribution-aware": (GREEN, "s", "--"),
    "80/20": (VERMILION, "^", "-."),
}

#: What the book marks most: found, invented, missed.
COLOURS = {
    "truth": GREEN,
    "false positive": VERMILION,
    "false negative": SKY,
    "highlight": YELLOW,
}

#: Colour of each class of pixels.
CLASS_COLOURS = {"background": SKY, "lesion": VERMILION}


def show_plane(axes, plane, title, **options) -> None:
    """One axial plane (X, Y) as radiologists' software turns it here: anterior on top."""
    axes.imshow(upright(plane), cmap="gray", interpolation="nearest", **options)
    axes.set_title(title)
    axes.set_axis_off()


def framed(axes) -> None:
    """Draw the frame on all four sides, as images with axes need it."""
    axes.spines[["top", "right"]].set_visible(True)


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
