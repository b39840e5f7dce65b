"""The embedding term of a method, as data: what a row's hash is taken of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rfe_core.random_feature_embedding import PixelEmbeddingLoss
from rfe_core.sampling import Strategy
from rfe_study.methods.lesionwise import LesionwiseEmbeddingLoss


@dataclass(frozen=True, kw_only=True)
class RandomFeatureEmbedding:
    """Settings of the embedding term of Eq. 1.

    Attributes
    ----------
    strategy : {"50/50", "distribution-aware", "80/20"} or a multiple of the natural share, "2x"
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
    lesionwise : bool
        Draw every lesion alike, not every lesion pixel: see `rfe_study.methods.lesionwise`.

    Raises
    ------
    ValueError
        If a setting breaks its rule.
    """

    strategy: Strategy
    n_e: int | Literal["all"]
    distance: str = "cosine"
    margin: float = 1.0
    reduction: str = "mean"
    weight: float = 1.0
    layers: tuple[int, ...] = (0,)
    lesionwise: bool = False

    def __post_init__(self) -> None:
        different = len(set(self.layers)) == len(self.layers) > 0
        if not different or any(not isinstance(k, int) or k < 0 for k in self.layers):
            raise ValueError(f"layers must be different integers >= 0, got {self.layers}")
        self.losses()  # checks the others

    @property
    def kind(self) -> type[PixelEmbeddingLoss]:
        """The class of its losses."""
        return LesionwiseEmbeddingLoss if self.lesionwise else PixelEmbeddingLoss

    def losses(self) -> dict[int, PixelEmbeddingLoss]:
        """The loss of each layer. A class that runs short in a batch is taken whole."""
        loss = self.kind(
            self.n_e,
            self.strategy,
            distance=self.distance,
            margin=self.margin,
            reduction=self.reduction,
            weight=self.weight,
        )
        return dict.fromkeys(self.layers, loss)
