"""What the core needs to know to build, train and fine-tune a network."""

from dataclasses import dataclass
from typing import Literal

from rfe_core.checks import integer, one_of, positive


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """A network and how it is trained (Section 3, *Implementation*).

    Attributes
    ----------
    widths, norm, dropout
        The network, see `rfe_core.unet.UNet`.
    epochs, branch_epoch
        Length of the lower bound's training, and the epoch from which others are fine-tuned
        (paper: 50 and 35). An epoch shows as many patches as domain A has for training, also when
        half of each batch comes from another domain: all models take equally many steps.
    tuning_steps
        Steps in each epoch of fine-tuning, from the branch epoch on. Seeing each of 200 crops once
        in an epoch would take 34 steps of 6 + 6.
    batch_size
        Paper: 12.
    optimizer, learning_rate, momentum, weight_decay
        `momentum` is for "sgd" alone. The learning rate is fixed; the paper names no schedule.
    flip
        Mirror crops left-right at random (paper: no).
    """

    widths: tuple[int, ...]
    norm: Literal["none", "batch", "group"]
    dropout: float = 0.5
    epochs: int = 50
    branch_epoch: int = 35
    tuning_steps: int = 17
    batch_size: int = 12
    optimizer: Literal["adam", "sgd"]
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float = 0.0
    flip: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.branch_epoch <= self.epochs:
            raise ValueError(f"branch_epoch must be in 1..{self.epochs}, got {self.branch_epoch}")
        integer(self.tuning_steps, "tuning_steps", least=1)
        positive(self.learning_rate, "learning_rate")
        one_of(self.optimizer, ("adam", "sgd"), "optimizer")
