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
        a_ = a - centre
        b_ = a_ if b is None else b - centre
        grad_a = torch.zeros_like(a_)
        grad_b = grad_a if b is None else torch.zeros_like(b_)
        total = torch.zeros((), dtype=torch.float64, device=a.device)
        for rows, columns, times in _blocks(len(a), chunk, symmetric=b is None):
            x, y = a_[rows], b_[columns]
            of_x, of_y = x.square().sum(1, keepdim=True), y.square().sum(1, keepdim=True)
            one = torch.ones_like
            left, right = [-2 * x, of_x, one(of_x)], [y, one(of_y), of_y]
            squared = torch.cat(left, 1) @ torch.cat(right, 1).T  # |x|^2 - 2 x.y + |y|^2
            value, pull = kernel(squared.clamp_min_(0), _rounding(of_x, of_y))
            total += times * value
            grad_a[rows].add_(pull.sum(1, keepdim=True) * x - pull @ y, alpha=times)
            grad_b[columns].add_(pull.sum(0)[:, None] * y - pull.T @ x, alpha=times)
        ctx.save_for_backward(grad_a, None if b is None else grad_b)
        return total.to(a.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        grad_a, grad_b = ctx.saved_tensors
        return grad * grad_a, None if grad_b is None else grad * grad_b, None, None


def _rounding(of_x: Tensor, of_y: Tensor) -> float:
    """Squared distances up to this are rounding."""
    largest = max(float(of_x.amax()), float(of_y.amax()))
    return max(16 * torch.finfo(of_x.dtype).eps * largest, torch.finfo(of_x.dtype).tiny)


def _inverse_length(squared: Tensor, rounding: float) -> Tensor:
    """1 / d, and 0 where d is nothing but rounding: such a pair has length 0 and no pull."""
    return F.threshold(squared, rounding, math.inf).rsqrt_()


def _length(squared: Tensor, rounding: float) -> tuple[Tensor, Tensor]:
    """f(d) = d."""
    inverse = _inverse_length(squared, rounding)
    return torch.dot(squared.view(-1), inverse.view(-1)), inverse


def _length_hinge(margin: float, squared: Tensor, rounding: float) -> tuple[Tensor, Tensor]:
    """f(d) = max(0, margin - d)."""
    inverse = _inverse_length(squared, rounding)
    left = torch.addcmul(squared.new_tensor(margin), squared, inverse, value=-1)
    return left.clamp_min(0).sum(), inverse.mul_(left.ge_(0)).neg_()


def _squared_hinge(margin: float, squared: Tensor, rounding: float) -> tuple[Tensor, Tensor]:
    """f(d) = max(0, margin - d^2)."""
    left = margin - squared
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
