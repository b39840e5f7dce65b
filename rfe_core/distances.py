r"""Distances between embeddings: the d(., .) of Eq. 2.

==============  =========================================  =================================
name            d(a, b)                                    range
==============  =========================================  =================================
``cosine``      1 - cos(a, b)                              [0, 2]; [0, 1] if a, b >= 0
``angular``     arccos(cos(a, b)) / pi                     [0, 1]; [0, 1/2] if a, b >= 0
``l2``          \|a - b\|                                  [0, inf)
``l2_squared``  \|a - b\|^2                                [0, inf)
==============  =========================================  =================================

The paper's "angular cosine distance" is ``cosine`` by its constants (bounded in [0, 1], margin 1
makes classes orthogonal) and in its code; ``angular`` is a true metric and also stands there.

A vector shorter than :data:`SHORTEST` has no direction: its cosine with anything, itself included,
is 0 and it gets no gradient. Where a distance has a kink (identical vectors; cosine of +-1 for
``angular``) the gradient is 0, one of its subgradients. The precision of all losses is here, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import torch
from torch import Tensor

from rfe_core.checks import one_of, tensors

DISTANCES = ("cosine", "angular", "l2", "l2_squared")
REDUCTIONS = ("sum", "per_embedding", "mean")

SHORTEST = 1e-8

Number = TypeVar("Number", float, Tensor)


def full_precision(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Decorator: half-precision tensors come in as float32, and autocast is off inside.

    So a sum over many pairs neither overflows nor loses its digits. The result is float32, the
    gradient has the dtype of what was passed in. float64 stays float64.
    """

    def widened(x: Any) -> Any:
        half = isinstance(x, Tensor) and x.is_floating_point() and x.element_size() < 4
        return _Widened.apply(x) if half else x  # type: ignore[no-untyped-call]

    @wraps(function)
    def computed(*args: Any, **options: Any) -> Tensor:
        devices = [x.device.type for x in (*args, *options.values()) if isinstance(x, Tensor)]
        with torch.autocast(devices[0] if devices else "cpu", enabled=False):
            options = {name: widened(x) for name, x in options.items()}
            return function(*map(widened, args), **options)

    return computed


class _Widened(torch.autograd.Function):
    """Half precision as float32; what of the gradient is out of its reach ends at its limit."""

    @staticmethod
    def forward(narrow: Tensor) -> Tensor:
        return narrow.float()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.dtype = inputs[0].dtype

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        most = torch.finfo(ctx.dtype).max
        return grad.clamp(-most, most).to(ctx.dtype)


def lengths(embeddings: Tensor) -> Tensor:
    """Length of embeddings (n, C), (n,): 0 up to :data:`SHORTEST`, NaN where it is not finite."""
    length: Tensor = torch.linalg.vector_norm(embeddings, dim=1)
    length = length.masked_fill(length <= SHORTEST, 0)
    return length.masked_fill(length == math.inf, math.nan)


def unit(embeddings: Tensor) -> Tensor:
    """Embeddings (n, C) divided by their length; (n, C), zero where the length is nil."""
    length = lengths(embeddings)[:, None]
    nil = length == 0
    return torch.where(nil, 0, embeddings / length.masked_fill(nil, 1))


def angle(cosine: Tensor) -> Tensor:
    """arccos(cosine) / pi, exactly 0 and 1 at the ends and with gradient 0 there."""
    edge = 16 * torch.finfo(cosine.dtype).eps
    inner = torch.arccos(cosine.clamp(-1 + edge, 1 - edge)) / math.pi
    return torch.where(cosine > 1 - edge, 0, torch.where(cosine < -1 + edge, 1, inner))


@full_precision
def pairwise(a: Tensor, b: Tensor, distance: str) -> Tensor:
    """All distances between two sets of embeddings: (n, C) and (m, C) -> (n, m).

    Examples
    --------
    >>> a, b = torch.tensor([[3.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 4.0]])
    >>> {d: pairwise(a, b, d)[0].tolist() for d in ("cosine", "angular", "l2")}
    {'cosine': [0.0, 1.0], 'angular': [0.0, 0.5], 'l2': [2.0, 5.0]}
    """
    one_of(distance, DISTANCES, "distance")
    tensors(a=a, b=b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        found = f"{tuple(a.shape)} and {tuple(b.shape)}"
        raise ValueError(f"embeddings must be (n, C) and (m, C), got {found}")
    if distance in ("l2", "l2_squared"):
        # By differences: a matrix product of close vectors loses all digits to cancellation.
        length = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
        return length if distance == "l2" else length.square()
    cosine = unit(a) @ unit(b).T
    return 1 - cosine if distance == "cosine" else angle(cosine)


def divisor(n: Number, reduction: str) -> Number:
    """What a sum over pairs of n embeddings is divided by: 1 (Eq. 2), n (released code) or n^2."""
    one_of(reduction, REDUCTIONS, "reduction")
    power: int = REDUCTIONS.index(reduction)
    return n**power
