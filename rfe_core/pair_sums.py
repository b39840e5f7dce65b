"""Sums over pairs of embeddings, without building what can be avoided.

The value of Eq. 2 for "adjacent iff same label" falls apart into one sum within each class and one
between each two classes. Where the distance allows, a sum is a closed form that costs O(n C); else
it goes through blocks of at most `chunk` rows, and no pair is visited twice. A block's gradient is
taken along with its value, so nothing of size n x n is kept for the backward pass.

`rfe_core.losses` has the public functions; the double loops these must equal stand in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from rfe_core.distances import angle

#: From two sets of embeddings, (n, C) and (m, C), to the terms of their pairs, (n, m).
Terms = Callable[[Tensor, Tensor], Tensor]

#: From squared distances, and which of them are rounding, to the sum of f(d) and to f'(d) / d.
#: The first may be overwritten; rounding can leave them a little below 0.
Kernel = Callable[[Tensor, float], tuple[Tensor, Tensor]]


def within(x: Tensor, distance: str, chunk: int) -> Tensor:
    """Sum of d over all ordered pairs of x (n, C); unit vectors for "cosine" and "angular"."""
    n = len(x)
    if distance == "angular":
        return _BlockSum.apply(x, None, lambda a, b: angle(a @ b.T), chunk)
    if distance == "l2":
        return _DistanceSum.apply(x, None, _length, chunk)
    # sum |x_i - x_j|^2 = 2 n sum |x_i - mean|^2: no difference of large numbers
    spread = n * (x - x.mean(0)).square().sum()
    if distance == "l2_squared":
        return 2 * spread
    # Unit vectors: |a - b|^2 = 2 (1 - cos). A vector without direction has d = 1 to all.
    return spread + n * (x == 0).all(1).sum()


def between(a: Tensor, b: Tensor, distance: str, margin: float, chunk: int) -> Tensor:
    """Sum of max(0, margin - d) over all pairs of a (n, C) and b (m, C), each pair once."""
    pairs = len(a) * len(b)
    if distance == "cosine":
        # If d <= margin whatever the vectors, the hinge is active everywhere.
        if margin >= 2 or (margin >= 1 and bool(a.amin() >= 0) and bool(b.amin() >= 0)):
            return (margin - 1) * pairs + a.sum(0) @ b.sum(0)
        return _CosineHinge.apply(a, b, margin - 1, chunk)
    if distance == "angular":
        return _BlockSum.apply(a, b, lambda a, b: (margin - angle(a @ b.T)).clamp_min(0), chunk)
    centre = (a.sum(0) + b.sum(0)).detach() / (len(a) + len(b))
    furthest = sum(torch.linalg.vector_norm(x.detach() - centre, dim=1).max() for x in (a, b))
    if distance == "l2":
        if margin >= furthest:
            return margin * pairs - _DistanceSum.apply(a, b, _length, chunk)
        return _DistanceSum.apply(a, b, partial(_length_hinge, margin), chunk)
    if margin >= furthest**2:  # no pair is further apart: active everywhere
        mean_a, mean_b = a.mean(0), b.mean(0)
        spread = len(b) * (a - mean_a).square().sum() + len(a) * (b - mean_b).square().sum()
        return margin * pairs - spread - pairs * (mean_a - mean_b).square().sum()
    return _DistanceSum.apply(a, b, partial(_squared_hinge, margin), chunk)


class _CosineHinge(torch.autograd.Function):
    """Sum of max(0, a_i . b_j + shift) over all pairs, in blocks of `chunk` rows of a.

    A hinge counts as active at its kink, as in PyTorch's clamp. With the matrix of active pairs,
    its product with b is a's gradient, and that times a is the sum of the active dot products: one
    pass over the pairs gives value and gradients.
    """

    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor, shift: float, chunk: int) -> Tensor:
        grad_a, grad_b = torch.empty_like(a), torch.zeros_like(b)
        total = torch.zeros((), dtype=torch.float64, device=a.device)
        for rows, pull in zip(a.split(chunk), grad_a.split(chunk), strict=True):
            active = (rows @ b.T).ge_(-shift)  # 0 and 1
            torch.mm(active, b, out=pull)
            total += (rows * pull).sum() + shift * active.sum()
            grad_b.addmm_(active.T, rows)
        ctx.save_for_backward(grad_a, grad_b)
        return total.to(a.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        grad_a, grad_b = ctx.saved_tensors
        return grad * grad_a, grad * grad_b, None, None


class _BlockSum(torch.autograd.Function):
    """Sum of `terms` over all pairs of rows of a and b, each once, in blocks of `chunk` rows of a.

    With b None: over all ordered pairs of rows of a, for terms that do not depend on the order.
    """

    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor | None, terms: Terms, chunk: int) -> Tensor:
        wanted = any(ctx.needs_input_grad[:2])
        grad_a = torch.zeros_like(a)
        grad_b = grad_a if b is None else torch.zeros_like(b)
        total = torch.zeros((), dtype=torch.float64, device=a.device)
        for rows, columns, times in _blocks(len(a), chunk, symmetric=b is None):
            with torch.set_grad_enabled(wanted):
                x = a[rows].detach().requires_grad_(wanted)
                y = (a if b is None else b)[columns].detach().requires_grad_(wanted)
                value = terms(x, y).sum()
            total += times * value.detach()
            if wanted:
                of_x, of_y = torch.autograd.grad(value, (x, y))
                grad_a[rows].add_(of_x, alpha=times)
                grad_b[columns].add_(of_y, alpha=times)
        ctx.save_for_backward(grad_a, None if b is None else grad_b)
        return total.to(a.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        grad_a, grad_b = ctx.saved_tensors
        return grad * grad_a, None if grad_b is None else grad * grad_b, None, None


class _DistanceSum(torch.autograd.Function):
    """Sum over pairs of f(|a_i - b_j|), each pair once, in blocks of `chunk` rows of a.

    `kernel` takes squared distances (n, m) and returns the sum of f(d) and f'(d) / d: a pair pulls
    a_i by f'(d) / d * (a_i - b_j), so the sums of all pulls are matrix products. With b None: over
    all ordered pairs of rows of a.
    """

    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor | None, kernel: Kernel, chunk: int) -> Tensor:
        centre = a.mean(0)  # a - b stays as it is, and products of small numbers lose less
        a_ = _with_one(a - centre)
        b_ = a_ if b is None else _with_one(b - centre)
        left, right, rounding = _factors(a_, b_)
        sums_a = torch.zeros_like(a_.T).T  # by columns: BLAS adds products to these faster
        sums_b = sums_a if b is None else torch.zeros_like(b_.T).T
        total = torch.zeros((), dtype=torch.float64, device=a.device)
        memory = left.new_empty(min(chunk, len(a)) * len(b_))  # of every block: it stays in cache
        for rows, columns, times in _blocks(len(a), chunk, symmetric=b is None):
            x, y = left[rows], right[columns]
            squared = torch.mm(x, y.T, out=memory[: len(x) * len(y)].view(len(x), len(y)))
            value, pull = kernel(squared, rounding)
            total += times * value
            sums_a[rows].addmm_(pull, b_[columns], alpha=times)
            sums_b[columns].addmm_(pull.T, a_[rows], alpha=times)
        grad_a = _sum_of_pulls(sums_a, a_)
        ctx.save_for_backward(grad_a, None if b is None else _sum_of_pulls(sums_b, b_))
        return total.to(a.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        grad_a, grad_b = ctx.saved_tensors
        return grad * grad_a, None if grad_b is None else grad * grad_b, None, None


def _with_one(x: Tensor) -> Tensor:
    """(n, C) with a 1 after each row: its product with pulls sums both `pull * x` and `pull`."""
    return F.pad(x, (0, 1), value=1.0)


def _factors(a_: Tensor, b_: Tensor) -> tuple[Tensor, Tensor, float]:
    """Two matrices whose product is |a|^2 - 2 a.b + |b|^2, and what of that is rounding.

    One product for all three terms, (-2 a, |a|^2, 1) . (b, 1, |b|^2), saves a block two passes.
    """
    of_a, of_b = (x[:, :-1].square().sum(1, keepdim=True) for x in (a_, b_))
    left = torch.cat([-2 * a_[:, :-1], of_a, a_[:, -1:]], 1)
    right = torch.cat([b_, of_b], 1)
    largest, precision = max(float(of_a.amax()), float(of_b.amax())), torch.finfo(a_.dtype)
    return left, right, max(16 * precision.eps * largest, precision.tiny)


def _sum_of_pulls(sums: Tensor, x_: Tensor) -> Tensor:
    """Sum over j of pull_ij * (x_i - y_j) for each i, from the sums of pull_ij * (y_j, 1)."""
    return sums[:, -1:] * x_[:, :-1] - sums[:, :-1]


def _lengths_(squared: Tensor, rounding: float) -> Tensor:
    """d, and 0 where that is nothing but rounding."""
    return F.threshold_(squared, rounding, 0.0).sqrt_()


def _length(squared: Tensor, rounding: float) -> tuple[Tensor, Tensor]:
    """f(d) = d. A pair of length 0 has no direction to pull in: 1 / inf = 0."""
    d = _lengths_(squared, rounding)
    return d.sum(), F.threshold_(d, 0.0, math.inf).reciprocal_()


def _length_hinge(margin: float, squared: Tensor, rounding: float) -> tuple[Tensor, Tensor]:
    """f(d) = max(0, margin - d). No pull at length 0, nor beyond the margin."""
    d = _lengths_(squared, rounding)
    value = (margin - d).clamp_min_(0).sum()
    minus_d = F.threshold_(d, 0.0, math.inf).neg_()
    beyond = -margin * (1 + torch.finfo(d.dtype).eps)  # a hinge is active at its kink
    return value, F.threshold_(minus_d, beyond, -math.inf).reciprocal_()


def _squared_hinge(margin: float, squared: Tensor, rounding: float) -> tuple[Tensor, Tensor]:
    """f(d) = max(0, margin - d^2)."""
    left = margin - squared.clamp_min_(0)
    return left.clamp_min(0).sum(), left.ge_(0).mul_(-2)


def _blocks(n: int, chunk: int, *, symmetric: bool) -> Iterator[tuple[slice, slice, int]]:
    """Rows and columns of each block, and how many times it counts."""
    for start in range(0, n, chunk):
        stop = min(start + chunk, n)
        if not symmetric:
            yield slice(start, stop), slice(None), 1
            continue
        yield slice(start, stop), slice(start, stop), 1
        if stop < n:
            yield slice(start, stop), slice(stop, None), 2  # and its mirror image
