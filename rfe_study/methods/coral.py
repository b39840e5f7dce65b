"""Deep CORAL: embeddings of both scanners given the same second-order statistics."""

import torch
from torch import Tensor

from rfe_core.fine_tuning import Step


def covariance(embeddings: Tensor) -> Tensor:
    """Of embeddings (n, C), n >= 2, in the unbiased form: (C, C)."""
    centred = embeddings - embeddings.mean(dim=0)
    return centred.T @ centred / (len(embeddings) - 1)


def coral_loss(step: Step) -> Tensor:
    r"""Distance between the covariances of the labelled and the unlabelled half's embeddings.

    .. math:: \frac{1}{4 C^2} \| \mathrm{Cov}_L - \mathrm{Cov}_U \|_F^2

    over the pixels that count (Sun and Saenko, 2016). No label is used.

    Deviation: they compare one vector an image, of the last fully connected layer; here these are
    the embeddings of single pixels, where the embedding loss of the paper is attached.

    Raises
    ------
    ValueError
        If a half has fewer than two pixels that count.
    """
    maps, half = step.embeddings.movedim(1, -1), len(step.embeddings) // 2
    sides = [maps[part][step.valid[part]] for part in (slice(half), slice(half, None))]
    if min(map(len, sides)) < 2:
        raise ValueError(f"either half must have 2 valid pixels, got {[*map(len, sides)]}")
    labelled, unlabelled = (covariance(side) for side in sides)
    return torch.sum((labelled - unlabelled) ** 2) / (4 * maps.shape[-1] ** 2)
