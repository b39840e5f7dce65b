"""Ways to learn from unlabelled images without any label or prior: rivals of the embedding loss.

Entropy minimisation (Grandvalet and Bengio, 2004), pseudo-labels (Lee, 2013, which the paper's
introduction names), Mean Teacher (Tarvainen and Valpola, 2017) and Deep CORAL (Sun and Saenko,
2016).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from rfe_core.fine_tuning import Step
from rfe_core.losses import dice_loss
from rfe_study.methods.coral import coral_loss
from rfe_study.methods.mean_teacher import MeanTeacher

KINDS = ("entropy", "pseudo-labels", "mean teacher", "CORAL")


class Term(NamedTuple):
    """What `rfe_core.fine_tuning.fine_tune` takes; with a memory of its own, so for one run."""

    weight: float
    loss: Callable[[Step], Tensor]


@dataclass(frozen=True, kw_only=True)
class SelfTraining:
    """Which loss, and its weight.

    Raises
    ------
    ValueError
        If a setting breaks its rule.
    """

    kind: Literal["entropy", "pseudo-labels", "mean teacher", "CORAL"]
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {self.kind!r}")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"weight must be >= 0 and finite, got {self.weight}")

    def term(self, steps: int) -> Term:
        """The loss for one fine-tuning of so many steps."""
        losses: dict[str, Callable[[Step], Tensor]] = {
            "entropy": on_predictions(entropy_loss),
            "pseudo-labels": on_predictions(pseudo_label_loss),
            "mean teacher": MeanTeacher(steps),
            "CORAL": coral_loss,
        }
        return Term(self.weight, losses[self.kind])


def on_predictions(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Step], Tensor]:
    """A loss on logits and valid pixels, applied to the unlabelled half of a step."""

    def of_step(step: Step) -> Tensor:
        half = len(step.logits) // 2
        return loss(step.logits[half:], step.valid[half:])

    return of_step


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
