"""Random Feature Embedding (Section 2.2) as one term of the loss of a training step.

From a batch of labelled and unlabelled images: draw pixels on either side by a strategy, compare
their embeddings by Eq. 2, at one or several layers; or compare them all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from rfe_core import sampling
from rfe_core.distances import DISTANCES, REDUCTIONS
from rfe_core.exact import exact_embedding_loss
from rfe_core.losses import label_embedding_loss

ALL = "all"


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
        for name, value, known in (
            ("strategy", self.strategy, sampling.STRATEGIES),
            ("distance", self.distance, DISTANCES),
            ("reduction", self.reduction, REDUCTIONS),
        ):
            if value not in known:
                raise ValueError(f"{name} must be one of {known}, got {value!r}")
        if self.n_e != ALL and (not isinstance(self.n_e, int) or self.n_e < 2):
            raise ValueError(f'n_e must be an integer >= 2 or "all", got {self.n_e!r}')
        if self.n_e == ALL and (self.distance, self.margin) != ("cosine", 1.0):
            raise ValueError(
                "n_e = 'all' needs distance 'cosine' and margin 1, "
                f"got {self.distance!r} and {self.margin}"
            )
        if not 0 < self.margin < math.inf:
            raise ValueError(f"margin must be > 0 and finite, got {self.margin}")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"weight must be >= 0 and finite, got {self.weight}")
        different = len(set(self.layers)) == len(self.layers) > 0
        if not different or any(not isinstance(k, int) or k < 0 for k in self.layers):
            raise ValueError(f"layers must be different integers >= 0, got {self.layers}")


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
    terms = {}
    for k in settings.layers:
        embeddings = levels[k].permute(0, 2, 3, 1).flatten(0, 2)  # (n, C)
        of_layer = sampling.shrink_labels(labels, 2**k) if k else labels
        side = labelled.repeat_interleave(of_layer[0].numel())
        compare = _compare_all if settings.n_e == ALL else _compare_sample
        terms[k] = compare(embeddings, of_layer.flatten(), side, settings, generator)
    return terms


def _compare_sample(
    embeddings: Tensor,
    labels: Tensor,
    labelled: Tensor,
    settings: RandomFeatureEmbedding,
    generator: torch.Generator,
) -> Term:
    samples = sampling.sample_sides(
        labels,
        labelled,
        settings.n_e,
        strategy=settings.strategy,
        generator=generator,
        shortfall="all available",
    )
    index = torch.cat([sample.indices for sample in samples.values()])
    embeddings, labels = embeddings[index], labels[index]
    loss = label_embedding_loss(
        embeddings,
        labels,
        distance=settings.distance,
        margin=settings.margin,
        reduction=settings.reduction,
    )
    short = any(sample.drawn != sample.wanted for sample in samples.values())
    drawn = {side: sample.drawn for side, sample in samples.items()}
    return Term(loss, _drawn(drawn, short), _lengths(embeddings, labels))


def _compare_all(
    embeddings: Tensor,
    labels: Tensor,
    labelled: Tensor,
    settings: RandomFeatureEmbedding,
    generator: torch.Generator,
) -> Term:
    sides = {"labelled": labelled, "unlabelled": ~labelled}
    own = {name: torch.where(side, labels, sampling.IGNORE) for name, side in sides.items()}
    n_e = min(sampling.largest_n_e(of_side, settings.strategy) for of_side in own.values())
    drawn = {}
    for name, x in own.items():
        wanted = sampling.counts(x, n_e, settings.strategy)
        drawn[name] = tuple(map(min, wanted, sampling.available(x)))
    strata = torch.where(labels >= 0, labels + 2 * (~labelled).long(), -1)
    loss = exact_embedding_loss(
        embeddings,
        labels,
        strata=strata,
        counts=[*drawn["labelled"], *drawn["unlabelled"]],
        reduction=settings.reduction,
    )
    return Term(loss, _drawn(drawn, short=False), _lengths(embeddings, labels))


def _drawn(counts: dict[str, tuple[int, int]], short: bool) -> dict[str, float]:
    return {
        f"drawn_{side}_{name}": n
        for side, of_side in counts.items()
        for name, n in zip(sampling.CLASSES, of_side, strict=True)
    } | {"short": float(short)}


def _lengths(embeddings: Tensor, labels: Tensor) -> dict[str, float]:
    length = torch.linalg.vector_norm(embeddings.detach(), dim=1)
    of_class = {name: length[labels == c] for c, name in enumerate(sampling.CLASSES)}
    return {f"length_{name}": float(x.mean()) for name, x in of_class.items() if len(x)}
