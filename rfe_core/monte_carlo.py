r"""Random Feature Embedding as a Monte-Carlo estimate: what drawing does to the loss.

A strategy fixes how many pixels of each class are drawn; which ones is chance. So a sampled loss is
a random number. Its expectation is known exactly (`rfe_core.exact`), its scatter is measured here.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from rfe_core.losses import exact_embedding_loss, label_embedding_loss
from rfe_core.sampling import Sample, Shortfall, Strategy, sample


def draw(
    labels: Tensor, n_e: int, strategy: Strategy, *, seed: int, shortfall: Shortfall
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
    n_e: int,
    strategy: Strategy,
    *,
    draws: int,
    seed: int = 0,
    shortfall: Shortfall = "error",
) -> NDArray[np.float64]:
    """Eq. 2 with d = 1 - cos and m = 1 on `draws` independent samples, divided by n^2 of each.

    Parameters
    ----------
    embeddings : Tensor, (n, C)
    labels : Tensor, (n,)
        1 lesion, 0 background, -1 ignored.
    n_e, strategy, shortfall
        See `rfe_core.sampling.sample`.
    draws : int
        Their seeds are ``seed``, ``seed + 1``, ...

    Returns
    -------
    array, (draws,)
    """
    losses = np.empty(draws)
    for k in range(draws):
        chosen = draw(labels, n_e, strategy, seed=seed + k, shortfall=shortfall).indices
        losses[k] = label_embedding_loss(embeddings[chosen], labels[chosen], reduction="mean")
    return losses


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

    for T independent training steps that all show the lesion.

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
    k = np.arange(drawn)
    missed = ((available - size[..., None] - k).clip(0) / (available - k)).prod(axis=-1)
    return 1 - missed**steps
