"""Sums over pairs of embeddings, without building what can be avoided.

The value of Eq. 2 for "adjacent iff same label" falls apart into one sum within each class and one
between each two classes. Some have closed forms that cost O(n C); the others go through blocks of
at most `chunk` rows, and symmetric work is done once. Gradients are computed along with the values,
so nothing of size n x n is kept for the backward pass.

`rfe_core.losses` has the public functions; the double loops these must equal stand in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

#: From a block of dot products (or distances) to the pairs' values and their derivatives.
Kernel = Callable[[Tensor], tuple[Tensor, Tensor]]


def within(x: Tensor, distance: str, chunk: int) -> Tensor:
    """Sum of d over all ordered pairs of x (n, C); unit vectors for "cosine" and "angular"."""
    n = len(x)
    if distance in ("cosine", "l2_squared"):
        # sum |x_i - x_j|^2 = 2 n sum |x_i - mean|^2: no difference of large numbers
        spread = n * (x - x.mean(0)).square().sum()
        if distance == "l2_squared":
            return 2 * spread
        # unit vectors: |a - b|^2 = 2 (1 - cos). A vector without direction has d = 1 to all.
        return spread + n * (x == 0).all(1).sum()
    kernel = _angular if distance == "angular" else _l2
    total = x.new_zeros(())
    for start in range(0, n, chunk):
        rows, rest = x[start : start + chunk], x[start + chunk :]
        total = total + _PairSum.apply(rows, rows, distance, kernel, chunk)
        if len(rest):
            total = total + 2 * _PairSum.apply(rows, rest, distance, kernel, chunk)
    return total


def between(a: Tensor, b: Tensor, distance: str, margin: float, chunk: int) -> Tensor:
    """Sum of max(0, margin - d) over all pairs of a (n, C) and b (m, C), each pair once."""
    pairs = len(a) * len(b)
    if distance == "cosine":
        if margin >= 1 and bool((a >= 0).all()) and bool((b >= 0).all()):
            return (margin - 1) * pairs + a.sum(0) @ b.sum(0)  # the hinge is active everywhere
        shift = margin - 1
        return _PairSum.apply(a, b, distance, lambda dot: _hinge(dot + shift, 1.0), chunk)
    if distance == "angular":

        def kernel(dot: Tensor) -> tuple[Tensor, Tensor]:
            angle, slope = _angular(dot)
            return _hinge(margin - angle, -slope)

    elif distance == "l2":

        def kernel(d: Tensor) -> tuple[Tensor, Tensor]:
            return _hinge(margin - d, -_reciprocal(d))

    else:
        centre = (a.sum(0) + b.sum(0)).detach() / (len(a) + len(b))
        radius = sum(torch.linalg.vector_norm(x.detach() - centre, dim=1).max() for x in (a, b))
        if margin >= radius**2:  # no pair is further apart: active everywhere
            mean_a, mean_b = a.mean(0), b.mean(0)
            spread = len(b) * (a - mean_a).square().sum() + len(a) * (b - mean_b).square().sum()
            return margin * pairs - spread - pairs * (mean_a - mean_b).square().sum()

        def kernel(d: Tensor) -> tuple[Tensor, Tensor]:
            return _hinge(margin - d.square(), -2.0)

    return _PairSum.apply(a, b, distance, kernel, chunk)


def _hinge(value: Tensor, slope: Tensor | float) -> tuple[Tensor, Tensor]:
    return value.clamp_min(0), (value > 0) * torch.as_tensor(slope, dtype=value.dtype)


def _reciprocal(d: Tensor) -> Tensor:
    return torch.where(d > 0, 1 / d, 0)  # at d = 0 the gradient is 0, a subgradient


def _l2(d: Tensor) -> tuple[Tensor, Tensor]:
    return d, _reciprocal(d)


def _angular(dot: Tensor) -> tuple[Tensor, Tensor]:
    edge = 1 - 16 * torch.finfo(dot.dtype).eps  # as in distances.angle
    inner = dot.clamp(-edge, edge)
    at_edge = dot.abs() > edge
    value = torch.where(at_edge, (dot < 0).to(dot.dtype), torch.arccos(inner) / math.pi)
    return value, torch.where(at_edge, 0, -1 / (math.pi * (1 - inner.square()).sqrt()))


class _PairSum(torch.autograd.Function):
    """Sum of a kernel over all pairs of rows of a and b, in blocks of `chunk` rows of a.

    The kernel sees dot products (cosine, angular) or distances (l2, l2_squared), and returns with
    the values their derivative by the dot product, or by half the squared distance.
    """

    @staticmethod
    def forward(ctx, a: Tensor, b: Tensor, distance: str, kernel: Kernel, chunk: int) -> Tensor:
        dots = distance in ("cosine", "angular")
        wanted = any(ctx.needs_input_grad[:2])
        grad_a, grad_b = torch.empty_like(a), torch.zeros_like(b)
        total = torch.zeros((), dtype=torch.float64, device=a.device)
        for start in range(0, len(a), chunk):
            rows = a[start : start + chunk]
            if dots:
                block = rows @ b.T
            else:
                block = torch.cdist(rows, b, compute_mode="donot_use_mm_for_euclid_dist")
            values, slopes = kernel(block)
            total += values.sum()
            if not wanted:
                continue
            part = slopes @ b
            grad_b.addmm_(slopes.T, rows, alpha=1 if dots else -1)
            if not dots:  # d(|a - b|^2 / 2) = (a - b) da + (b - a) db
                part = slopes.sum(1, keepdim=True) * rows - part
                grad_b += slopes.sum(0)[:, None] * b
            grad_a[start : start + chunk] = part
        ctx.save_for_backward(grad_a, grad_b)
        return total.to(a.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor):
        grad_a, grad_b = ctx.saved_tensors
        return grad * grad_a, grad * grad_b, None, None, None
