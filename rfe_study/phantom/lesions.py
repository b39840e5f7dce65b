"""MS lesions for the phantom: how many, how large, where, and what shape.

Numbers come from the 30 lesion masks of the open MS database (Lesjak et al. 2018); see `REAL` in
:mod:`rfe_study.realism.fidelity` for the figures the phantom is held against.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage, special
from skimage.graph import MCP_Geometric

# Quantile functions: probability, value. Between the knots log-linear.
COUNT = np.array([[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0], [17, 26, 39, 79, 116, 249, 392]])

LOAD_ML = np.array([[0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0], [0.3, 1.2, 5.0, 13.9, 29, 45, 52]])

SIZE_MM3 = np.array([[0.0, 0.06, 0.1, 0.25, 0.5, 0.75, 0.9], [1, 1.2, 2, 6, 17, 46, 110]])

#: Rank correlation of count and load over the patients of the database, on the normal scale.
COUNT_LOAD_CORRELATION = 0.6

#: Density of lesion centres against white matter's own, by distance from the lateral ventricles.
DISTANCE_MM = np.array([0.0, 1, 3, 5, 9, 15, 20, 25, 30, 40, 60, 200])

DENSITY = np.array([12.0, 12, 2.5, 1.9, 1.6, 1.5, 1.1, 0.85, 0.7, 0.55, 0.3, 0.3])


def _quantile(table: np.ndarray, probability):
    return np.exp(np.interp(probability, table[0], np.log(table[1])))


def draw_sizes(severity: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Lesion sizes of one patient, largest first.

    Nine lesions in ten follow the pooled size distribution of the database; the largest tenth
    carries the rest of the load, stretched until the sum is right (confluent lesions).

    Parameters
    ----------
    severity : (count, load)
        Two independent ranks in (0, 1); load is correlated with count before use.

    Returns
    -------
    (n,) int64, in mm3 = voxels
    """
    z_count, z_other = special.ndtri(severity)
    rho = COUNT_LOAD_CORRELATION
    load_rank = special.ndtr(rho * z_count + np.sqrt(1 - rho**2) * z_other)
    n = round(float(_quantile(COUNT, severity[0])))
    load = 1000 * _quantile(LOAD_ML, load_rank)
    rank = (np.arange(n) + rng.random(n)) / n
    bulk = _quantile(SIZE_MM3, np.minimum(rank, 0.9))
    stretch = np.clip((rank - 0.9) / 0.1, 0, 1) ** 2
    low, high = -3.0, 9.0
    for _ in range(40):  # bisection: the sum grows with the exponent
        middle = (low + high) / 2
        low, high = (
            (middle, high) if (bulk * np.exp(middle * stretch)).sum() < load else (low, middle)
        )
    return np.sort(np.maximum(1, np.round(bulk * np.exp(low * stretch))).astype(np.int64))[::-1]


def grow(
    wm: np.ndarray, distance: np.ndarray, roughness: np.ndarray, sizes, rng: np.random.Generator
) -> np.ndarray:
    """Grow lesions of the given sizes, never touching one another.

    A lesion starts in white matter, more often near the ventricles, and takes the voxels that a
    front reaches first; the front is fast in white matter and slowed by a rough random field.

    Parameters
    ----------
    wm : (X, Y, Z)
        White-matter probability.
    distance : (X, Y, Z)
        Distance from the lateral ventricles in mm.
    roughness : (X, Y, Z)
        Zero-mean random field that makes outlines irregular.
    sizes : sequence of int
        Wanted voxels of each lesion, largest first.

    Returns
    -------
    (X, Y, Z) int16
        0 = none, k = lesion of ``sizes[k - 1]``. A lesion with no room left stays smaller.
    """
    labels = np.zeros(wm.shape, np.int16)
    closed = wm < 0.01
    slowness = np.round(np.exp(0.5 * roughness) / (0.12 + wm), 3)
    candidates = np.flatnonzero(~closed)
    weight = wm.ravel()[candidates].astype(float) + 0.4
    weight *= np.interp(distance.ravel()[candidates], DISTANCE_MM, DENSITY)
    anywhere = np.cumsum(weight)
    near = np.cumsum(weight * np.exp(-distance.ravel()[candidates] / 10.0))
    for k, size in enumerate(sizes, start=1):
        seed = _draw_seed(candidates, near if size > 300 else anywhere, closed, rng)
        radius = int(np.ceil(2.1 * np.cbrt(size / 4.19))) + 1
        box = tuple(
            slice(max(0, s - radius), min(n, s + radius + 1))
            for s, n in zip(seed, wm.shape, strict=True)
        )
        start = tuple(s - b.start for s, b in zip(seed, box, strict=True))
        stretch = tuple(rng.uniform(0.6, 1.6, 3))
        grown = _front(np.where(closed[box], -1, slowness[box]), start, size, stretch)
        labels[box][grown] = k
        closed[box] |= ndimage.binary_dilation(grown, np.ones((3, 3, 3), bool))
    return labels


def _draw_seed(candidates, cumulative, closed, rng) -> tuple[int, ...]:
    for _ in range(1000):
        at = candidates[np.searchsorted(cumulative, rng.random() * cumulative[-1])]
        seed = np.unravel_index(at, closed.shape)
        if not closed[seed]:
            return tuple(int(s) for s in seed)
    raise RuntimeError("no room left for another lesion after 1000 draws")


def _front(slowness: np.ndarray, start, size: int, stretch) -> np.ndarray:
    """The `size` voxels reached first from `start`: connected by construction."""
    if size == 1:
        arrival = np.full(slowness.shape, np.inf)
        arrival[start] = 0
    else:
        arrival = MCP_Geometric(slowness, sampling=stretch).find_costs([start])[0]
    order = np.argsort(arrival, axis=None, kind="stable")[:size]
    grown = np.zeros(slowness.shape, bool)
    grown.ravel()[order[np.isfinite(arrival.ravel()[order])]] = True
    return grown
