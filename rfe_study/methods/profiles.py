"""All settings of a training run in one place: `smoke`, `laptop` and `paper`."""

import os
from dataclasses import dataclass

from rfe_core.settings import TrainingSettings


@dataclass(frozen=True, kw_only=True)
class Profile(TrainingSettings):
    """All settings of a study: how networks are trained, and on which crops.

    The values are part of the hashes that stored rows carry.

    Attributes
    ----------
    name
        Names its rows.
    patches_per_domain
        Crops per domain before the 7:3 split (paper: about 6000).
    crop
        Side of a crop in pixels (paper: 128).
    subset
        Crops of domain A, and of the target, in the proof of concept (paper: 200).
    target_crops
        Crops of the target's training patients in the adaptation with a real prior (paper: approx.
        4000).

    Raises
    ------
    ValueError
        If a setting breaks its rule.
    """

    name: str
    patches_per_domain: int
    crop: int = 128
    subset: int = 200
    target_crops: int = 400

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("subset", "target_crops"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")


PROFILES = {
    p.name: p
    for p in (
        # Seconds; for tests of the machinery. Its scores mean nothing.
        Profile(
            name="smoke",
            widths=(4, 8, 8, 8),
            norm="batch",
            patches_per_domain=36,
            crop=32,
            epochs=2,
            branch_epoch=1,
            subset=12,
            target_crops=12,
            tuning_steps=3,
            optimizer="adam",
            learning_rate=1e-3,
        ),
        # Two CPU cores: an hour and a half for a lower bound, ten minutes for a fine-tuning. 2200
        # crops leave 1540 for training, 128 steps an epoch. The learning rate is a first choice
        # that trains steadily; no search was made. Width, crops and mirroring: `claims/DESIGN.md`.
        Profile(
            name="laptop",
            widths=(16, 32, 64, 128),
            norm="batch",
            patches_per_domain=2200,
            flip=True,
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

#: The profile whose rows the book shows; see `rfe_study.results.read` for rows made anew.
DEFAULT = "laptop"
SHOWN = os.environ.get("RFE_PROFILE") or DEFAULT
