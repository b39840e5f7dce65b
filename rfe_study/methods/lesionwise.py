"""Lesion pixels drawn so that small lesions count as much as large ones: claim 12 as a trial.

The paper believes that small lesions are missed "due to the fact that embeddings of smaller lesions
are more unlikely to be sampled". If so, a draw that treats every lesion alike, in all else the
same, finds more of them.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from rfe_core import sampling, strategies
from rfe_core.random_feature_embedding import Comparison, PixelEmbeddingLoss

#: Strategies whose class shares do not depend on how many pixels there are.
FIXED = ("50/50", "80/20")

#: Pixels touch within an image, by edge or corner, and not from image to image.
TOUCHING = np.zeros((3, 3, 3), bool)
TOUCHING[1] = True


def lesion_sizes(lesion: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Size in pixels of the lesion that each pixel of (N, H, W) belongs to; 0 where there is none.

    A lesion is a connected component (8 neighbours) of one crop.
    """
    labels, n = ndimage.label(lesion, TOUCHING)
    size = np.bincount(labels.ravel(), minlength=n + 1)
    size[0] = 0
    return size[labels]


def thin_lesions(labels: Tensor, wanted: int, *, generator: torch.Generator) -> Tensor:
    """Labels (N, H, W) with `wanted` lesion pixels left, or all if there are fewer; the rest -1.

    Drawn one after another without replacement, each time with a chance of 1 / size of its lesion:
    so the first is of any lesion alike. Background stays.
    """
    size = torch.from_numpy(lesion_sizes((labels == 1).cpu().numpy())).flatten()
    pixels = torch.nonzero(size).squeeze(1)
    if len(pixels) <= wanted:
        return labels
    thinned = labels.masked_fill(labels == 1, sampling.IGNORE).flatten()
    if wanted:
        chance = 1 / size[pixels].double()
        kept = pixels[torch.multinomial(chance, wanted, generator=generator)]
        thinned[kept.to(thinned.device)] = 1
    return thinned.view_as(labels)


class LesionwiseEmbeddingLoss(PixelEmbeddingLoss):
    """`PixelEmbeddingLoss` that draws as many pixels of each class, but every lesion alike.

    See `thin_lesions`. Two classes, (N, H, W) labels, n_E a number.

    Raises
    ------
    ValueError
        If pixels are not drawn (n_E "all"), or the strategy's class shares follow the batch: then
        leaving pixels out would change how many are drawn.
    """

    def __init__(self, n_e: int, strategy: str = "80/20", **settings: Any) -> None:
        super().__init__(n_e, strategy, **settings)
        if n_e == "all":
            raise ValueError("drawing lesions alike needs n_e pixels to draw, got 'all'")
        if strategy not in FIXED:
            rule = f"drawing lesions alike needs a strategy of {FIXED}"
            raise ValueError(f"{rule}, got {strategy!r}")

    def compare(
        self, embeddings: Tensor, labels: Tensor, labelled: Tensor | None = None, **options: Any
    ) -> Comparison:
        """As `PixelEmbeddingLoss.compare`."""
        draw_from = options.get("generator") or self.generator
        shares = strategies.class_shares(self.strategy, (1, 1))
        wanted = strategies.apportion(self.n_e, shares)[1]
        labels = labels.clone()
        for side in (slice(None),) if labelled is None else (labelled, ~labelled):
            labels[side] = thin_lesions(labels[side], wanted, generator=draw_from)
        return super().compare(embeddings, labels, labelled, generator=draw_from)
