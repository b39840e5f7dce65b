"""What every training ends with, a bound's as a fine-tuned model's: so that models compare.

Batch norm's statistics are taken precisely, from crops that are named, and a second threshold is
calibrated on labelled crops of A that no model was trained on: "calibrated on A" is what one could
do who has no label of the target.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rfe_core.evaluation import predict
from rfe_core.patches import Patches
from rfe_core.prior import best_threshold
from rfe_core.unet import UNet
from rfe_study.methods.batch_norm import adapt_statistics

#: As `finished`, for other machines: what is kept of a trained network.
Finished = Callable[..., tuple[UNet, dict[str, Any]]]


def finished(
    model: UNet, crops: Sequence[Patches], on_a: Patches | None, *, batch_size: int
) -> tuple[UNet, dict[str, float]]:
    """A copy that is finished (`finish`), and what is stored with it; training may go on."""
    model = copy.deepcopy(model)
    return model, finish(model, crops, on_a, batch_size=batch_size)


def finish(
    model: UNet,
    crops: Sequence[Patches],
    on_a: Patches | None,
    *,
    batch_size: int,
    threshold: Callable[[UNet, Patches], float] | None = None,
) -> dict[str, float]:
    """Take the statistics of some sets of crops; returns what is stored with the weights.

    Parameters
    ----------
    model : UNet
        Trained; its statistics are replaced (`adapt_statistics`).
    crops : sequence of Patches
        The sets that batch norm's statistics are to be those of; none: they stay as they are.
    on_a : Patches, optional
        Validation crops of domain A; None: nothing is calibrated.
    threshold : callable, optional
        In place of `calibrated_threshold`.

    Returns
    -------
    dict
        ``threshold_a`` if there is something to calibrate on.
    """
    adapt_statistics(model, *crops, batch_size=batch_size)
    threshold = threshold or calibrated_threshold
    return {} if on_a is None else {"threshold_a": threshold(model, on_a)}


def calibrated_threshold(model: UNet, patches: Patches) -> float:
    """The threshold with the largest F on the valid pixels of labelled crops, exactly.

    A mask is ``probability > threshold``, so this is the float32 below the best probability.
    """
    probability = predict(model, patches.images)[patches.valid]
    best = best_threshold(probability, patches.labels[patches.valid] == 1)
    return float(np.nextafter(np.float32(best), np.float32(0)))
