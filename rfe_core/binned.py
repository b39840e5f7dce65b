"""A population of embeddings binned once, to hold many samples against it.

`rfe_core.divergence` says what is computed and does it for one sample; a figure needs thousands.
The results are the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rfe_core.divergence import BINS, bin_index, histograms, jsd

Per = Literal["channel", "flattened"]


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
