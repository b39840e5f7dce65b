"""Loss functions: Eq. 1 and 2 and what follows from them.

`dice_loss` is the primary objective, `embedding_loss` Eq. 2 as printed, `total_loss` Eq. 1.
`label_embedding_loss` gives the same value much faster if adjacency means equal labels, and
`exact_embedding_loss` compares all pixels of a batch in linear time.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor

from rfe_core import pair_sums
from rfe_core.distances import (
    check_distance,
    check_embeddings,
    check_labels,
    divisor,
    pairwise,
    unit,
)
from rfe_core.exact import exact_embedding_loss

__all__ = [
    "dice_loss",
    "embedding_loss",
    "exact_embedding_loss",
    "label_embedding_loss",
    "total_loss",
]


def dice_loss(
    logits: Tensor, target: Tensor, mask: Tensor | None = None, *, smooth: float = 1.0
) -> Tensor:
    r"""Soft Dice loss over all valid pixels of a batch (L_P in Eq. 1; Milletari et al., 2016).

    .. math:: 1 - \frac{2 \sum_i p_i t_i + s}{\sum_i p_i^2 + \sum_i t_i^2 + s},
              \qquad p_i = \sigma(\mathrm{logit}_i)

    Parameters
    ----------
    logits : Tensor, (N, 1, H, W) or (N, H, W)
        Any real values.
    target : Tensor, same shape, or (N, H, W) for logits (N, 1, H, W)
        1 for lesion, 0 for background; any dtype.
    mask : Tensor, like `target`, optional
        True where a pixel counts. Pixels outside have no influence and get no gradient.
    smooth : float
        The term s, in pixels; > 0. It defines the loss where there is no lesion: s / (sum p^2 + s)
        short of 1, so predicting nothing there costs 0 and predicting anything costs something.

    Returns
    -------
    Tensor, scalar
        In [0, 1]; 0 for a perfect prediction. An empty target, an empty mask and an empty
        prediction all give a finite value (both empty: 0).

    Raises
    ------
    ValueError
        If shapes differ or ``smooth <= 0``.

    Notes
    -----
    Deviation: sums run over the whole batch, not over one image at a time; a crop with three
    lesion pixels then does not weigh as much as one with three hundred. The released code uses an
    F-beta loss with a learnable beta, which the paper does not mention.
    """
    if smooth <= 0:
        raise ValueError(f"smooth must be > 0, got {smooth}")
    if logits.ndim == 4 and logits.shape[1] == 1 and target.ndim == 3:
        logits = logits[:, 0]
    if logits.shape != target.shape:
        raise ValueError(
            f"target must have the shape of logits, got {tuple(target.shape)} "
            f"for logits {tuple(logits.shape)}"
        )
    probability = logits.sigmoid()
    target = target.to(probability.dtype)
    if mask is not None:
        if mask.shape != target.shape:
            raise ValueError(
                f"mask must have the shape of target, got {tuple(mask.shape)} "
                f"for target {tuple(target.shape)}"
            )
        mask = mask.to(probability.dtype)
        probability, target = probability * mask, target * mask

    overlap = 2 * (probability * target).sum() + smooth
    total = probability.square().sum() + target.square().sum() + smooth
    return 1 - overlap / total


def total_loss(
    primary: Tensor, embedding: Mapping[str, Tensor], weights: Mapping[str, float]
) -> Tensor:
    r"""Eq. 1: :math:`\mathcal{L} = \mathcal{L}_P + \sum_l \lambda_l \mathcal{L}_{E_l}`.

    Parameters
    ----------
    primary : Tensor, scalar
        :math:`\mathcal{L}_P`, the Dice loss of the labelled images.
    embedding : mapping of layer name to scalar Tensor
        :math:`\mathcal{L}_{E_l}` of each layer; a layer coarser than the image takes its labels
        through `rfe_core.sampling.shrink_labels`.
    weights : mapping of layer name to float
        :math:`\lambda_l`, for the same layers.

    Raises
    ------
    ValueError
        If the layers differ or a weight is not >= 0.
    """
    if set(embedding) != set(weights):
        raise ValueError(f"weights must name the layers {sorted(embedding)}, got {sorted(weights)}")
    for layer, weight in weights.items():
        if not weight >= 0:
            raise ValueError(f"weight of layer {layer!r} must be >= 0, got {weight}")
    return primary + sum(weights[layer] * loss for layer, loss in embedding.items())


def embedding_loss(
    embeddings: Tensor,
    adjacency: Tensor,
    *,
    distance: str = "cosine",
    margin: float = 1.0,
    reduction: str = "sum",
) -> Tensor:
    r"""Eq. 2 as it stands, for any adjacency.

    .. math:: \sum_{i,j} \begin{cases} d(h_i, h_j) & a_{ij} = 1 \\
              \max(0, m - d(h_i, h_j)) & a_{ij} = 0 \end{cases}

    over all ordered pairs, i = j included.

    Parameters
    ----------
    embeddings : Tensor, (n, C)
    adjacency : Tensor, (n, n) bool
    distance
        See `rfe_core.distances`.
    margin : float
        m > 0, in the units of the distance.
    reduction : {"sum", "per_embedding", "mean"}
        Divide by 1 (the paper), n (the released code) or n^2.

    Raises
    ------
    ValueError
        If a shape, `margin` or a name breaks its rule.
    """
    n = check_embeddings(embeddings)
    _check_pairs(distance, margin)
    if adjacency.shape != (n, n) or adjacency.dtype != torch.bool:
        raise ValueError(
            f"adjacency must be bool of shape {(n, n)}, "
            f"got {adjacency.dtype} of shape {tuple(adjacency.shape)}"
        )
    d = pairwise(embeddings, embeddings, distance)
    pairs = torch.where(adjacency, d, (margin - d).clamp_min(0))
    return pairs.sum() / divisor(n, reduction)


def label_embedding_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    distance: str = "cosine",
    margin: float = 1.0,
    reduction: str = "sum",
    chunk: int = 128,
) -> Tensor:
    """Eq. 2 where a_ij = 1 iff labels are equal (the paper's perfect prior), fast.

    Value and gradient are those of `embedding_loss` with ``labels[:, None] == labels``. Sums within
    a class are closed forms for "cosine" and "l2_squared"; pairs of different classes are compared
    only if a hinge may be inactive (see `rfe_core.pair_sums`).

    Parameters
    ----------
    embeddings : Tensor, (n, C)
    labels : Tensor, (n,) of integers
        Any number of classes.
    distance, margin, reduction
        See `embedding_loss`.
    chunk : int
        Rows of embeddings compared at once; the memory it takes is ``chunk * n`` numbers.

    Raises
    ------
    ValueError
        If a shape or a parameter breaks its rule.
    """
    n = check_embeddings(embeddings)
    _check_pairs(distance, margin)
    check_labels(labels, n)
    if chunk < 1:
        raise ValueError(f"chunk must be >= 1, got {chunk}")
    x = unit(embeddings) if distance in ("cosine", "angular") else embeddings
    groups = [x[labels == label] for label in labels.unique()]
    total = sum(pair_sums.within(group, distance, chunk) for group in groups)
    for a, b in combinations(groups, 2):
        total = total + 2 * pair_sums.between(a, b, distance, margin, chunk)
    return total / divisor(n, reduction)


def _check_pairs(distance: str, margin: float) -> None:
    check_distance(distance)
    if not margin > 0:
        raise ValueError(f"margin must be > 0, got {margin}")
