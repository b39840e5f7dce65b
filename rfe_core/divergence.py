r"""How well a sample of embeddings represents all of them: Jensen-Shannon divergence (Fig. 3(b)).

.. math:: \mathrm{JSD}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m),
          \qquad m = \tfrac12 (p + q)

between histograms, in nats: 0 for equal ones, ln 2 for disjoint ones.

Two traps. A histogram of few draws differs from its own source: even a perfect sample has a
divergence, which falls as the sample grows (`null_divergence`). And if each side is binned over its
own range, as in the authors' code, most of the curve is the change of the range.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    sample, population = _checked(sample, "sample"), _checked(population, "population")
    if (n := sample.shape[1]) != (channels := population.shape[1]):
        raise ValueError(f"sample must have the population's {channels} channels, got {n}")
    _check_choices(bins, per, edges)
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
    return _count(bin_index(values, low, high, bins), bins)


def _count(index: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    channels = index.shape[1]
    flat = index + np.arange(channels) * bins
    return np.bincount(flat.ravel(), minlength=channels * bins).reshape(channels, bins)


class BinnedPopulation:
    """All embeddings of a batch or a slice, binned once for many samples of them.

    Parameters
    ----------
    population : array, (N, C)
    labels : array, (N,)
        1 lesion, 0 background; pixels of other labels are in the population alone.
    per, bins
        See `jensen_shannon`, also for what is raised; channels are averaged.
    """

    def __init__(
        self, population: ArrayLike, labels: ArrayLike, *, per: Per = "channel", bins: int = BINS
    ) -> None:
        self.population, labels = _checked(population, "population"), np.asarray(labels)
        if labels.shape != self.population.shape[:1]:
            raise ValueError(f"labels must be one an embedding, got shape {labels.shape}")
        _check_choices(bins, per)
        self.per, self.bins = per, bins
        low, high = self.population.min(0), self.population.max(0)
        if per == "flattened":
            low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
        self._index = bin_index(self.population, low, high, bins)
        self.classes = [np.flatnonzero(labels == label) for label in (0, 1)]

    def histogram(self, rows: Array | slice) -> NDArray[np.int64]:
        """Histogram of the embeddings at `rows`: (C, bins), or (1, bins) if flattened."""
        counts = _count(self._index[rows], self.bins)
        return counts.sum(0, keepdims=True) if self.per == "flattened" else counts

    @cached_property
    def _all(self) -> NDArray[np.int64]:
        return self.histogram(slice(None))

    def divergence(self, rows: Array, edges: Edges = "shared") -> float:
        """`jensen_shannon` between the embeddings at `rows` and all."""
        _check_choices(self.bins, self.per, edges)
        if edges == "shared":
            return float(np.mean(jsd(self.histogram(rows), self._all)))
        sample = self.population[rows]
        if self.per == "flattened":
            sample = sample.reshape(-1, 1)
        counts = histograms(sample, sample.min(0), sample.max(0), self.bins)
        return float(np.mean(jsd(counts, self._all)))


def null_divergence(
    population: BinnedPopulation,
    counts: Sequence[int],
    *,
    draws: int = 20,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """What a perfect sample of a strategy would show: its divergence from its own source, (draws,).

    Whole pixels (channels of a pixel belong together) are drawn in the numbers that the strategy
    prescribes, and held against the histogram of the mixture it draws from, instead of against the
    whole population. What an observed divergence has beyond this, its excess, is not noise: it is
    the change of the class mix. For n >> K draws of K equally filled bins it is (K - 1) / (8 n).

    Parameters
    ----------
    population : BinnedPopulation
    counts : (background, lesion)
        How many of each the strategy draws (`rfe_core.sampling.counts`): without replacement, as it
        does, unless the class is smaller.
    draws : int
        Simulated samples, >= 1.
    """
    if draws < 1:
        raise ValueError(f"draws must be >= 1, got {draws}")
    if sum(counts) == 0:
        raise ValueError(f"counts must draw something, got {counts}")
    classes = list(zip(("background", "lesion"), population.classes, counts, strict=True))
    for name, pixels, n in classes:
        if n < 0 or (n > 0 and len(pixels) == 0):
            raise ValueError(f"count of {name} pixels must fit the {len(pixels)} there, got {n}")
    drawn = [(pixels, n) for _, pixels, n in classes if n]
    mixture = np.sum([n * population.histogram(rows) / len(rows) for rows, n in drawn], axis=0)
    found = np.empty(draws)
    for k in range(draws):
        rows = [generator.choice(pixels, n, replace=n > len(pixels)) for pixels, n in drawn]
        found[k] = np.mean(jsd(population.histogram(np.concatenate(rows)), mixture))
    return found


def _checked(values: ArrayLike, name: str) -> NDArray[np.float64]:
    embeddings = np.asarray(values, float)
    if embeddings.ndim != 2 or 0 in embeddings.shape:
        raise ValueError(f"{name} must have shape (n >= 1, C >= 1), got {embeddings.shape}")
    if not np.isfinite(embeddings).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return embeddings


def _check_choices(bins: int, per: str, edges: str = "shared") -> None:
    if bins < 1:
        raise ValueError(f"bins must be >= 1, got {bins}")
    if per not in ("channel", "flattened"):
        raise ValueError(f'per must be "channel" or "flattened", got {per!r}')
    if edges not in ("shared", "own"):
        raise ValueError(f'edges must be "shared" or "own", got {edges!r}')
