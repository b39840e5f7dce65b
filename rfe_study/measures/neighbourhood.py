"""How far being neighbours in a stack says what labels say (`rfe_core.adjacency`)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rfe_core.adjacency import label_adjacency


class Agreement(NamedTuple):
    """How far an adjacency says what labels say, over pairs i != j.

    Attributes
    ----------
    pulled, pushed : int
        Ordered pairs with a_ij = 1 and a_ij = 0.
    pulled_same, pushed_other : float
        Share of the former whose labels are equal, and of the latter whose labels differ; NaN
        where there is no such pair.
    """

    pulled: int
    pushed: int
    pulled_same: float
    pushed_other: float


def draw_columns(
    valid: Tensor, lesion: Tensor, n: int, *, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw in-plane places and take each through all slices of a stack.

    Half of the places have lesion in at least one slice, the others in none.

    Parameters
    ----------
    valid, lesion : Tensor, (Z, H, W) bool
        A place counts if it is valid in every slice.
    n : int
        Number of places, even.
    generator : torch.Generator

    Returns
    -------
    index, place, time : Tensor, (n * Z,)
        Into the flattened (Z, H, W) stack; number of the place; slice. Sorted by place, then slice.

    Raises
    ------
    ValueError
        If there are fewer than n/2 places of either kind, or `n` is odd.
    """
    if n < 2 or n % 2:
        raise ValueError(f"n must be even and >= 2, got {n}")
    inside = valid.all(0).flatten()
    crossed = (lesion & valid).any(0).flatten()
    columns = []
    for kind, name in ((crossed, "with lesion"), (~crossed, "without lesion")):
        have = torch.nonzero(inside & kind).squeeze(1)
        if len(have) < n // 2:
            raise ValueError(f"places {name} must be >= {n // 2}, got {len(have)}")
        columns.append(have[torch.randperm(len(have), generator=generator)[: n // 2]])
    pixel = torch.cat(columns)
    slices, size = len(valid), inside.numel()
    time = torch.arange(slices).repeat(n)
    return (
        time * size + pixel.repeat_interleave(slices),
        torch.arange(n).repeat_interleave(slices),
        time,
    )


def agreement(adjacency: Tensor, labels: Tensor) -> Agreement:
    """Compare an adjacency (n, n) with labels (n,), see `Agreement`."""
    same = label_adjacency(labels)
    if adjacency.shape != same.shape or adjacency.dtype != torch.bool:
        raise ValueError(
            f"adjacency must be bool of shape {tuple(same.shape)}, "
            f"got {adjacency.dtype} of shape {tuple(adjacency.shape)}"
        )
    others = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    pulled, pushed = adjacency & others, ~adjacency & others
    return Agreement(
        int(pulled.sum()),
        int(pushed.sum()),
        same[pulled].float().mean().item(),
        (~same)[pushed].float().mean().item(),
    )
