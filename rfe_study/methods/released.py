"""A defect of the authors' released code, as a loss: its gradient has a part along each embedding.

Where the gradient of cos(h_i, h_j) takes away cos times the unit vector of h_i, the released code
takes away 1 - cos times it. At margin 1, as released, this is so for pairs of equal label. The
angular loss does not change with length, so its true gradient has no part along h_i; this one has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from rfe_core.distances import full_precision, lengths, unit
from rfe_core.random_feature_embedding import Comparison, PixelEmbeddingLoss
from rfe_study.methods.embedding import RandomFeatureEmbedding


@full_precision
def radial_error(embeddings: Tensor, labels: Tensor) -> Tensor:
    r"""What the release adds to the gradient of the sum over pairs: a scalar of value 0.

    For a pair of equal label the release has :math:`-(z_j - (1 - \cos) z_i) / |h_i|` in place of
    :math:`-(z_j - \cos z_i) / |h_i|`, so :math:`(1 - 2 \cos) z_i / |h_i|` too much: the gradient of
    :math:`(1 - 2 \cos) \log |h_i|` with the cosine held fixed.

    Parameters
    ----------
    embeddings : Tensor, (n, C)
    labels : Tensor, (n,) of integers
        No pixel is ignored.

    Examples
    --------
    >>> import torch
    >>> h = torch.tensor([[2.0, 0.0], [4.0, 0.0]], requires_grad=True)
    >>> radial_error(h, torch.tensor([1, 1])).backward()
    >>> h.grad  # two equal directions: the true gradient is 0, this one makes both longer
    tensor([[-2., -0.],
            [-1., -0.]])
    """
    z, length = unit(embeddings), lengths(embeddings)
    same = (labels[:, None] == labels).to(z.dtype)
    too_much = (same * (1 - 2 * z.detach() @ z.detach().T)).sum(1)
    # both orders of each pair
    log = length.masked_fill(length == 0, 1).log()
    return 2 * (too_much * (log - log.detach())).sum()


class ReleasedGradientLoss(PixelEmbeddingLoss):
    """`PixelEmbeddingLoss` with the value of Eq. 2 and the gradient of the release.

    For "cosine" and the mean over pairs alone.
    """

    def compare(self, *args: Any, **options: Any) -> Comparison:
        """As `PixelEmbeddingLoss.compare`."""
        if (self.distance, self.reduction, self.n_e == "all") != ("cosine", "mean", False):
            rule = "the release's gradient needs distance 'cosine', reduction 'mean' and a sample"
            raise ValueError(f"{rule}, got {self.distance!r}, {self.reduction!r}, {self.n_e!r}")
        found = super().compare(*args, **options)
        error = radial_error(found.embeddings, found.labels) / len(found.labels) ** 2
        return found._replace(loss=found.loss + error)


@dataclass(frozen=True, kw_only=True)
class ReleasedGradient(RandomFeatureEmbedding):
    """`RandomFeatureEmbedding` with that gradient."""

    gradient: Literal["released"] = "released"

    @property
    def kind(self) -> type[PixelEmbeddingLoss]:
        """The class of its losses."""
        return ReleasedGradientLoss
