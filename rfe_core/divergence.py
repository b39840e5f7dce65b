r"""How well a sample of embeddings represents all of them: Jensen-Shannon divergence (Fig. 3(b)).

.. math:: \mathrm{JSD}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m),
          \qquad m = \tfrac12 (p + q)

between histograms, in nats: 0 for equal ones, ln 2 for disjoint ones.

Two traps. A histogram of few draws differs from its own source: even a perfect sample has a
divergence, which falls as the sample grows (`null_divergence`). And if each side is binned over its
own range, as in the authors' code, most of the curve is the change of the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Per = Literal["channel", "flattened"]

BINS = 256


def jsd(p: NDArray, q: NDArray) -> NDArray[np.float64]:
    """Divergence of distributions along the last axis; they need not be normalised.

    Parameters
    ----------
    p, q : array, (..., K)
        Non-negative, not all zero.

    Returns
    -------
    array, (...), in nats
    """
    p, q = np.asarray(p, float), np.asarray(q, float)
    for name, counts in (("p", p), ("q", q)):
        if counts.size == 0 or counts.min() < 0 or not (counts.sum(-1) > 0).all():
            raise ValueError(f"{name} must be non-negative and not all zero, got {counts}")
    p, q = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
    m = (p + q) / 2
    return (_entropy(m) - (_entropy(p) + _entropy(q)) / 2).clip(0)


def _entropy(p: NDArray) -> NDArray:
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)


def jensen_shannon(
    sample: NDArray,
    population: NDArray,
    *,
    bins: int = BINS,
    edges: Literal["shared", "own"] = "shared",
    per: Literal["channel", "flattened"] = "channel",
) -> float | NDArray[np.float64]:
    """Divergence between sampled and all embeddings.

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

    Returns
    -------
    float, or array (C,) for ``per="channel"``; in nats

    Raises
    ------
    ValueError
        If a shape or name breaks its rule, or a value is not finite.
    """
    sample, population = _check(sample, population, bins)
    if edges not in ("shared", "own"):
        raise ValueError(f'edges must be "shared" or "own", got {edges!r}')
    if per not in ("channel", "flattened"):
        raise ValueError(f'per must be "channel" or "flattened", got {per!r}')
    if per == "flattened":
        sample, population = sample.reshape(-1, 1), population.reshape(-1, 1)
    low, high = population.min(0), population.max(0)
    q = histograms(population, low, high, bins)
    if edges == "own":
        low, high = sample.min(0), sample.max(0)
    p = histograms(sample, low, high, bins)
    divergence = jsd(p, q)
    return float(divergence[0]) if per == "flattened" else divergence


def bin_index(values: NDArray, low: NDArray, high: NDArray, bins: int) -> NDArray[np.int64]:
    """Bin (n, C) of each value between low and high (C,); the end bins take what lies outside."""
    width = np.where(high > low, high - low, 1)
    return np.clip((values - low) / width * bins, 0, bins - 1).astype(np.int64)


def histograms(values: NDArray, low: NDArray, high: NDArray, bins: int) -> NDArray[np.int64]:
    """Histogram (C, bins) of each channel of values (n, C)."""
    return _count(bin_index(values, low, high, bins), bins)


def _count(index: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    channels = index.shape[1]
    flat = index + np.arange(channels) * bins
    return np.bincount(flat.ravel(), minlength=channels * bins).reshape(channels, bins)


def null_divergence(
    population: NDArray,
    labels: NDArray,
    counts: tuple[int, int],
    *,
    draws: int = 20,
    generator: np.random.Generator,
    bins: int = BINS,
    per: Literal["channel", "flattened"] = "channel",
) -> NDArray[np.float64]:
    """What a perfect sample of a strategy would show: its divergence from its own source.

    Whole pixels (channels of a pixel belong together) are drawn in the numbers that the strategy
    prescribes, and held against the histogram of the mixture it draws from, instead of against the
    whole population. What an observed divergence has beyond this, its excess, is not noise: it is
    the change of the class mix. For n >> K draws of K equally filled bins it is (K - 1) / (8 n).

    Parameters
    ----------
    population : array, (N, C)
    labels : array, (N,) of 0 and 1
    counts : (background, lesion)
        How many of each the strategy draws (`rfe_core.sampling.counts`): without replacement, as it
        does, unless the class is smaller.
    draws : int
        Simulated samples, >= 1.
    per
        See `jensen_shannon`; the edges are shared.

    Returns
    -------
    array, (draws,)
        In nats; the mean over channels for ``per="channel"``.

    Raises
    ------
    ValueError
        If a shape, a count or `draws` breaks its rule.
    """
    if per not in ("channel", "flattened"):
        raise ValueError(f'per must be "channel" or "flattened", got {per!r}')
    if draws < 1:
        raise ValueError(f"draws must be >= 1, got {draws}")
    if sum(counts) == 0:
        raise ValueError(f"counts must draw something, got {counts}")
    population, _ = _check(population, population, bins)
    labels = np.asarray(labels)
    if labels.shape != (len(population),):
        raise ValueError(f"labels must have shape ({len(population)},), got {labels.shape}")
    if per == "flattened":
        low, high = (np.full(population.shape[1], f(population)) for f in (np.min, np.max))
    else:
        low, high = population.min(0), population.max(0)
    index = bin_index(population, low, high, bins)
    classes = [np.flatnonzero(labels == label) for label in (0, 1)]
    for name, pixels, count in zip(("background", "lesion"), classes, counts, strict=True):
        if count < 0 or (count > 0 and len(pixels) == 0):
            raise ValueError(
                f"count of {name} pixels must fit the {len(pixels)} there, got {count}"
            )
    mixture = sum(
        count * _count(index[pixels], bins) / len(pixels)
        for pixels, count in zip(classes, counts, strict=True)
        if count
    )
    found = []
    for _ in range(draws):
        rows = [
            generator.choice(pixels, count, replace=count > len(pixels))
            for pixels, count in zip(classes, counts, strict=True)
            if count
        ]
        drawn, source = _count(index[np.concatenate(rows)], bins), mixture
        if per == "flattened":
            drawn, source = drawn.sum(0), source.sum(0)
        found.append(np.mean(jsd(drawn, source)))
    return np.array(found)


def principal_axes(population: NDArray) -> tuple[NDArray, NDArray]:
    """Mean (C,) and the two directions (C, 2) of largest variance: a 2-D view of embeddings.

    A point's coordinates are ``(embedding - mean) @ axes``. Each axis points so that its largest
    entry is positive.
    """
    population, _ = _check(population, population, 1)
    if population.shape[1] < 2:
        raise ValueError(f"population must have >= 2 channels, got {population.shape[1]}")
    mean = population.mean(0)
    centred = population - mean
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(0)[None], 0)
    return mean, axes * np.where(largest < 0, -1, 1)


def _check(sample: NDArray, population: NDArray, bins: int) -> tuple[NDArray, NDArray]:
    sample, population = np.asarray(sample, float), np.asarray(population, float)
    for name, array in (("sample", sample), ("population", population)):
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(f"{name} must have shape (n >= 1, C >= 1), got {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
    if sample.shape[1] != population.shape[1]:
        raise ValueError(
            f"sample must have the population's {population.shape[1]} channels, "
            f"got {sample.shape[1]}"
        )
    if bins < 1:
        raise ValueError(f"bins must be >= 1, got {bins}")
    return sample, population


class BinnedPopulation:
    """All embeddings of a batch or a slice.

    Parameters
    ----------
    population : array, (N, C)
    labels : array, (N,) of 0 and 1
    per : {"channel", "flattened"}
        As in `divergence.jensen_shannon`.
    """

    def __init__(self, population: NDArray, labels: NDArray, *, per: Per, bins: int = BINS) -> None:
        population, labels = np.asarray(population, float), np.asarray(labels)
        if population.ndim != 2 or labels.shape != population.shape[:1]:
            raise ValueError(
                f"labels must be one an embedding (N, C), got {labels.shape} for {population.shape}"
            )
        self.population, self.per, self.bins = population, per, bins
        low, high = population.min(0), population.max(0)
        if per == "flattened":
            low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
        self._index = bin_index(population, low, high, bins)
        self._classes = [np.flatnonzero(labels == label) for label in (0, 1)]
        self._by_class = [self._count(self._index[pixels]) for pixels in self._classes]
        self._all = self._count(self._index)

    def _count(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Histogram of bin numbers (n, C): (C, bins), or (1, bins) if flattened."""
        ends = np.zeros(index.shape[1]), np.full(index.shape[1], float(self.bins))
        counts = histograms(index, *ends, self.bins)
        return counts.sum(0, keepdims=True) if self.per == "flattened" else counts

    def divergence(self, rows: NDArray, edges: Literal["shared", "own"]) -> float:
        """JSD between the embeddings at `rows` and all, in nats; the mean over channels."""
        if edges == "shared":
            counts = self._count(self._index[rows])
        else:
            sample = self.population[rows]
            if self.per == "flattened":
                sample = sample.reshape(-1, 1)
            counts = histograms(sample, sample.min(0), sample.max(0), self.bins)
        return float(np.mean(jsd(counts, self._all)))

    def null(
        self, counts: Sequence[int], *, draws: int, generator: np.random.Generator
    ) -> NDArray[np.float64]:
        """As `divergence.null_divergence`: what perfect samples of a strategy show, (draws,)."""
        mixture = sum(
            n * histogram / len(pixels)
            for n, histogram, pixels in zip(counts, self._by_class, self._classes, strict=True)
            if n
        )
        found = np.empty(draws)
        for k in range(draws):
            rows = [
                generator.choice(pixels, n, replace=n > len(pixels))
                for pixels, n in zip(self._classes, counts, strict=True)
                if n
            ]
            found[k] = np.mean(jsd(self._count(self._index[np.concatenate(rows)]), mixture))
        return found
