"""Random Feature Embedding (Section 2.2) as one term of the loss of a training step.

From a batch of labelled and unlabelled images: draw pixels on either side by a strategy, compare
their embeddings by Eq. 2, at one or several layers; or compare them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from rfe_core import sampling
from rfe_core.pixel_embedding_loss import ALL, PixelEmbeddingLoss

__all__ = ["ALL", "PixelEmbeddingLoss", "RandomFeatureEmbedding", "Term", "embedding_terms"]


@dataclass(frozen=True, kw_only=True)
class RandomFeatureEmbedding:
    """Settings of the embedding term of Eq. 1.

    Attributes
    ----------
    strategy : {"50/50", "distribution-aware", "80/20"}
        See `rfe_core.sampling.counts`.
    n_e : int or "all"
        Embeddings drawn from each side (labelled, unlabelled), as the released code counts them.
        "all" is the limit: the exact expectation of the sampled loss, for as many pixels as the
        strategy's class ratio allows; for "cosine" and margin 1 alone.
    distance, margin, reduction
        See `rfe_core.losses.label_embedding_loss`.
    weight : float
        :math:`\\lambda` of Eq. 1, the same at each layer; 0 measures without training on it.
    layers : tuple of int
        Levels of the expanding path, 0 the finest (the paper's second-last convolution).

    Raises
    ------
    ValueError
        If a setting breaks its rule.
    """

    strategy: sampling.Strategy
    n_e: int | Literal["all"]
    distance: str = "cosine"
    margin: float = 1.0
    reduction: str = "mean"
    weight: float = 1.0
    layers: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        self.loss()  # checks the others
        different = len(set(self.layers)) == len(self.layers) > 0
        if not different or any(not isinstance(k, int) or k < 0 for k in self.layers):
            raise ValueError(f"layers must be different integers >= 0, got {self.layers}")

    def loss(self) -> PixelEmbeddingLoss:
        """The loss of one layer. A class that runs short in a batch is taken whole."""
        return PixelEmbeddingLoss(
            self.n_e,
            self.strategy,
            distance=self.distance,
            margin=self.margin,
            reduction=self.reduction,
            weight=self.weight,
        )


@dataclass(frozen=True)
class Term:
    """The embedding loss of one layer (scalar), before its weight, and what went into it.

    Attributes
    ----------
    drawn : dict
        Pixels by side and class: ``drawn_<side>_<class>``, and ``short``: 1 if a class had fewer
        pixels than wanted, else 0.
    length : dict
        Mean length |h| of the drawn embeddings by class: ``length_<class>``; a class of which
        nothing was drawn is left out.
    """

    loss: Tensor
    drawn: dict[str, float]
    length: dict[str, float]


def embedding_terms(
    levels: Sequence[Tensor],
    labels: Tensor,
    labelled: Tensor,
    settings: RandomFeatureEmbedding,
    *,
    generator: torch.Generator,
) -> dict[int, Term]:
    """Eq. 2 on the pixels that Random Feature Embedding draws, for each layer of the settings.

    Parameters
    ----------
    levels : sequence of Tensor, (N, C_k, H / 2^k, W / 2^k)
        As `rfe_core.unet.UNet.forward_levels` returns them.
    labels : Tensor, (N, H, W) int64
        1 lesion, 0 background, -1 ignored; on the unlabelled side a prior's.
    labelled : Tensor, (N,) bool
        Which images are labelled.
    generator : torch.Generator
        On the CPU; decides the draw. If a class runs short in a batch, all its pixels are taken.

    Raises
    ------
    ValueError
        If a layer does not exist, or a side has no pixel that counts.
    """
    if max(settings.layers) >= len(levels):
        raise ValueError(
            f"layers must be below {len(levels)}, the levels of this network, got {settings.layers}"
        )
    loss, terms = settings.loss(), {}
    for k in settings.layers:
        of_layer = sampling.shrink_labels(labels, 2**k) if k else labels
        found = loss.compare(levels[k], of_layer, labelled, generator=generator)
        drawn = {
            f"drawn_{side}_{name}": n
            for side, of_side in found.drawn.items()
            for name, n in zip(sampling.CLASSES, of_side, strict=True)
        }
        short = {"short": float(found.drawn != found.wanted)}
        terms[k] = Term(found.loss, drawn | short, _lengths(found.embeddings, found.labels))
    return terms


def _lengths(embeddings: Tensor, labels: Tensor) -> dict[str, float]:
    length = torch.linalg.vector_norm(embeddings.detach(), dim=1)
    of_class = {name: length[labels == c] for c, name in enumerate(sampling.CLASSES)}
    return {f"length_{name}": float(x.mean()) for name, x in of_class.items() if len(x)}
