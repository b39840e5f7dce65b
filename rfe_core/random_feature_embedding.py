"""Random Feature Embedding (Section 2.2) as a loss for any training loop: `PixelEmbeddingLoss`.

From feature maps and label maps: draw pixels by a strategy, from labelled and unlabelled images
alike, and compare their embeddings by Eq. 2; or compare them all.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from rfe_core import sampling, strategies
from rfe_core.checks import integer, integer_labels, one_of, positive, tensors
from rfe_core.distances import DISTANCES, REDUCTIONS
from rfe_core.exact import exact_embedding_loss
from rfe_core.losses import label_embedding_loss

ALL = "all"


class Comparison(NamedTuple):
    """The loss of Eq. 2 before its weight (scalar), and the pixels that went into it.

    Embeddings (n, C) and labels (n,), -1 for those that took no part; how many of each class were
    wanted and drawn, by side: "labelled" and "unlabelled", or "all" without sides.
    """

    loss: Tensor
    embeddings: Tensor
    labels: Tensor
    wanted: dict[str, tuple[int, ...]]
    drawn: dict[str, tuple[int, ...]]


class PixelEmbeddingLoss(nn.Module):
    r""":math:`\lambda L_E` of Eq. 1: embeddings of equal label attract, others repel (Eq. 2).

    It has no weights and keeps nothing in a `state_dict`. Two defaults differ from the functions it
    calls: the mean over pairs, not the sum of Eq. 2, and if a class runs short, all its pixels are
    taken; `compare` tells how many were wanted and drawn. A call waits for its device once for the
    class counts of each side, and once for the loss.

    Parameters
    ----------
    n_e : int or "all"
        Pixels drawn in each step, from each side if there are two. "all" takes the place of
        drawing: the exact expectation of the loss, for as many pixels as the strategy's class
        ratio allows, in linear time; for "cosine", margin 1 and embeddings >= 0 alone.
    strategy : {"50/50", "distribution-aware", "80/20"}, "2x" or the like, sequence or mapping
        How many pixels of each class, see `rfe_core.sampling.counts`.
    n_classes : int, optional
        K; by default as many as there are class shares, or 2 for a strategy by name.
    distance, margin, reduction
        See `rfe_core.losses.label_embedding_loss`.
    weight : float
        :math:`\lambda` >= 0.
    shortfall : {"all available", "error", "replace"}
        If a batch has fewer pixels of a class than wanted, see `rfe_core.sampling.sample`.
    ignore_index : int
        Label of pixels that take no part.
    seed : int
        Of `generator`, on the CPU, from which all calls draw that are not given one. To resume a
        run draw for draw, keep its state (``loss.generator.get_state()``).

    Examples
    --------
    >>> maps = torch.rand(2, 8, 16, 16, 16, requires_grad=True)  # any number of spatial axes
    >>> labels = torch.arange(2 * 16**3).view(2, 16, 16, 16) % 5
    >>> rfe = PixelEmbeddingLoss(n_e=100, strategy=[0.6, 0.1, 0.1, 0.1, 0.1])
    >>> rfe(maps, labels).backward()
    >>> int((maps.grad != 0).any(1).sum())
    100
    """

    def __init__(
        self,
        n_e: int | Literal["all"] = 2000,
        strategy: strategies.Strategy = "80/20",
        *,
        n_classes: int | None = None,
        distance: str = "cosine",
        margin: float = 1.0,
        weight: float = 1.0,
        reduction: str = "mean",
        shortfall: sampling.Shortfall = "all available",
        ignore_index: int = sampling.IGNORE,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.n_classes = strategies.number_of_classes(strategy, n_classes)
        one_of(distance, DISTANCES, "distance")
        one_of(reduction, REDUCTIONS, "reduction")
        one_of(shortfall, sampling.SHORTFALLS, "shortfall")
        positive(margin, "margin")
        positive(weight, "weight", or_zero=True)
        self.n_e: int | Literal["all"] = "all"
        if n_e != "all":
            self.n_e = integer(n_e, "n_e", least=2, otherwise=' or "all"')
        elif (distance, margin) != ("cosine", 1.0):
            rule = "n_e = 'all' needs distance 'cosine' and margin 1"
            raise ValueError(f"{rule}, got {distance!r} and {margin}")
        elif shortfall == "replace":
            raise ValueError("n_e = 'all' draws nothing twice, got shortfall 'replace'")
        self.strategy, self.shortfall = strategy, shortfall
        self.ignore_index = integer(ignore_index, "ignore_index", least=-(2**63))
        self.distance, self.margin, self.reduction = distance, margin, reduction
        self.weight = weight
        self.generator = torch.Generator().manual_seed(seed)

    def extra_repr(self) -> str:
        names = "n_e strategy n_classes distance margin weight reduction shortfall ignore_index"
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names.split())

    def forward(
        self,
        embeddings: Tensor,
        labels: Tensor,
        labelled: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The weighted loss of a batch: a float32 scalar, or float64 for float64 embeddings.

        Parameters
        ----------
        embeddings : Tensor, (N, C, *spatial)
            Feature maps, for instance of the second-last layer.
        labels : Tensor, (N, *spatial) of integers or bool
            Classes 0 ... K-1 or `ignore_index`; on unlabelled images a prior's.
        labelled : Tensor, (N,) bool, optional
            Which images are labelled: as many pixels are drawn from these as from the others.
            Without it all images are of one kind.
        generator : torch.Generator, optional
            On the CPU, in place of the loss's own.

        Raises
        ------
        ValueError
            If a shape, dtype or label breaks its rule, a side has no pixel that counts, or
            `shortfall` says so; under "all", if an embedding is negative.
        """
        return self.weight * self.compare(embeddings, labels, labelled, generator=generator).loss

    def compare(
        self,
        embeddings: Tensor,
        labels: Tensor,
        labelled: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Comparison:
        """As `forward`, with what was drawn; the loss is not weighted."""
        tensors(embeddings=embeddings)
        if embeddings.ndim < 3 or embeddings.numel() == 0 or not embeddings.is_floating_point():
            rule = "embeddings must be floating point and not empty, of shape (N, C, *spatial)"
            raise ValueError(f"{rule}, got {embeddings.dtype} {tuple(embeddings.shape)}")
        maps = embeddings.movedim(1, -1)  # a view: only what is drawn is copied
        flat = integer_labels(labels, maps.shape[:-1]).flatten()
        side = None
        if labelled is not None:
            labelled = torch.as_tensor(labelled)
            if labelled.shape != maps.shape[:1] or labelled.dtype != torch.bool:
                rule = f"labelled must be bool of shape ({len(maps)},)"
                raise ValueError(f"{rule}, got {labelled.dtype} {tuple(labelled.shape)}")
            side = labelled.to(flat.device).repeat_interleave(flat.numel() // len(maps))
        if self.n_e == "all":
            return self._compare_all(maps, flat, side)
        draw_from = self.generator if generator is None else generator
        return self._compare_sample(self.n_e, maps, flat, side, draw_from)

    def _compare_sample(
        self,
        n_e: int,
        maps: Tensor,
        labels: Tensor,
        labelled: Tensor | None,
        generator: torch.Generator,
    ) -> Comparison:
        samples = sampling.sample_sides(
            labels,
            labelled,
            n_e,
            strategy=self.strategy,
            generator=generator,
            shortfall=self.shortfall,
            n_classes=self.n_classes,
            ignore_index=self.ignore_index,
        )
        index = torch.cat([sample.indices for sample in samples.values()])
        drawn, labels = maps[torch.unravel_index(index, maps.shape[:-1])], labels[index]
        loss = label_embedding_loss(
            drawn, labels, distance=self.distance, margin=self.margin, reduction=self.reduction
        )
        wanted = {side: sample.wanted for side, sample in samples.items()}
        there = {side: sample.drawn for side, sample in samples.items()}
        return Comparison(loss, drawn, labels, wanted, there)

    def _compare_all(self, maps: Tensor, labels: Tensor, labelled: Tensor | None) -> Comparison:
        """Exact, as if each side drew the largest n_E for which no class of either runs short."""
        k, ignore = self.n_classes, self.ignore_index
        own = sampling.sides(labels, labelled, ignore_index=ignore)
        have = {
            side: sampling.available(of_side, n_classes=k, ignore_index=ignore)
            for side, of_side in own.items()
        }
        shares = {side: strategies.class_shares(self.strategy, n) for side, n in have.items()}
        n_e = max(2, min(strategies.largest_n_e(n, shares[side]) for side, n in have.items()))
        wanted = {side: strategies.apportion(n_e, shares[side]) for side in have}
        drawn = {side: tuple(map(min, wanted[side], n)) for side, n in have.items()}
        if self.shortfall == "error" and drawn != wanted:
            raise ValueError(
                f"{self.strategy} sampling of all pixels wants {wanted}, got {drawn} available; "
                'choose shortfall="all available"'
            )
        strata = torch.full_like(labels, -1)
        for first, of_side in zip(range(0, k * len(own), k), own.values(), strict=True):
            strata = torch.where(of_side == ignore, strata, of_side + first)
        labels = labels.masked_fill(labels == ignore, -1)
        embeddings = maps.flatten(0, -2)
        loss = exact_embedding_loss(
            embeddings,
            labels,
            strata=strata,
            counts=[n for of_side in drawn.values() for n in of_side],
            reduction=self.reduction,
        )
        return Comparison(loss, embeddings, labels, wanted, drawn)
