"""The real prior: which voxels look like the lesions of one labelled volume.

Section 3.2, *Real Prior*: small FLAIR cubes around lesions of one volume (templates) are compared
with every window of another by normalised cross-correlation (`rfe_core.ncc`); the geometric mean
over the templates, thresholded, stands in for the missing labels.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rfe_core.checks import integer, one_of

#: Side of a template in voxels, and how many the paper takes from V1.
SIZE, N_TEMPLATES = 5, 30


def dice_curve(
    response: NDArray[Any], lesion_mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Dice of ``response >= t`` with the truth, for every value t that the response takes.

    Between two such values the prediction does not change, so no other threshold can be better.
    Sorting makes it one pass: the n largest responses hold so many lesion voxels.

    Parameters
    ----------
    response : array of any shape, finite
    lesion_mask : bool array, same shape, with a lesion

    Returns
    -------
    thresholds, dice : (T,), thresholds decreasing
    """
    if response.shape != lesion_mask.shape or lesion_mask.dtype != bool:
        rule = f"lesion_mask must be bool of the response's shape {response.shape}"
        raise ValueError(f"{rule}, got {lesion_mask.dtype} {lesion_mask.shape}")
    if not lesion_mask.any():
        raise ValueError("lesion_mask must hold a lesion to choose a threshold by, got none")
    if not np.isfinite(response).all():
        raise ValueError("response must be finite, got NaN or infinity")
    order = np.argsort(response, axis=None)[::-1]
    values, found = response.ravel()[order], np.cumsum(lesion_mask.ravel()[order])
    last = np.append(np.flatnonzero(values[1:] != values[:-1]), len(values) - 1)  # of equal ones
    return values[last], 2 * found[last] / (last + 1 + found[-1])


def best_threshold(response: NDArray[Any], lesion_mask: NDArray[np.bool_]) -> float:
    """The threshold t whose mask ``response >= t`` has the largest Dice with the truth.

    Exact: the maximum over all thresholds (`dice_curve`). Of equally good ones the highest, which
    marks the fewest voxels.

    Deviation: the released code searches a grid of steps of 0.1 and refines around its best value,
    which can miss the maximum.

    Examples
    --------
    >>> best_threshold(np.array([0.9, 0.8, 0.2]), np.array([True, True, False]))
    0.8
    """
    thresholds, dice = dice_curve(response, lesion_mask)
    return float(thresholds[dice.argmax()])


def prior_mask(response: NDArray[Any], threshold: float) -> NDArray[np.bool_]:
    """The prior's labels: ``response >= threshold``, of finite responses.

    The threshold is in (0, 1]: at 0 all voxels outside the brain would be marked too.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be in (0, 1], got {threshold}")
    if not np.isfinite(response).all():
        raise ValueError("response must be finite, got NaN or infinity")
    mask: NDArray[np.bool_] = response >= threshold
    return mask


def lesion_centres(lesion_mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Centroids of the connected lesions (26 neighbours), rounded to voxels: (n, 3).

    The centroid of a bent lesion may lie outside it, as in the released code.
    """
    if lesion_mask.ndim != 3 or lesion_mask.dtype != bool:
        found = f"{lesion_mask.dtype} {lesion_mask.shape}"
        raise ValueError(f"lesion_mask must be bool (X, Y, Z), got {found}")
    labels, n = ndimage.label(lesion_mask, np.ones((3, 3, 3)))
    centres = ndimage.center_of_mass(lesion_mask, labels, np.arange(1, n + 1))
    return np.round(np.array(centres).reshape(n, 3)).astype(np.int64)


def extract_templates(
    volume: NDArray[Any],
    lesion_mask: NDArray[np.bool_],
    n: int = N_TEMPLATES,
    size: int = SIZE,
    *,
    generator: np.random.Generator,
    shortfall: Literal["error", "all available"] = "error",
) -> NDArray[np.float32]:
    """Cubes around lesions, one a lesion, drawn at random without replacement.

    A cube is centred on the lesion's centroid and may be smaller or larger than the lesion. Lesions
    whose cube would leave the volume are not drawn. The first k of a draw are a draw of k.

    Parameters
    ----------
    volume : array, (X, Y, Z)
        FLAIR of the labelled patient V1.
    lesion_mask : bool array, (X, Y, Z)
    n : int, >= 1
    size : int, odd
        Side in voxels.
    shortfall : {"error", "all available"}
        What to do when there are fewer lesions with room for a cube than `n`.

    Returns
    -------
    (n, size, size, size) float32; fewer only with ``shortfall="all available"``, never none.
    """
    if volume.shape != lesion_mask.shape:
        rule = f"lesion_mask must have the shape of volume {volume.shape}"
        raise ValueError(f"{rule}, got {lesion_mask.shape}")
    if not np.isfinite(volume).all():
        raise ValueError("volume must be finite, got NaN or infinity")
    if size < 1 or size % 2 == 0:
        raise ValueError(f"size must be odd, so that a cube has a centre voxel, got {size}")
    integer(n, "n", least=1)
    one_of(shortfall, ("error", "all available"), "shortfall")
    low = lesion_centres(lesion_mask) - size // 2
    low = low[((low >= 0) & (low + size <= volume.shape)).all(axis=1)]
    if len(low) == 0 or (len(low) < n and shortfall == "error"):
        raise ValueError(
            f"lesion_mask must hold {n} lesions with room for a cube of {size} voxels, "
            f'got {len(low)}; lower n or choose shortfall="all available"'
        )
    chosen = low[generator.permutation(len(low))[:n]]
    cubes = [volume[x : x + size, y : y + size, z : z + size] for x, y, z in chosen]
    return np.stack(cubes).astype(np.float32)
