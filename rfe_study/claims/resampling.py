"""Intervals by resampling: of batches, and of seeds and heads as a check.

A score depends on the seed of a training and on the head. Both may be drawn again (the pigeonhole
bootstrap of Owen, 2007): rows and columns of the seed-by-head table, with replacement and
independently of each other. With few seeds such intervals are too narrow; verdicts rest on
`rfe_study.claims.crossed`, and this stands beside it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 5000


def bootstrap_means(
    values: ArrayLike, *, generator: np.random.Generator, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Means of the table with its seeds and its heads drawn again, with replacement.

    Parameters
    ----------
    values : (seeds, heads)
    generator : numpy.random.Generator
    draws : int
        How many means; > 0.

    Returns
    -------
    (draws,)

    Raises
    ------
    ValueError
        If the table has another shape, is empty or has gaps.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"values must be (seeds, heads), got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"values must be finite, got {int((~np.isfinite(values)).sum())} gap(s)")
    seeds, heads = (
        generator.multinomial(n, np.full(n, 1 / n), size=draws) / n for n in values.shape
    )
    return np.einsum("ks,sp,kp->k", seeds, values, heads)


def interval(samples: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """The middle part of resampled values: the percentile interval."""
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
