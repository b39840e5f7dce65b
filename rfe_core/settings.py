"""TODO rfe_core.settings."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Profile:
    """All settings of a training run.

    Attributes
    ----------
    widths, norm, dropout
        The network, see `rfe_core.unet.UNet`.
    patches_per_domain
        Crops per domain before the 7:3 split (paper: about 6000).
    crop
        Side of a crop in pixels (paper: 128).
    epochs, branch_epoch
        Length of the lower bound's training, and the epoch from which others are fine-tuned
        (paper: 50 and 35). An epoch shows as many patches as domain A has for training, also when
        half of each batch comes from another domain: all models take equally many steps.
    subset
        Crops of domain A, and of the target, in the proof of concept (paper: 200).
    target_crops
        Crops of the target's training patients in the adaptation with a real prior (paper: approx.
        4000).
    tuning_steps
        Steps in each epoch of fine-tuning, from the branch epoch on. Seeing each of 200 crops once
        in an epoch would take 34 steps of 6 + 6.
    batch_size
        Paper: 12.
    optimizer, learning_rate, momentum, weight_decay
        `momentum` is for "sgd" alone.
    flip
        Mirror crops left-right at random (paper: no).
    """

    name: str
    widths: tuple[int, ...]
    norm: Literal["none", "batch"]
    dropout: float = 0.5
    patches_per_domain: int
    crop: int = 128
    epochs: int = 50
    branch_epoch: int = 35
    subset: int = 200
    target_crops: int = 400
    tuning_steps: int = 17
    batch_size: int = 12
    optimizer: Literal["adam", "sgd"]
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float = 0.0
    flip: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.branch_epoch <= self.epochs:
            raise ValueError(
                f"branch_epoch must be in 1..epochs ({self.epochs}), got {self.branch_epoch}"
            )
        for name in ("subset", "target_crops", "tuning_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be > 0, got {self.learning_rate}")
        if self.optimizer not in ("adam", "sgd"):
            raise ValueError(f'optimizer must be "adam" or "sgd", got {self.optimizer!r}')
