r"""Adjacency: which pairs of embeddings Eq. 2 pulls together (a_ij = 1) and which it pushes apart.

"The definition of A is left to the user" (Section 2.1). Two ways: equal labels, which the paper
uses with true labels or with those of a prior, and neighbourhood, as Weston et al. (2012) take
from neighbouring frames of a video and a volume offers in its neighbouring slices.
"""

from __future__ import annotations

from typing import SupportsIndex

from torch import Tensor

from rfe_core.checks import integer, integer_labels, tensors


def label_adjacency(labels: Tensor, *, ignore_index: int = -1) -> Tensor:
    """a_ij = 1 iff labels are equal (Section 3.2, the perfect prior): (n,) -> (n, n) bool.

    An adjacency cannot say that a pixel takes no part, so `ignore_index` is a ValueError here.

    Examples
    --------
    >>> import torch
    >>> label_adjacency(torch.tensor([1, 0, 1])).int()
    tensor([[1, 0, 1],
            [0, 1, 0],
            [1, 0, 1]], dtype=torch.int32)
    """
    tensors(labels=labels)
    labels = integer_labels(labels, (labels.numel(),))
    if bool((labels == ignore_index).any()):
        raise ValueError(f"labels must not be {ignore_index} (ignored) here, leave such pixels out")
    return labels[:, None] == labels


def neighbour_adjacency(place: Tensor, time: Tensor, *, reach: SupportsIndex = 1) -> Tensor:
    """a_ij = 1 iff two pixels lie at the same place, at most `reach` slices or frames apart.

    No label is needed. Each pixel is its own neighbour. Returns (n, n) bool.

    Parameters
    ----------
    place : Tensor, (n,) of integers
        Which pixel of the image, for example its flat index.
    time : Tensor, (n,) of integers
        Number of the slice or frame.
    reach : int
        >= 1.

    Examples
    --------
    >>> import torch
    >>> place, time = torch.tensor([7, 7, 7, 8]), torch.tensor([0, 1, 2, 1])
    >>> neighbour_adjacency(place, time)[1]
    tensor([ True,  True,  True, False])
    """
    place, time = (integer_labels(x, name="place and time") for x in (place, time))
    if place.ndim != 1 or place.shape != time.shape:
        found = f"{tuple(place.shape)} and {tuple(time.shape)}"
        raise ValueError(f"place and time must both be (n,), got {found}")
    near = (time[:, None] - time).abs() <= integer(reach, "reach", least=1)
    return near & (place[:, None] == place)
