"""Batches of patches: one set shuffled, or half and half of two.

Section 3, *Implementation*: batches of 12; the released code mixes 6 labelled and 6 unlabelled.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rfe_core.patches import Patches


class Batch(NamedTuple):
    """One training step's data: B images, those of the first set before those of the second."""

    images: NDArray[np.float32]  # (B, 3, S, S)
    labels: NDArray[np.int8]  # (B, S, S)
    valid: NDArray[np.bool_]  # (B, S, S)
    source: NDArray[np.int64]  # (B,), 0 from the first set, 1 from the second


class Batches:
    """Shuffled batches of one patch set, or half and half of two (6 + 6 in the released code).

    Each iteration over the object is one epoch. Unless `steps` says otherwise, an epoch has as many
    steps as the *first* set has whole batches, so supervised training and any fine-tuning beside it
    take equally many steps; with two sets, half of each is seen in an epoch, another random half in
    the next.

    Parameters
    ----------
    first, second : Patches
        The labelled set of domain A; the other half of each batch, labelled (upper bounds) or not.
    batch_size : int
        Patches in a batch, even if there are two sets.
    flip : bool
        Mirror each patch left-right with probability 1/2. The paper does not; default False.
    steps : int, optional
        Steps in an epoch; a set smaller than that needs is shuffled and shown again.
    generator : numpy.random.Generator
        Its state alone decides what comes; saving it is enough to resume.
    """

    def __init__(
        self,
        first: Patches,
        second: Patches | None = None,
        *,
        batch_size: int = 12,
        flip: bool = False,
        steps: int | None = None,
        generator: np.random.Generator,
    ) -> None:
        self.sets = [first] if second is None else [first, second]
        if batch_size < 1 or batch_size % len(self.sets):
            rule = "batch_size must be a positive multiple of the number of patch sets"
            raise ValueError(f"{rule} ({len(self.sets)}), got {batch_size}")
        if min(map(len, self.sets)) == 0:
            raise ValueError(f"patch sets must not be empty, got sizes {[*map(len, self.sets)]}")
        if steps is not None and steps < 1:
            raise ValueError(f"steps must be >= 1, got {steps}")
        self.batch_size, self.flip, self.generator = batch_size, flip, generator
        self.steps = steps or max(1, len(first) // batch_size)

    def __len__(self) -> int:
        """Steps in an epoch."""
        return self.steps

    def _order(self, n: int, wanted: int) -> NDArray[np.int64]:
        """`wanted` indices below n: one shuffle after another, so none comes twice before all."""
        rounds = -(-wanted // n)
        return np.concatenate([self.generator.permutation(n) for _ in range(rounds)])[:wanted]

    def __iter__(self) -> Iterator[Batch]:
        each = self.batch_size // len(self.sets)
        orders = [self._order(len(s), len(self) * each) for s in self.sets]
        source = np.repeat(np.arange(len(self.sets)), each)
        for step in range(len(self)):
            index = [order[step * each : (step + 1) * each] for order in orders]
            images, labels, valid = (
                np.concatenate([getattr(s, f)[i] for s, i in zip(self.sets, index, strict=True)])
                for f in ("images", "labels", "valid")
            )
            if self.flip:  # axis -2 is X, left to right
                mirrored = self.generator.random(self.batch_size) < 0.5
                for array in (images, labels, valid):
                    array[mirrored] = array[mirrored][..., ::-1, :]
            yield Batch(images, labels, valid, source)
