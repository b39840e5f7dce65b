"""All settings of a training run in one place: `smoke`, `laptop` and `paper`."""

import os
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


PROFILES = {
    p.name: p
    for p in (
        # Seconds; for tests of the machinery. Its scores mean nothing.
        Profile(
            name="smoke",
            widths=(4, 8, 8, 8),
            norm="batch",
            patches_per_domain=36,
            crop=64,
            epochs=2,
            branch_epoch=1,
            subset=12,
            target_crops=12,
            tuning_steps=3,
            optimizer="adam",
            learning_rate=1e-3,
        ),
        # Two CPU cores. 1320 crops leave 924 for training, 77 steps an epoch. The learning rate is
        # a first choice that trains steadily; no search was made.
        Profile(
            name="laptop",
            widths=(8, 16, 32, 64),
            norm="batch",
            patches_per_domain=1320,
            optimizer="adam",
            learning_rate=3e-3,
        ),
        # The paper's network and data; needs a GPU. The release's learning rate of 1e-6 belongs
        # to gradients without their 1/n; this one is a start for a search on development data.
        Profile(
            name="paper",
            widths=(64, 128, 256, 512),
            norm="none",
            patches_per_domain=6000,
            target_crops=4000,
            tuning_steps=34,
            optimizer="sgd",
            learning_rate=1e-2,
            weight_decay=5e-4,
        ),
    )
}

#: The profile whose rows the book shows; see `rfe_core.results.read` for rows made anew.
SHOWN = os.environ.get("RFE_PROFILE", "laptop")
