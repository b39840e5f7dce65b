"""Eq. 2 as a landscape: its value and its forces for a few embeddings, to look at.

The force on an embedding is minus the gradient of the loss: where gradient descent moves it. All
numbers come from `rfe_core.losses` by automatic differentiation; nothing is derived here by hand.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from rfe_core.distances import DISTANCES, pairwise
from rfe_core.losses import embedding_loss


def loss_and_force(
    embeddings: ArrayLike, adjacency: ArrayLike, **settings
) -> tuple[float, NDArray[np.float64]]:
    """Eq. 2 and minus its gradient, in float64.

    Parameters
    ----------
    embeddings : (n, C)
    adjacency : (n, n) bool
    **settings
        distance, margin, reduction of `losses.embedding_loss`.

    Returns
    -------
    float, (n, C) array
    """
    h = torch.as_tensor(np.asarray(embeddings, dtype=float)).requires_grad_()
    a = torch.as_tensor(np.asarray(adjacency, dtype=bool))
    loss = embedding_loss(h, a, **settings)
    (gradient,) = torch.autograd.grad(loss, h)
    return loss.item(), -gradient.numpy()


def distances_by_angle(degrees: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Each distance of two unit vectors at these angles, by name."""
    radians = torch.as_tensor(np.radians(np.asarray(degrees, dtype=float)))
    turned = torch.stack([radians.cos(), radians.sin()], dim=1)
    fixed = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    return {name: pairwise(turned, fixed, name)[:, 0].numpy() for name in DISTANCES}


def force_field(
    anchor: ArrayLike, points: ArrayLike, *, adjacent: bool, distance: str, margin: float
) -> NDArray[np.float64]:
    """Force of one embedding on another, wherever in the plane that other one lies.

    Parameters
    ----------
    anchor : (2,)
        The embedding that stays.
    points : (n, 2)
        Places of the other.
    adjacent : bool
        Whether the two have the same class.
    distance, margin
        See `losses.embedding_loss`.

    Returns
    -------
    (n, 2) array
    """
    adjacency = np.eye(2, dtype=bool) | adjacent
    settings = {"distance": distance, "margin": margin}
    return np.array([loss_and_force([p, anchor], adjacency, **settings)[1][0] for p in points])


def force_fields(
    anchor: ArrayLike, points: ArrayLike, margins: Mapping[str, float]
) -> dict[tuple[str, bool], NDArray[np.float64]]:
    """`force_field` of each distance, by name and whether the two have the same class."""
    return {
        (name, adjacent): force_field(
            anchor, points, adjacent=adjacent, distance=name, margin=margin
        )
        for name, margin in margins.items()
        for adjacent in (True, False)
    }


def pair_distances(a: Tensor, b: Tensor, distance: str) -> NDArray[np.float64]:
    """Distances of all pairs of one set with another, as a flat array."""
    return pairwise(a.double(), b.double(), distance).flatten().numpy()
