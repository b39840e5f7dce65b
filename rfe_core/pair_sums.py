"""Sums over pairs of embeddings, without building what can be avoided.

The value of Eq. 2 for "adjacent iff same label" falls apart into one sum within each class and one
between each two classes. Where the distance allows, a sum is a closed form that costs O(n C); else
it goes through blocks of at most `chunk` rows, and no pair is visited twice. A block's gradient is
taken along with its value, so nothing of size n x n is kept for the backward pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from rfe_core.distances import angle, unit

#: From a block of numbers about pairs (cosines, or squared distances) to the sum of its terms and
#: to the pull of each pair: the term's derivative, divided by the distance if it goes by distance.
#: The block may be overwritten.
Kernel = Callable[[Tensor], tuple[Tensor, Tensor]]


class Group(NamedTuple):
    """The embeddings of one class (n, C), and what bounds their distances from others."""

    vectors: Tensor
    lowest: float  # the least component of any, for "cosine": if >= 0, no distance is above 1
    furthest: float  # for lengths: none is further from the centre of all classes


def by_class(embeddings: Tensor, labels: Tensor, distance: str, ignore_index: int) -> list[Group]:
    """Embeddings (n, C) apart by label, in ascending order; a device is waited for once."""
    reach = _reach(embeddings.detach(), labels != ignore_index, distance)
    bits = reach.double().view(torch.int64)  # so that both go in one transfer
    labels, bits = torch.stack([labels, bits]).cpu()
    reach = bits.view(torch.float64)
    classes = sorted(set(labels.tolist()) - {ignore_index})
    if not classes:
        raise ValueError("labels must hold an embedding that takes part, got only ignored ones")
    members = [torch.nonzero(labels == label).squeeze(1) for label in classes]
    order = torch.cat(members).to(embeddings.device, non_blocking=True)
    x = embeddings.index_select(0, order)
    x = unit(x) if distance in ("cosine", "angular") else x
    apart = zip(x.split_with_sizes([len(m) for m in members]), members, strict=True)
    return [Group(x, float(reach[m].amin()), float(reach[m].amax())) for x, m in apart]


def _reach(x: Tensor, part: Tensor, distance: str) -> Tensor:
    """Of each embedding, (n,): for "cosine" its smallest component, for lengths |x - centre|."""
    if distance == "cosine":
        return x.amin(1)
    if distance == "angular":
        return x.new_zeros(len(x))
    centre = x.where(part[:, None], 0).sum(0) / part.sum()
    radius: Tensor = torch.linalg.vector_norm(x - centre, dim=1)
    return radius


def within(group: Group, distance: str, chunk: int) -> Tensor:
    """Sum of d over all ordered pairs of one class."""
    x, n = group.vectors, len(group.vectors)
    if distance == "angular":
        return _swept(partial(_cosine_sweep, _angle, chunk), x)
    if distance == "l2":
        return _swept(partial(_distance_sweep, _length, chunk), x)
    # sum |x_i - x_j|^2 = 2 n sum |x_i - mean|^2: no difference of large numbers
    spread = n * (x - x.mean(0)).square().sum()
    if distance == "l2_squared":
        return 2 * spread
    # Unit vectors: |a - b|^2 = 2 (1 - cos). A vector without direction has d = 1 to all.
    return spread + n * (x == 0).all(1).sum()


def between(first: Group, second: Group, distance: str, margin: float, chunk: int) -> Tensor:
    """Sum of max(0, margin - d) over all pairs of two classes, each pair once."""
    a, b = first.vectors, second.vectors
    pairs = len(a) * len(b)
    furthest = first.furthest + second.furthest  # no d above: a hinge is active everywhere
    if distance == "cosine":
        if margin >= 2 or (margin >= 1 and first.lowest >= 0 and second.lowest >= 0):
            return (margin - 1) * pairs + a.sum(0) @ b.sum(0)
        return _swept(partial(_hinge_sweep, margin - 1, chunk), a, b)
    if distance == "angular":
        return _swept(partial(_cosine_sweep, partial(_angle_hinge, margin), chunk), a, b)
    if distance == "l2":
        if margin >= furthest:
            return margin * pairs - _swept(partial(_distance_sweep, _length, chunk), a, b)
        return _swept(partial(_distance_sweep, partial(_length_hinge, margin), chunk), a, b)
    if margin >= furthest**2:
        mean_a, mean_b = a.mean(0), b.mean(0)
        spread = len(b) * (a - mean_a).square().sum() + len(a) * (b - mean_b).square().sum()
        return margin * pairs - spread - pairs * (mean_a - mean_b).square().sum()
    return _swept(partial(_distance_sweep, partial(_squared_hinge, margin), chunk), a, b)


def _swept(sweep: Callable[..., tuple[Tensor, ...]], *sets: Tensor) -> Tensor:
    """The sum over pairs of one or two sets, differentiable by these."""
    total: Tensor = _Swept.apply(sweep, *sets)[0]  # type: ignore[no-untyped-call]
    return total


class _Swept(torch.autograd.Function):
    """A sum and its gradients, from one sweep over the pairs that finds both."""

    @staticmethod
    def forward(sweep: Callable[..., tuple[Tensor, ...]], *sets: Tensor) -> tuple[Tensor, ...]:
        return sweep(*sets)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(*output[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        return None, *(grad * found for found in ctx.saved_tensors)


def _cosine_sweep(
    kernel: Kernel, chunk: int, a: Tensor, b: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Sum over pairs of f(a_i . b_j) and its gradients; of unit vectors, a_i . b_j is a cosine.

    The pull of a pair is f': with their matrix, a's gradient is its product with b.
    """
    total, *grads = _sweep(kernel, chunk, a, a if b is None else b, a, b)
    return total.to(a.dtype), *grads


def _hinge_sweep(shift: float, chunk: int, a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    """The same of max(0, a_i . b_j + shift), active at its kink, as PyTorch's clamp is."""

    def active(cosine: Tensor) -> tuple[Tensor, Tensor]:
        pull = cosine.ge_(-shift)  # 0 and 1
        return shift * pull.sum(), pull

    # Faster than a sum: the active a_i . b_j are a times its own gradient.
    total, grad_a, grad_b = _sweep(active, chunk, a, b, a, b)
    return (total + (a * grad_a).sum(dtype=torch.float64)).to(a.dtype), grad_a, grad_b


def _distance_sweep(
    kernel: Kernel, chunk: int, a: Tensor, b: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Sum over pairs of f(|a_i - b_j|) and its gradients.

    The kernel takes squared distances. A pair pulls a_i by f'(d) / d * (a_i - b_j), so the sums of
    all pulls are matrix products.
    """
    centre = a.mean(0)  # a - b stays as it is, and products of small numbers lose less
    # A 1 after each row: the product with pulls then sums both `pull * x` and `pull`.
    a_ = F.pad(a - centre, (0, 1), value=1.0)
    b_ = None if b is None else F.pad(b - centre, (0, 1), value=1.0)
    left, right, rounding = _factors(a_, a_ if b_ is None else b_)

    def of_cleaned(squared: Tensor) -> tuple[Tensor, Tensor]:
        if squared.is_cpu:  # no device to wait for, and faster
            return kernel(torch.threshold_(squared, float(rounding), 0.0))
        return kernel(squared.masked_fill_(squared <= rounding, 0))

    total, *sums = _sweep(of_cleaned, chunk, left, right, a_, b_)
    # The sum over j of pull_ij * (x_i - y_j), from those of pull_ij * (y_j, 1).
    sets = (a_,) if b_ is None else (a_, b_)
    grads = (s[:, -1:] * x[:, :-1] - s[:, :-1] for s, x in zip(sums, sets, strict=True))
    return total.to(a.dtype), *grads


def _sweep(
    kernel: Kernel, chunk: int, left: Tensor, right: Tensor, a: Tensor, b: Tensor | None
) -> tuple[Tensor, ...]:
    """Sum of the terms of all pairs, and pull_ij b_j summed over j, pull_ij a_i over i.

    The kernel is given left @ right.T, in blocks of `chunk` rows. With b None: all ordered pairs of
    rows of a, of which each is visited once; the two sums of pulls are then one.
    """
    sums_a = torch.zeros_like(a.T).T  # by columns: BLAS adds products to these faster
    other, sums_b = (a, sums_a) if b is None else (b, torch.zeros_like(b.T).T)
    total = torch.zeros((), dtype=torch.float64, device=a.device)
    memory = left.new_empty(min(chunk, len(a)) * len(right))  # of every block: it stays in cache
    for rows, columns, times in _blocks(len(a), chunk, symmetric=b is None):
        x, y = left[rows], right[columns]
        block = torch.mm(x, y.T, out=memory[: len(x) * len(y)].view(len(x), len(y)))
        value, pull = kernel(block)
        total += times * value
        sums_a[rows].addmm_(pull, other[columns], alpha=times)
        sums_b[columns].addmm_(pull.T, a[rows], alpha=times)
    return (total, sums_a) if b is None else (total, sums_a, sums_b)


def _factors(a_: Tensor, b_: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Two matrices whose product is |a|^2 - 2 a.b + |b|^2, and what of that is rounding.

    One product for all three terms, (-2 a, |a|^2, 1) . (b, 1, |b|^2), saves a block two passes.
    """
    of_a, of_b = (x[:, :-1].square().sum(1, keepdim=True) for x in (a_, b_))
    left = torch.cat([-2 * a_[:, :-1], of_a, a_[:, -1:]], 1)
    right = torch.cat([b_, of_b], 1)
    precision = torch.finfo(a_.dtype)
    largest = torch.maximum(of_a.amax(), of_b.amax())
    return left, right, (16 * precision.eps * largest).clamp_min(precision.tiny)


def _angle(cosine: Tensor) -> tuple[Tensor, Tensor]:
    """f = arccos(cos) / pi; no pull at the ends, as in `angle`."""
    edge = 1 - 16 * torch.finfo(cosine.dtype).eps
    pull = (1 - cosine.square()).rsqrt_().div_(-math.pi).masked_fill_(cosine.abs() > edge, 0)
    return angle(cosine).sum(), pull


def _angle_hinge(margin: float, cosine: Tensor) -> tuple[Tensor, Tensor]:
    """f = max(0, margin - arccos(cos) / pi)."""
    left = margin - angle(cosine)
    return left.clamp_min(0).sum(), _angle(cosine)[1].neg_().mul_(left >= 0)


def _length(squared: Tensor) -> tuple[Tensor, Tensor]:
    """f = d. A pair of length 0 has no direction to pull in: 1 / inf = 0."""
    d = squared.sqrt_()
    return d.sum(), torch.threshold_(d, 0.0, math.inf).reciprocal_()


def _length_hinge(margin: float, squared: Tensor) -> tuple[Tensor, Tensor]:
    """f = max(0, margin - d). No pull at length 0, nor beyond the margin."""
    d = squared.sqrt_()
    value = (margin - d).clamp_min_(0).sum()
    minus_d = torch.threshold_(d, 0.0, math.inf).neg_()
    beyond = -margin * (1 + torch.finfo(d.dtype).eps)  # a hinge is active at its kink
    return value, torch.threshold_(minus_d, beyond, -math.inf).reciprocal_()


def _squared_hinge(margin: float, squared: Tensor) -> tuple[Tensor, Tensor]:
    """f = max(0, margin - d^2)."""
    left = margin - squared
    return left.clamp_min(0).sum(), left.ge_(0).mul_(-2)


def _blocks(n: int, chunk: int, *, symmetric: bool) -> Iterator[tuple[slice, slice, int]]:
    """Rows and columns of each block, and how many times it counts."""
    for start in range(0, n, chunk):
        rows = slice(start, start + chunk)
        yield rows, rows if symmetric else slice(None), 1
        if symmetric and rows.stop < n:
            yield rows, slice(rows.stop, None), 2  # and its mirror image
