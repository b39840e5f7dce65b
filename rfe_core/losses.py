"""Loss functions: Eq. 1 and 2 and what follows from them.

`dice_loss` is the primary objective, `embedding_loss` Eq. 2 as printed, `total_loss` Eq. 1.
`label_embedding_loss` gives the same value much faster if adjacency means equal labels, and
`exact_embedding_loss` compares all pixels of a batch in linear time.

Rules for all of them. *Precision*: float32 inside, also under autocast and for half-precision
embeddings, whose gradient comes back in their dtype (a gradient above 65504 has no place in
float16: take ``reduction="mean"``, and call backward outside autocast, as PyTorch asks); float64
stays float64. *Labels*: bool or integers of any width, read as integers; equal to `ignore_index`:
takes no part, that is no influence and no gradient, whatever the embedding or logit. *Values that
are not finite* (or whose length is not) where they take part: the loss is NaN, nothing is raised,
so that a training loop can look at one number. *Waiting*: a call waits for its device once at most.
*Compiled code* checks shapes and dtypes alone, since it cannot look at values.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import SupportsIndex

import torch
from torch import Tensor

from rfe_core import pair_sums
from rfe_core.dice import dice_loss
from rfe_core.distances import (
    check_distance,
    check_embeddings,
    divisor,
    full_precision,
    integer,
    integer_labels,
    pairwise,
)
from rfe_core.exact import exact_embedding_loss

__all__ = [
    "dice_loss",
    "embedding_loss",
    "exact_embedding_loss",
    "label_embedding_loss",
    "total_loss",
]


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

    Examples
    --------
    >>> parts = {"fine": torch.tensor(3.0), "coarse": torch.tensor(5.0)}
    >>> total_loss(torch.tensor(2.0), parts, {"fine": 1.0, "coarse": 0.5})
    tensor(7.5000)
    """
    if set(embedding) != set(weights):
        raise ValueError(f"weights must name the layers {sorted(embedding)}, got {sorted(weights)}")
    for layer, weight in weights.items():
        if not weight >= 0:
            raise ValueError(f"weight of layer {layer!r} must be >= 0, got {weight}")
    return primary + sum(weights[layer] * loss for layer, loss in embedding.items())


@full_precision
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

    Notes
    -----
    ``torch.compile(fullgraph=True)`` and ``torch.func.grad`` work.

    Examples
    --------
    >>> h = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    >>> alike, other = torch.ones(2, 2) > 0, torch.eye(2) > 0
    >>> round(embedding_loss(h, alike).item(), 3)  # twice 1 - 0.6
    0.8
    >>> round(embedding_loss(h, other).item(), 3)  # twice 1 - (1 - 0.6)
    1.2
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


@full_precision
def label_embedding_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    distance: str = "cosine",
    margin: float = 1.0,
    reduction: str = "sum",
    chunk: SupportsIndex = 128,
    ignore_index: int = -1,
) -> Tensor:
    """Eq. 2 where a_ij = 1 iff labels are equal (the paper's perfect prior), fast.

    Value and gradient are those of `embedding_loss` with ``labels[:, None] == labels``. Sums within
    a class are closed forms for "cosine" and "l2_squared"; pairs of different classes are compared
    only if a hinge may be inactive (see `rfe_core.pair_sums`).

    Parameters
    ----------
    embeddings : Tensor, (n, C)
    labels : Tensor, (n,) of integers or bool
        Any integers, any number of classes.
    distance, margin, reduction
        See `embedding_loss`; n counts the embeddings that take part.
    chunk : int
        Rows of embeddings compared at once; the memory it takes is ``chunk * n`` numbers.
    ignore_index : int
        Embeddings of this label take no part.

    Raises
    ------
    ValueError
        If a shape or a parameter breaks its rule, or no embedding takes part.

    Notes
    -----
    ``torch.func.grad`` works. ``torch.compile`` works but not with ``fullgraph=True``: how many
    embeddings a class has is data. `embedding_loss` and `exact_embedding_loss` compile whole.

    Examples
    --------
    >>> h, labels = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 2.0]]), torch.tensor([1, 1, 0])
    >>> round(label_embedding_loss(h, labels).item(), 3)  # 2 (1 - 0.6) + 2 * 0.8 + 0
    2.4
    """
    check_embeddings(embeddings)
    _check_pairs(distance, margin)
    labels = integer_labels(labels, embeddings.shape[:1])
    groups = pair_sums.by_class(embeddings, labels, distance, ignore_index)
    rows = integer(chunk, "chunk", least=1)
    total = torch.stack([pair_sums.within(group, distance, rows) for group in groups]).sum()
    for a, b in combinations(groups, 2):
        total = total + 2 * pair_sums.between(a, b, distance, margin, rows)
    return total / divisor(sum(len(group.vectors) for group in groups), reduction)


def _check_pairs(distance: str, margin: float) -> None:
    check_distance(distance)
    if not margin > 0:
        raise ValueError(f"margin must be > 0, got {margin}")
