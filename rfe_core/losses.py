"""Loss functions: Eq. 1 and 2 and what follows from them.

`total_loss` is Eq. 1, `dice_loss` its primary objective, `embedding_loss` Eq. 2 as printed.
`label_embedding_loss` gives the same value much faster if adjacency means equal labels, and
`exact_embedding_loss` compares all pixels of a batch in linear time.

Rules for all of them. *Precision*: float32 inside, also under autocast and for half-precision
embeddings, whose gradient comes back in their dtype and ends at its limits, 65504 in float16 (so a
`GradScaler` sees no overflow here; call backward outside autocast, as PyTorch asks); float64 stays
float64. *Labels*: bool or integers of any width, read as integers; equal to `ignore_index`: takes
no part, that is no influence and no gradient, whatever the embedding or logit. *Values that are not
finite* (or whose length is not) where they take part: the loss is NaN, nothing is raised, so that a
training loop can look at one number. *Waiting*: a call waits for its device once at most.
*Compiling*: ``torch.compile(fullgraph=True)`` works but for `label_embedding_loss` (how many
embeddings a class has is data); compiled code checks shapes and dtypes alone. ``torch.func.grad``
works for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import SupportsIndex

import torch
from torch import Tensor

from rfe_core import pair_sums
from rfe_core.checks import check_embeddings, integer, integer_labels, one_of, positive, tensors
from rfe_core.distances import DISTANCES, divisor, full_precision, pairwise
from rfe_core.exact import exact_embedding_loss

__all__ = ["dice_loss", "embedding_loss", "exact_embedding_loss", "label_embedding_loss"]
__all__ += ["total_loss"]


def total_loss(
    primary: Tensor, embedding: Mapping[str, Tensor], weights: Mapping[str, float]
) -> Tensor:
    r"""Eq. 1: :math:`\mathcal{L} = \mathcal{L}_P + \sum_l \lambda_l \mathcal{L}_{E_l}`.

    Parameters
    ----------
    primary : Tensor, scalar
        :math:`\mathcal{L}_P`, the Dice loss of the labelled images.
    embedding, weights : mapping of layer name to scalar Tensor, to float
        :math:`\mathcal{L}_{E_l}` and :math:`\lambda_l >= 0`, of the same layers.

    Examples
    --------
    >>> parts = {"fine": torch.tensor(3.0), "coarse": torch.tensor(5.0)}
    >>> total_loss(torch.tensor(2.0), parts, {"fine": 1.0, "coarse": 0.5})
    tensor(7.5000)
    """
    if set(embedding) != set(weights):
        raise ValueError(f"weights must name the layers {sorted(embedding)}, got {sorted(weights)}")
    for layer, weight in weights.items():
        positive(weight, f"weight of layer {layer!r}", or_zero=True)
    return primary + sum(weights[layer] * loss for layer, loss in embedding.items())


@full_precision
def dice_loss(
    logits: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    smooth: float = 1.0,
    ignore_index: int = -1,
) -> Tensor:
    r"""Soft Dice loss over all valid pixels of a batch (L_P in Eq. 1; Milletari et al., 2016).

    .. math:: 1 - \frac{2 \sum_i p_i t_i + s}{\sum_i p_i^2 + \sum_i t_i^2 + s},
              \qquad p_i = \sigma(\mathrm{logit}_i)

    Deviation: sums run over the whole batch, not over one image at a time; a crop with three
    lesion pixels then does not weigh as much as one with three hundred. The released code uses an
    F-beta loss with a learnable beta, which the paper does not mention.

    Parameters
    ----------
    logits : Tensor, (N, 1, H, W) or (N, H, W), or of other axes
    target : Tensor of integers or bool, same shape, or (N, H, W) for logits (N, 1, H, W)
        1 for lesion, 0 for background, `ignore_index` for pixels that take no part.
    mask : Tensor of bool, like `target`, optional
        False for further pixels that take no part, whatever their target.
    smooth : float
        The term s, in pixels; > 0. It defines the loss where there is no lesion: s / (sum p^2 + s)
        short of 1, so predicting nothing there costs 0 and predicting anything costs something.

    Returns
    -------
    Tensor, scalar
        In [0, 1]; 0 for a perfect prediction, also of an empty target.

    Raises
    ------
    ValueError
        If shapes differ, ``smooth <= 0``, or a target that takes part is neither 0 nor 1.

    Examples
    --------
    >>> logits = torch.tensor([[[9.0, -9.0, 9.0]]])
    >>> round(dice_loss(logits, torch.tensor([[[1, 0, 0]]])).item(), 3)
    0.25
    >>> round(dice_loss(logits, torch.tensor([[[1, 0, -1]]])).item(), 3)
    0.0
    """
    positive(smooth, "smooth")
    tensors(logits=logits, target=target)
    if logits.ndim == 4 and logits.shape[1] == 1 and target.ndim == 3:
        logits = logits[:, 0]
    lesion, part = _lesion_and_part(target, logits, mask, ignore_index)

    p = logits.where(part, -torch.inf).sigmoid()  # 0, without gradient, where nothing counts
    t = lesion.to(p.dtype)
    overlap = 2 * (p * t).sum() + smooth
    total = p.square().sum() + t.square().sum() + smooth
    return 1 - overlap / total


def _lesion_and_part(
    target: Tensor, logits: Tensor, mask: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor]:
    """Which pixels are lesion and which take part; ValueError unless these are all 0 or 1."""
    shape = tuple(target.shape)
    if logits.shape != shape:
        raise ValueError(f"target must have the shape of logits {tuple(logits.shape)}, got {shape}")
    labels = integer_labels(target, shape, name="target")
    part = labels != ignore_index
    if mask is not None:
        tensors(mask=mask)
        if mask.shape != shape or mask.dtype != torch.bool:
            found = f"{mask.dtype} {tuple(mask.shape)} for {shape}"
            raise ValueError(f"mask must have the shape of target and be bool, got {found}")
        part = part & mask
    lesion = part & (labels == 1)
    if target.dtype != torch.bool and not torch.compiler.is_compiling():
        strange = (part & (labels != 0)) ^ lesion
        if bool(strange.any()):
            first = int(labels[strange][0])
            raise ValueError(f"target must be 0, 1 or {ignore_index} (ignored), got {first}")
    return lesion, part


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
    one_of(distance, DISTANCES, "distance")
    positive(margin, "margin")
    tensors(adjacency=adjacency)
    if adjacency.shape != (n, n) or adjacency.dtype != torch.bool:
        found = f"{adjacency.dtype} of shape {tuple(adjacency.shape)}"
        raise ValueError(f"adjacency must be bool of shape {(n, n)}, got {found}")
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

    Value and gradient are those of `embedding_loss` with ``labels[:, None] == labels``, but "l2"
    in float32 takes distances below 1/700 of the farthest vector's for 0. Sums within a class are
    closed forms for "cosine" and "l2_squared"; others may need each pair (`rfe_core.pair_sums`).

    Parameters
    ----------
    embeddings : Tensor, (n, C)
    labels : Tensor, (n,) of integers or bool
        Any number of classes. At least one embedding must take part.
    distance, margin, reduction
        See `embedding_loss`; n counts the embeddings that take part.
    chunk : int
        Rows of embeddings compared at once; the memory it takes is ``chunk * n`` numbers.
    ignore_index : int
        Embeddings of this label take no part.

    Examples
    --------
    >>> h, labels = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 2.0]]), torch.tensor([1, 1, 0])
    >>> round(label_embedding_loss(h, labels).item(), 3)  # 2 (1 - 0.6) + 2 * 0.8 + 0
    2.4
    """
    check_embeddings(embeddings)
    one_of(distance, DISTANCES, "distance")
    positive(margin, "margin")
    labels = integer_labels(labels, embeddings.shape[:1])
    groups = pair_sums.by_class(embeddings, labels, distance, ignore_index)
    rows = integer(chunk, "chunk", least=1)
    total = torch.stack([pair_sums.within(group, distance, rows) for group in groups]).sum()
    for a, b in combinations(groups, 2):
        total = total + 2 * pair_sums.between(a, b, distance, margin, rows)
    return total / divisor(sum(len(group.vectors) for group in groups), reduction)
