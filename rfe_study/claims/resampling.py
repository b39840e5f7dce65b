"""Intervals for means over training seeds and patients, by resampling both.

A score depends on the seed of a training and on the patient. Each is one draw of many that could
have been, so both are drawn again (the pigeonhole bootstrap of Owen, 2007): rows and columns of
the seed-by-patient table, with replacement and independently of each other.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rfe_study.claims.scores import Scores

DRAWS = 5000

LEVEL = 0.95


def _table(name: str, values: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"{name} must be (seeds, patients), got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got {int((~np.isfinite(values)).sum())} gap(s)")
    return values


def resample_weights(n: int, draws: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """How often each of n comes in a resample of n with replacement, as a share: (draws, n)."""
    return generator.multinomial(n, np.full(n, 1 / n), size=draws) / n


def bootstrap_means(
    values: ArrayLike, *, generator: np.random.Generator, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Means of the table with its seeds and its patients drawn again, with replacement.

    Parameters
    ----------
    values : (seeds, patients)
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
    values = _table("values", values)
    seeds = resample_weights(values.shape[0], draws, generator)
    patients = resample_weights(values.shape[1], draws, generator)
    return np.einsum("ks,sp,kp->k", seeds, values, patients)


def bootstrap_differences(
    first: ArrayLike, second: ArrayLike, *, generator: np.random.Generator, draws: int = DRAWS
) -> NDArray[np.float64]:
    """Resampled ``mean(first) - mean(second)`` of the same seeds on different patients.

    For the same seeds and the same patients, resample the difference: it needs `bootstrap_means`
    alone, and what both have in common cancels.

    Parameters
    ----------
    first : (seeds, patients)
    second : (seeds, other patients)
        Row k of both tables comes from the same seed; rows are drawn together.

    Returns
    -------
    (draws,)
    """
    first, second = _table("first", first), _table("second", second)
    if len(first) != len(second):
        raise ValueError(f"second must have the {len(first)} seeds of first, got {len(second)}")
    seeds = resample_weights(len(first), draws, generator)
    means = [
        np.einsum("ks,sp,kp->k", seeds, table, resample_weights(table.shape[1], draws, generator))
        for table in (first, second)
    ]
    return means[0] - means[1]


def interval(samples: ArrayLike, *, level: float = LEVEL) -> tuple[float, float]:
    """The middle part of resampled values: the percentile interval.

    With few seeds or patients it is too narrow (three seeds cannot show what a fourth would do):
    read it as a rough guide, not as a guarantee.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resample(
    scores: Scores,
    *,
    generator: np.random.Generator,
    draws: int = DRAWS,
    seeds_first: bool = False,
) -> tuple[Scores, Scores]:
    """Scores with seeds and patients drawn again, and with patients alone drawn again.

    Seeds are drawn together for all domains, patients for each domain. `seeds_first` says what the
    generator is asked for first: it only keeps intervals as they were published.
    """
    n_seeds = scores.seeds.shape[1]
    seeds = resample_weights(n_seeds, draws, generator) if seeds_first else None
    patients = {
        domain: resample_weights(weights.shape[1], draws, generator)
        for domain, weights in scores.patients.items()
    }
    if seeds is None:
        seeds = resample_weights(n_seeds, draws, generator)
    return scores.weighed(seeds=seeds, patients=patients), scores.weighed(patients=patients)
