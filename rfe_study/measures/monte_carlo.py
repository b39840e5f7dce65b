r"""Random Feature Embedding as a Monte-Carlo estimate: what drawing does to the loss.

A strategy fixes how many pixels of each class are drawn; which ones is chance. So a sampled loss is
a random number. Its expectation is known exactly (`rfe_core.exact`), its scatter is measured here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import hypergeom
from torch import Tensor

from rfe_core.distances import unit
from rfe_core.exact import exact_embedding_loss
from rfe_core.sampling import Sample, Shortfall, Strategy, available, sample


def draw(
    labels: Tensor, n_e: int, strategy: Strategy, *, seed: int, shortfall: Shortfall = "error"
) -> Sample:
    """One draw of `rfe_core.sampling.sample` with a generator that starts at `seed`.

    Unless pixels come twice (``shortfall="replace"``), draws of one seed are nested: a larger
    `n_e` adds pixels to those of a smaller one, whatever the strategy.
    """
    generator = torch.Generator().manual_seed(seed)
    return sample(labels, n_e, strategy=strategy, generator=generator, shortfall=shortfall)


def sampled_losses(
    embeddings: Tensor,
    labels: Tensor,
    counts: Sequence[tuple[int, int]],
    *,
    draws: int,
    seed: int = 0,
) -> NDArray[np.float64]:
    r"""Eq. 2 with d = 1 - cos and m = 1, divided by n^2, on many random samples.

    As embeddings are non-negative every hinge is active, and a sample of :math:`n_0` background and
    :math:`n_1` lesion pixels whose unit vectors add up to :math:`S_0` and :math:`S_1` has the loss

    .. math:: (n_0^2 + n_1^2 - |S_1 - S_0|^2) / (n_0 + n_1)^2 .

    Parameters
    ----------
    embeddings : Tensor, (n, C)
        Non-negative.
    labels : Tensor, (n,)
        1 lesion, 0 background, -1 ignored.
    counts : sequence of (background, lesion)
        Sizes of samples, none larger than its class.
    draws : int
        How many samples of each size. Draw k is `draw` with ``seed + k``, so the samples of one
        row are nested.

    Returns
    -------
    array, (draws, len(counts))

    Raises
    ------
    ValueError
        If an embedding is negative, or a count does not fit.
    """
    if float(embeddings.min()) < 0:
        raise ValueError(f"embeddings must be >= 0, got {float(embeddings.min())}")
    n = np.asarray(counts)
    have = available(labels)
    if n.ndim != 2 or n.min() < 0 or (n > have).any() or (n.sum(1) == 0).any():
        raise ValueError(f"counts must be pairs up to {have} and not all 0, got {counts}")
    directions = unit(embeddings.double())
    sums, losses = np.zeros((2, len(n), embeddings.shape[1])), np.empty((draws, len(n)))
    for k in range(draws):
        shuffled = draw(labels, sum(have), "distribution-aware", seed=seed + k).indices
        for c, pixels in enumerate(shuffled.split(have)):
            running = directions[pixels[: n[:, c].max()]].cumsum(0).numpy()
            sums[c] = np.where(n[:, c, None] > 0, running[n[:, c] - 1], 0) if len(running) else 0
        losses[k] = (n**2).sum(1) - ((sums[1] - sums[0]) ** 2).sum(1)
    return losses / n.sum(1) ** 2


def expected_loss(embeddings: Tensor, labels: Tensor, counts: tuple[int, int]) -> float:
    """The exact expectation of `sampled_losses` if `counts` (background, lesion) are drawn."""
    counts = counts[: int(labels.max()) + 1]  # no lesion pixel there: only background is a stratum
    return exact_embedding_loss(
        embeddings, labels, strata=labels, counts=counts, reduction="mean"
    ).item()


def pair_shares(counts: tuple[int, int]) -> tuple[float, float, float]:
    """Shares of all ordered pairs: both background, both lesion, one of each."""
    background, lesion = counts
    n = background + lesion
    if min(counts) < 0 or n == 0:
        raise ValueError(f"counts must be >= 0 and not all 0, got {counts}")
    return background**2 / n**2, lesion**2 / n**2, 2 * background * lesion / n**2


def chance_of_a_pixel(
    size: ArrayLike, available: int, drawn: int, *, steps: int = 1
) -> NDArray[np.float64]:
    r"""Chance that a lesion of `size` pixels gets at least one pixel into the sample.

    With `drawn` of the class's `available` pixels taken without replacement it is

    .. math:: 1 - \left[ \prod_{k=0}^{n-1} \frac{N - s - k}{N - k} \right]^{T}

    for T independent training steps that all show the lesion: what the hypergeometric distribution
    leaves to others than none.

    Parameters
    ----------
    size : int or array of int
        s, between 0 and `available`.
    available : int
        N, lesion pixels in the batch.
    drawn : int
        n, lesion pixels drawn, at most `available`.
    steps : int
        T >= 1.

    Raises
    ------
    ValueError
        If a number breaks its rule.
    """
    size = np.asarray(size)
    if size.size and not (0 <= size.min() and size.max() <= available):
        raise ValueError(f"size must lie in 0 ... {available}, got {size.min()} to {size.max()}")
    if not 0 <= drawn <= available:
        raise ValueError(f"drawn must lie in 0 ... {available}, got {drawn}")
    if steps < 1:
        raise ValueError(f"steps must be >= 1, got {steps}")
    return 1 - hypergeom.pmf(0, available, size, drawn) ** steps
