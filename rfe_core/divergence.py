r"""How well a sample of embeddings represents all of them: Jensen-Shannon divergence (Fig. 3(b)).

.. math:: \mathrm{JSD}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m),
          \qquad m = \tfrac12 (p + q)

between histograms, in nats: 0 for equal ones, ln 2 for disjoint ones.

Two traps. A histogram of few draws differs from its own source: even a perfect sample has a
divergence, which falls as the sample grows (`rfe_study.measures.perfect_samples`). And if each side
is binned over its own range, as in the authors' code, most of the curve is the change of the range.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rfe_core.checks import integer, one_of

Array = NDArray[Any]
Edges = Literal["shared", "own"]
Per = Literal["channel", "flattened"]

BINS = 256


def jsd(p: Array, q: Array) -> NDArray[np.float64]:
    """Divergence of distributions (..., K) along the last axis, in nats: (...).

    They are finite, non-negative and not all zero, but need not be normalised.
    """
    p, q = np.asarray(p, float), np.asarray(q, float)
    for name, counts in (("p", p), ("q", q)):
        total = counts.sum(-1)  # infinite or NaN if one of them is
        if counts.size == 0 or counts.min() < 0 or not ((total > 0) & np.isfinite(total)).all():
            raise ValueError(f"{name} must be finite, >= 0 and not all zero, got {counts}")
    p, q = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
    m = (p + q) / 2
    divergence: NDArray[np.float64] = _entropy(m) - (_entropy(p) + _entropy(q)) / 2
    return divergence.clip(0)


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    entropy: NDArray[np.float64] = -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)
    return entropy


def jensen_shannon(
    sample: ArrayLike,
    population: ArrayLike,
    *,
    bins: int = BINS,
    edges: Edges = "shared",
    per: Per = "channel",
) -> float | NDArray[np.float64]:
    """Divergence between sampled and all embeddings, in nats: (C,), or a float if flattened.

    Parameters
    ----------
    sample : array, (n, C)
    population : array, (N, C)
    bins : int
        Equal bins over the population's range (of each channel, or of all values if flattened).
    edges : {"shared", "own"}
        The same edges for both, or, as the authors' code does, each array over its own range.
    per : {"channel", "flattened"}
        A divergence for each channel, or one of all values of all channels as a single
        distribution (the authors' code).

    Examples
    --------
    >>> population = np.arange(8.0).reshape(8, 1)
    >>> jensen_shannon(population[:4], population, bins=2).round(3)
    array([0.216])
    """
    sample = checked_embeddings(sample, "sample")
    population = checked_embeddings(population, "population")
    if (n := sample.shape[1]) != (channels := population.shape[1]):
        raise ValueError(f"sample must have the population's {channels} channels, got {n}")
    check_choices(bins, per, edges)
    if per == "flattened":
        sample, population = sample.reshape(-1, 1), population.reshape(-1, 1)
    low, high = population.min(0), population.max(0)
    q = histograms(population, low, high, bins)
    if edges == "own":
        low, high = sample.min(0), sample.max(0)
    divergence = jsd(histograms(sample, low, high, bins), q)
    return float(divergence[0]) if per == "flattened" else divergence


def bin_index(values: Array, low: Array, high: Array, bins: int) -> NDArray[np.int64]:
    """Bin (n, C) of each value between low and high (C,); the end bins take what lies outside."""
    if not np.isfinite(values).all():
        raise ValueError("values must be finite, got NaN or infinity")
    width = np.where(high > low, high - low, 1)
    return ((values - low) / width * bins).clip(0, bins - 1).astype(np.int64)


def histograms(values: Array, low: Array, high: Array, bins: int) -> NDArray[np.int64]:
    """Histogram (C, bins) of each channel of values (n, C), binned as by `bin_index`."""
    return count_bins(bin_index(values, low, high, bins), bins)


def count_bins(index: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    """How many of the indices (n, C) are 0 ... bins-1, by channel: (C, bins)."""
    channels = index.shape[1]
    flat = index + np.arange(channels) * bins
    return np.bincount(flat.ravel(), minlength=channels * bins).reshape(channels, bins)


def checked_embeddings(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Embeddings (n, C) in float64; ValueError unless finite and n, C >= 1."""
    embeddings = np.asarray(values, float)
    if embeddings.ndim != 2 or 0 in embeddings.shape:
        raise ValueError(f"{name} must have shape (n >= 1, C >= 1), got {embeddings.shape}")
    if not np.isfinite(embeddings).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return embeddings


def check_choices(bins: int, per: str, edges: str = "shared") -> None:
    """Raise ValueError unless they are as `jensen_shannon` says."""
    integer(bins, "bins", least=1)
    one_of(per, ("channel", "flattened"), "per")
    one_of(edges, ("shared", "own"), "edges")
