"""Directions of embeddings in a plane, before and after fine-tuning, and how alike groups are."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from rfe_core.sampling import CLASSES


def directions(embeddings: NDArray) -> NDArray[np.float64]:
    """h / |h| of embeddings (n, C); those of length 0 are left out."""
    h = np.asarray(embeddings, dtype=float)
    length = np.linalg.norm(h, axis=1)
    return h[length > 0] / length[length > 0, None]


def principal_plane(points: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Principal component analysis: the plane of largest variance.

    Parameters
    ----------
    points : (n, C)

    Returns
    -------
    mean : (C,)
    axes : (2, C)
        Orthonormal; the directions of largest variance.
    share : float
        Of the variance that lies in the plane.

    Raises
    ------
    ValueError
        If there are fewer than three points or two channels.
    """
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[0] < 3 or points.shape[1] < 2:
        raise ValueError(f"points must be (n >= 3, C >= 2), got shape {points.shape}")
    found = PCA(n_components=2, svd_solver="full").fit(points)
    return found.mean_, found.components_, float(found.explained_variance_ratio_.sum())


def by_class(embeddings: NDArray, labels: NDArray) -> dict[str, NDArray[np.float64]]:
    """Directions of each class; `labels` (n,) of 0, 1 and -1 (left out)."""
    return {name: directions(embeddings[labels == c]) for c, name in enumerate(CLASSES)}


def mean_cosines(groups: Mapping[str, NDArray]) -> pd.DataFrame:
    """Mean cosine between all pairs of two groups' directions, symmetric.

    Within a group a direction's pair with itself is left out. The mean over pairs is the product
    of mean directions, so no pair is visited.
    """
    sums = {name: z.sum(0) for name, z in groups.items()}
    n = {name: len(z) for name, z in groups.items()}

    def mean(first: str, second: str) -> float:
        total = float(sums[first] @ sums[second])
        if first == second:
            return (total - n[first]) / (n[first] * (n[first] - 1))
        return total / (n[first] * n[second])

    return pd.DataFrame({a: {b: mean(a, b) for b in groups} for a in groups})
