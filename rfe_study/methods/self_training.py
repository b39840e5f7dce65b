"""Two plain ways to learn from unlabelled images by the network's own predictions.

Rivals of Random Feature Embedding that need no prior: entropy minimisation (Grandvalet and Bengio,
2004) and pseudo-labels (Lee, 2013, which the paper's introduction names).
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from rfe_core.losses import dice_loss

KINDS = ("entropy", "pseudo-labels")


@dataclass(frozen=True, kw_only=True)
class SelfTraining:
    """A loss on predictions for the unlabelled half of a batch, and its weight.

    Raises
    ------
    ValueError
        If a setting breaks its rule.
    """

    kind: Literal["entropy", "pseudo-labels"]
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {self.kind!r}")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"weight must be >= 0 and finite, got {self.weight}")

    def loss(self, logits: Tensor, valid: Tensor) -> Tensor:
        """`entropy_loss` or `pseudo_label_loss`, before the weight."""
        chosen = {"entropy": entropy_loss, "pseudo-labels": pseudo_label_loss}[self.kind]
        return chosen(logits, valid)


def entropy_loss(logits: Tensor, valid: Tensor) -> Tensor:
    r"""Mean binary entropy of the predictions, in nats.

    .. math:: -\frac{1}{n} \sum_i p_i \log p_i + (1 - p_i) \log (1 - p_i)

    Computed as softplus(x) - x p, finite for any logit x.

    Parameters
    ----------
    logits : Tensor, (N, 1, H, W)
    valid : bool Tensor, (N, H, W)
        The n pixels that count.

    Returns
    -------
    Tensor, scalar in [0, log 2]; 0 if no pixel counts.
    """
    x = logits[:, 0][valid]
    return (functional.softplus(x) - x * x.sigmoid()).sum() / max(len(x), 1)


def pseudo_label_loss(logits: Tensor, valid: Tensor) -> Tensor:
    """Dice loss against the network's own present segmentation (p > 0.5), taken as true.

    No gradient flows through the labels.

    Deviation: Lee (2013) raises the weight over training; here it starts from a trained network and
    stays fixed.

    Parameters
    ----------
    logits : Tensor, (N, 1, H, W)
    valid : bool Tensor, (N, H, W)

    Returns
    -------
    Tensor, scalar in [0, 1]
    """
    with torch.no_grad():
        labels = logits[:, 0] > 0
    return dice_loss(logits, labels, valid)
