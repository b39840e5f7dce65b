"""What the release's choices about template matching change: flat windows and the grid."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rfe_core.prior import SIZE, best_threshold


def flat_as_match(
    response: NDArray[np.float32], volume: NDArray[np.float32], *, size: int = SIZE
) -> NDArray[np.float32]:
    """A response (X, Y, Z) that is 1 where the window is constant, as the release has it."""
    ends = [f(volume, size) for f in (ndimage.minimum_filter, ndimage.maximum_filter)]
    return np.where(ends[0] == ends[1], np.float32(1), response)


def best_f(response: NDArray[np.float32], lesion: NDArray[np.bool_], threshold: float) -> float:
    """F of ``response >= threshold``."""
    mask = response >= threshold
    return float(2 * (mask & lesion).sum() / (mask.sum() + lesion.sum()))


def grid_threshold(response: NDArray[np.float32], lesion: NDArray[np.bool_]) -> float:
    """The release's search: steps of 0.1, then finer ones around the best, to 4 more decimals."""
    best, reach = 0.5, 0.5
    for step in (0.1, 0.01, 0.001, 0.0001, 0.00001):
        around = np.arange(best - reach, best + reach + step / 2, step).clip(0, 1)
        found = [best_f(response, lesion, t) for t in around]
        best, reach = float(around[int(np.argmax(found))]), step
    return best


def compare(
    volume: NDArray[np.float32],
    response: NDArray[np.float32],
    brain: NDArray[np.bool_],
    lesion: NDArray[np.bool_],
) -> dict[str, float]:
    """F on the labelled volume itself, by three choices.

    Returns
    -------
    dict
        ``flat``, the share of the volume whose window is constant; ``ours`` within the brain at the
        exact threshold; ``grid`` at the release's; ``air`` with flat windows as matches, no mask.
    """
    matched = flat_as_match(response, volume)
    inside, truth = response[brain], lesion[brain]
    return {
        "flat": float((matched == 1).mean()),
        "ours": best_f(inside, truth, best_threshold(inside, truth)),
        "grid": best_f(inside, truth, grid_threshold(inside, truth)),
        "air": best_f(matched, lesion, best_threshold(matched, lesion)),
    }
