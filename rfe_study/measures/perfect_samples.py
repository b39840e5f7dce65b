"""What a perfect sample of embeddings would show: the null of Fig. 3(b)."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rfe_core.divergence import (
    BINS,
    Array,
    Edges,
    Per,
    bin_index,
    check_choices,
    checked_embeddings,
    count_bins,
    histograms,
    jsd,
)


class BinnedPopulation:
    """All embeddings of a batch or a slice, binned once for many samples of them.

    Parameters
    ----------
    population : array, (N, C)
    labels : array, (N,)
        1 lesion, 0 background; pixels of other labels are in the population alone.
    per, bins
        See `rfe_core.divergence.jensen_shannon`, also for what is raised; channels are averaged.
    """

    def __init__(
        self, population: ArrayLike, labels: ArrayLike, *, per: Per = "channel", bins: int = BINS
    ) -> None:
        self.population, labels = checked_embeddings(population, "population"), np.asarray(labels)
        if labels.shape != self.population.shape[:1]:
            raise ValueError(f"labels must be one an embedding, got shape {labels.shape}")
        check_choices(bins, per)
        self.per, self.bins = per, bins
        low, high = self.population.min(0), self.population.max(0)
        if per == "flattened":
            low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
        self._index = bin_index(self.population, low, high, bins)
        self.classes = [np.flatnonzero(labels == label) for label in (0, 1)]

    def histogram(self, rows: Array | slice) -> NDArray[np.int64]:
        """Histogram of the embeddings at `rows`: (C, bins), or (1, bins) if flattened."""
        counts = count_bins(self._index[rows], self.bins)
        return counts.sum(0, keepdims=True) if self.per == "flattened" else counts

    @cached_property
    def _all(self) -> NDArray[np.int64]:
        return self.histogram(slice(None))

    def divergence(self, rows: Array, edges: Edges = "shared") -> float:
        """`jensen_shannon` between the embeddings at `rows` and all."""
        check_choices(self.bins, self.per, edges)
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
