"""Beyond sampling: all pixels of a batch compared exactly, in linear time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from rfe_core.checks import check_embeddings, integer_labels
from rfe_core.distances import divisor, full_precision, lengths

#: Rows of embeddings summed at once: they stay in cache, and sums of sums keep more digits.
ROWS = 4096


@full_precision
def exact_embedding_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    strata: Tensor | None = None,
    counts: Sequence[int] | None = None,
    reduction: str = "sum",
    ignore_index: int = -1,
) -> Tensor:
    r"""Eq. 2 over all pixels in O(n C), or its exact expectation under random sampling.

    For d = 1 - cos, m = 1 and non-negative embeddings every hinge is active: with
    :math:`S_c` the sum of the unit vectors of class c, of which there are :math:`n_c`, pairs
    within a class sum up to :math:`n_c^2 - |S_c|^2`, pairs of two classes to :math:`S_c \cdot S_d`
    in either order. For any number of classes

    .. math:: \sum_{i,j} L_{ij} = \sum_c (n_c^2 - |S_c|^2) + \sum_{c \ne d} S_c \cdot S_d
              = \sum_c n_c^2 - 2 \sum_c |S_c|^2 + \Bigl| \sum_c S_c \Bigr|^2 ,

    which is :math:`n_0^2 + n_1^2 - |S_1 - S_0|^2` for two.

    If :math:`n_g` of the :math:`N_g` pixels of each stratum g are drawn without replacement, the
    expected sum is, with :math:`\mu_g` the mean unit vector of the stratum,

    .. math:: n_g (n_g - 1) \tfrac{N_g}{N_g - 1} (1 - |\mu_g|^2), \quad
              n_g n_h (1 - \mu_g \cdot \mu_h), \quad n_g n_h\, \mu_g \cdot \mu_h

    within a stratum, and for each order of two strata of the same and of different classes.

    Parameters
    ----------
    embeddings : Tensor, (n, C)
        Non-negative, e.g. after a ReLU.
    labels : Tensor, (n,) of integers or bool
        Class of each pixel; any integers, any number of classes.
    strata : Tensor, (n,) of integers, optional
        Stratum of each pixel, 0 ... G-1, each within one class; not read where a label is ignored.
    counts : sequence of G int, optional
        :math:`n_g`; goes with `strata`. Without both, all pixels are compared.
    reduction : {"sum", "per_embedding", "mean"}
        Divides by powers of the number of embeddings: all that take part, or ``sum(counts)``.
    ignore_index : int
        Pixels of this label take no part: no influence, no gradient.

    Raises
    ------
    ValueError
        If an embedding is negative (use `label_embedding_loss`), a stratum mixes classes, a count
        is larger than its stratum, or no pixel takes part. Distance and margin are no parameters:
        for others than 1 - cos and 1 this form does not hold.

    Notes
    -----
    The value is a difference of sums, so in float32 its mean over pairs is good to about 1e-6,
    however small it is itself. The gradient is less affected.

    Examples
    --------
    >>> h = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    >>> exact_embedding_loss(h, torch.tensor([1, 0, 1])).item()  # alike in class, else orthogonal
    0.0
    >>> exact_embedding_loss(h, torch.tensor([1, 1, 0])).item()  # the other way round
    4.0
    """
    labels = integer_labels(labels, (check_embeddings(embeddings),))
    pixels = _Pixels(embeddings, lengths(embeddings.detach()), labels, labels != ignore_index)
    if strata is not None or counts is not None:
        return _expected(pixels, strata, counts, reduction)
    pixels, classes, n_classes = _classes(pixels)
    sums, size, _ = _sums_of_units(pixels, classes, n_classes)  # S_c, n_c
    # float64 here: a difference of large numbers must not lose digits
    total = size.square().sum() - 2 * sums.square().sum() + sums.sum(0).square().sum()
    return (total / divisor(size.sum(), reduction)).to(embeddings.dtype)


class _Pixels(NamedTuple):
    """Embeddings (n, C), their lengths and labels (n,), and which of them take part (n,)."""

    embeddings: Tensor
    length: Tensor
    labels: Tensor
    part: Tensor


def _expected(
    pixels: _Pixels, strata: Tensor | None, counts: Sequence[int] | None, reduction: str
) -> Tensor:
    """The expectation if `counts` of each stratum are drawn."""
    if strata is None or counts is None:
        raise ValueError("strata and counts go together, got only one of them")
    strata = integer_labels(strata, pixels.labels.shape, name="strata")
    strata = strata.where(pixels.part, len(counts))
    pixels, owner = _owners(pixels, strata, counts)
    sums, size, directed = _sums_of_units(pixels, strata, len(counts))
    drawn = torch.tensor(counts, dtype=torch.float64).to(size.device, non_blocking=True)
    # G x G numbers from here on
    size = size.clamp_min(1)  # a stratum may be empty
    mean = sums / size[:, None]
    cosine = mean @ mean.T
    own = torch.diagonal(cosine)
    of_two = torch.where(owner[:, None] == owner, 1 - cosine, cosine)
    total = (drawn[:, None] * drawn * of_two).sum() - (drawn.square() * (1 - own)).sum()
    # Within a stratum, without each pixel's pair with itself. Vectors of length 0 have distance 1
    # even to themselves, which is the last term.
    undirected = 1 - directed / size
    others = (size * (1 - own) - undirected) / (size - 1).clamp_min(1)
    total = total + (drawn * (drawn - 1) * others + drawn * undirected).sum()
    return (total / divisor(drawn.sum(), reduction)).to(pixels.embeddings.dtype)


def _classes(pixels: _Pixels) -> tuple[_Pixels, Tensor, int]:
    """Pixels, their labels counted from 0, and how many numbers that takes (K <= n).

    A number may stand for no pixel; K itself stands for those that take no part.
    """
    _, _, labels, part = pixels
    n = len(labels)
    low, high = labels.where(part, labels.max()).amin(), labels.where(part, labels.min()).amax()
    pixels, seen = _looked_at(pixels, torch.stack([low, high]))
    if seen and seen[1] - seen[0] < n:
        span = seen[1] - seen[0] + 1
        return pixels, (labels - low).where(part, span), span
    ordered, order = labels.sort()
    rank = (ordered[1:] != ordered[:-1]).cumsum(0)
    return pixels, torch.zeros_like(labels).scatter(0, order[1:], rank).where(part, n), n


def _owners(pixels: _Pixels, strata: Tensor, counts: Sequence[int]) -> tuple[_Pixels, Tensor]:
    """Pixels, and the class of each stratum, (G,)."""
    _, _, labels, part = pixels
    n = len(counts)
    outside = part & ((strata < 0) | (strata >= n))
    inside = strata.where(~outside, n)
    owner = labels.new_zeros(n + 1).scatter(0, inside, labels)
    mixed = part & ~outside & (owner[inside] != labels)
    facts = torch.cat([torch.stack([outside.any(), mixed.any()]), _sizes(inside, n)])
    pixels, seen = _looked_at(pixels, facts)
    if not seen:
        return pixels, owner[:n]
    if seen[0]:
        stratum = int(strata[outside][0])
        raise ValueError(f"counts must hold one number per stratum, got {n} and stratum {stratum}")
    if seen[1]:
        stratum = int(strata[mixed][0])
        raise ValueError(f"a stratum must lie within one class, got several in stratum {stratum}")
    for stratum, (count, available) in enumerate(zip(counts, seen[2:], strict=True)):
        if not 0 <= count <= available or count != int(count):
            rule = f"count of stratum {stratum} must be an integer in 0..{available}"
            raise ValueError(f"{rule}, got {count:g}")
    if sum(counts) == 0:
        raise ValueError(f"counts must draw something, got {counts}")
    return pixels, owner[:n]


def _looked_at(pixels: _Pixels, facts: Tensor) -> tuple[_Pixels, list[int]]:
    """Pixels, checked, and `facts` (k,) as Python's integers: a device is waited for once.

    What takes no part is made finite, since it is multiplied by 0. Compiled code cannot look: it
    checks nothing and gets no facts.
    """
    embeddings, length, _, part = pixels
    if torch.compiler.is_compiling():
        return pixels._replace(embeddings=embeddings.where(part[:, None], 0)), []
    low = embeddings.detach().amin(1)
    spoilt = ~part & length.isnan()
    marks = torch.stack([part.any(), ((low < 0) & part).any(), spoilt.any()])
    anyone, negative, is_spoilt, *seen = torch.cat([marks.long(), facts.long()]).tolist()
    if not anyone:
        raise ValueError("labels must hold a pixel that takes part, got only ignored ones")
    if negative:
        raise ValueError(
            "embeddings must be >= 0 for the exact loss (take them after the ReLU, or compare "
            f"a drawn number by label_embedding_loss), got {float(low[part].amin())}"
        )
    if is_spoilt:
        pixels = pixels._replace(embeddings=embeddings.where(part[:, None], 0))
    return pixels, seen


def _sizes(index: Tensor, n: int) -> Tensor:
    """How often each of 0 ... n-1 stands in `index`, (n,) int64; n itself is not counted."""
    return index.new_zeros(n + 1).scatter_add_(0, index, torch.ones_like(index))[:n]


def _sums_of_units(pixels: _Pixels, index: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """By index, in float64: sums of h / |h| (n, C), how many these are and have a direction, (n,).

    Those of index n take no part.
    """
    nil = (pixels.length == 0) | (index == n)
    inverse = torch.where(nil, 0, 1 / pixels.length)
    directed = _sizes(index.where(~nil, n), n)
    sums: Tensor = _SumsOfUnits.apply(pixels.embeddings, inverse, index, n)  # type: ignore[no-untyped-call]
    return sums.double(), _sizes(index, n).double(), directed.double()


class _SumsOfUnits(torch.autograd.Function):
    """Sums of unit vectors h_i / |h_i| by index, in linear time; these are never stored."""

    @staticmethod
    def forward(embeddings: Tensor, inverse: Tensor, index: Tensor, n: int) -> Tensor:
        sums = embeddings.new_zeros(n + 1, embeddings.shape[1])
        for h, one_over, of in _blocks(n, embeddings, inverse, index):
            sums += torch.zeros_like(sums).index_add_(0, of, h * one_over[:, None])
        return sums[:n]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:3])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        embeddings, inverse, index = ctx.saved_tensors
        pulls = torch.cat([grad, torch.zeros_like(grad[:1])])
        out = torch.empty_like(embeddings)
        for h, one_over, of, g in _blocks(len(grad), embeddings, inverse, index, out):
            # d(h / |h|) keeps what is orthogonal to h: g / |h| - h (h . g) / |h|^3
            torch.index_select(pulls, 0, of, out=g)
            along = (h * g).sum(1) * one_over**3
            g.mul_(one_over[:, None]).addcmul_(h, along[:, None], value=-1)
        return out, None, None, None


def _blocks(n: int, *tensors: Tensor) -> Any:
    """Rows in blocks, none shorter than the n sums; compiled code has its own way."""
    rows = max(ROWS, n, len(tensors[0]) if torch.compiler.is_compiling() else 0)
    return zip(*(torch.split(x, rows) for x in tensors), strict=True)
