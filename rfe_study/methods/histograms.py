"""Histogram matching: labelled images given the intensities of another scanner (a plain rival)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rfe_core.patches import Patches

LEVELS = 257  # quantiles of either histogram, evenly spaced from 0 to 1


def match(values: NDArray, own: NDArray, other: NDArray) -> NDArray[np.float32]:
    """Map values so that the quantiles of `own` become those of `other`.

    Between quantiles the map is linear; beyond the extremes of `own` it is constant.

    Parameters
    ----------
    values : array, any shape
    own, other : array, (n,) and (m,)
        Samples of the distribution that values come from, and of the wanted one.

    Raises
    ------
    ValueError
        If a sample is empty.
    """
    if min(own.size, other.size) == 0:
        raise ValueError(f"samples must not be empty, got {own.size} and {other.size} values")
    have, want = (np.quantile(x, np.linspace(0, 1, LEVELS)) for x in (own, other))
    return np.interp(values, have, want).astype(np.float32)


def match_patches(patches: Patches, target: Patches) -> Patches:
    """Patches whose brain has, channel by channel, the intensities of the target's brain.

    Each patient is matched as a whole, to all crops of the target pooled. Pixels outside the brain
    stay as they are; they count nowhere.

    Parameters
    ----------
    patches : Patches
        Labelled ones of domain A.
    target : Patches
        Of the target domain; their labels are not used.

    Raises
    ------
    ValueError
        If either has no valid pixel.
    """
    images = patches.images.copy()
    for channel in range(images.shape[1]):
        wanted = target.images[:, channel][target.valid]
        for subject in np.unique(patches.subjects):
            inside = patches.valid & (patches.subjects == subject)[:, None, None]
            own = patches.images[:, channel][inside]
            images[:, channel][inside] = match(own, own, wanted)
    return replace(patches, images=images)
