"""Beyond sampling: all pixels of a batch compared exactly, in linear time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from rfe_core.distances import SHORTEST, check_embeddings, check_labels, divisor


def exact_embedding_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    strata: Tensor | None = None,
    counts: Sequence[int] | None = None,
    reduction: str = "sum",
) -> Tensor:
    r"""Eq. 2 over all pixels in O(n C), or its exact expectation under random sampling.

    For d = 1 - cos, m = 1 and non-negative embeddings every hinge is active, and with
    :math:`S_c` the sum of unit vectors of class c (two classes)

    .. math:: \sum_{i,j} L_{ij} = n_0^2 + n_1^2 - |S_1 - S_0|^2 .

    If :math:`n_g` of the :math:`N_g` pixels of each stratum g are drawn without replacement, the
    expected sum is, with :math:`\mu_g` the mean unit vector of the stratum,

    .. math:: n_g (n_g - 1) \tfrac{N_g}{N_g - 1} (1 - |\mu_g|^2), \quad
              n_g n_h (1 - \mu_g \cdot \mu_h), \quad n_g n_h\, \mu_g \cdot \mu_h

    within a stratum, and for each order of two strata of the same and of different classes.

    Parameters
    ----------
    embeddings : Tensor, (n, C)
        Non-negative, e.g. after a ReLU.
    labels : Tensor, (n,) of integers
        Class of each pixel; -1: the pixel takes no part.
    strata : Tensor, (n,) of integers, optional
        Stratum of each pixel, 0 ... G-1, each within one class; -1 where the label is -1.
    counts : sequence of G int, optional
        :math:`n_g`; goes with `strata`. Without both, all pixels are compared.
    reduction : {"sum", "per_embedding", "mean"}
        Divides by powers of the number of embeddings: all that take part, or ``sum(counts)``.

    Raises
    ------
    ValueError
        If an embedding is negative (use `label_embedding_loss`), a stratum mixes classes, a count
        is larger than its stratum, or a shape breaks its rule. Distance and margin are no
        parameters: for others than 1 - cos and 1 this form does not hold.

    Notes
    -----
    The value is a difference of sums, so in float32 its mean over pairs is good to about 1e-6,
    however small it is itself. The gradient is less affected.
    """
    check_labels(labels, check_embeddings(embeddings))
    if float(embeddings.detach().amin()) < 0:
        raise ValueError(
            "embeddings must be >= 0 for the exact loss (take them after the ReLU), "
            f"got {float(embeddings.detach().amin())}; label_embedding_loss takes any sign"
        )
    if (strata is None) != (counts is None):
        raise ValueError("strata and counts go together, got only one of them")
    if strata is None:
        strata = labels
    check_labels(strata, len(labels), "strata")
    # A stratum may be empty, the last one too.
    n_strata = max(int(strata.max()) + 1, 0 if counts is None else len(counts))
    if n_strata <= 0:
        raise ValueError("labels must hold a pixel that takes part, got only negative ones")
    size = torch.bincount(strata[strata >= 0], minlength=n_strata).double()
    if counts is None:
        owner, drawn = torch.arange(n_strata, device=labels.device), size
    else:
        owner = _owner(labels, strata, n_strata)
        drawn = _drawn(counts, size)
    sums, directed = _StratumSums.apply(embeddings, strata, n_strata)
    # G x G numbers from here on, in float64: n^2 - |S|^2 must not lose digits
    size = size.clamp_min(1)
    mean = sums.double() / size[:, None]
    cosine = mean @ mean.T
    own = torch.diagonal(cosine)
    of_two = torch.where(owner[:, None] == owner, 1 - cosine, cosine)
    total = (drawn[:, None] * drawn * of_two).sum() - (drawn.square() * (1 - own)).sum()
    # Within a stratum, without each pixel's pair with itself. Vectors of length 0 have distance 1
    # even to themselves, which is the last term.
    undirected = 1 - directed / size
    others = (size * (1 - own) - undirected) / (size - 1).clamp_min(1)
    total = total + (drawn * (drawn - 1) * others + drawn * undirected).sum()
    return (total / divisor(float(drawn.sum()), reduction)).to(embeddings.dtype)


def _owner(labels: Tensor, strata: Tensor, n_strata: int) -> Tensor:
    """The class of each stratum, (G,)."""
    part = strata >= 0
    if bool((part != (labels >= 0)).any()):
        raise ValueError("strata must be negative exactly where labels are")
    inside, own = strata[part], labels[part]
    owner = labels.new_zeros(n_strata).scatter_(0, inside, own)
    if bool((owner[inside] != own).any()):
        mixed = int(inside[owner[inside] != own][0])
        raise ValueError(f"a stratum must lie within one class, got several in stratum {mixed}")
    return owner


def _drawn(counts: Sequence[int], size: Tensor) -> Tensor:
    """Counts as a tensor (G,), none larger than its stratum."""
    drawn = torch.as_tensor(counts, dtype=torch.float64, device=size.device)
    if drawn.shape != size.shape:
        raise ValueError(
            f"counts must hold one number for each of {len(size)} strata, got {counts}"
        )
    for stratum, (n, available) in enumerate(zip(drawn.tolist(), size.tolist(), strict=True)):
        if not 0 <= n <= available or n != int(n):
            raise ValueError(
                f"count of stratum {stratum} must be an integer in 0..{available:.0f}, got {n:g}"
            )
    if drawn.sum() == 0:
        raise ValueError(f"counts must draw something, got {counts}")
    return drawn


class _StratumSums(torch.autograd.Function):
    """Sums of unit vectors h_i / |h_i| over strata: (n, C), (n,) -> (G, C), in linear time.

    With them, how many vectors of each stratum have a direction, (G,). Negative strata take no
    part. The unit vectors are never stored.
    """

    @staticmethod
    def forward(ctx, embeddings: Tensor, strata: Tensor, n_strata: int) -> tuple[Tensor, Tensor]:
        length = torch.linalg.vector_norm(embeddings, dim=1)
        counts = (length > SHORTEST) & (strata >= 0)
        inverse = torch.where(counts, 1 / length, 0)
        index = strata.clamp_min(0)
        weights = embeddings.new_zeros(n_strata, len(embeddings))
        weights.scatter_(0, index[None], inverse[None])
        ctx.save_for_backward(embeddings, index, inverse)
        directed = (weights > 0).sum(1)
        ctx.mark_non_differentiable(directed)
        return weights @ embeddings, directed

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor, _):
        embeddings, index, inverse = ctx.saved_tensors
        # d(h / |h|) keeps what is orthogonal to h: g / |h| - h (h . g) / |h|^3
        along = (embeddings @ grad.T).gather(1, index[:, None]).squeeze(1) * inverse**3
        out = grad[index].mul_(inverse[:, None])
        return out.addcmul_(embeddings, along[:, None], value=-1), None, None
