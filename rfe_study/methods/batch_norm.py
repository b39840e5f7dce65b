"""Batch norm's statistics under control: taken anew, precisely, from crops that one names."""

import numpy as np
import torch
from torch import nn

from rfe_core.patches import Patches
from rfe_core.training import as_tensor
from rfe_core.unet import UNet


def adapt_statistics(model: UNet, *sets: Patches, batch_size: int = 12) -> None:
    """Replace the running statistics of batch norm by those of crops (Li et al., 2016).

    Training leaves a moving average over its last few batches, a noisy figure; this is the mean
    over as many whole batches as the largest set has (Wu and Johnson, 2021). No weight changes,
    dropout stays off. A network without batch norm has no such statistics and stays as it is.

    Parameters
    ----------
    model : UNet
        Left in evaluation mode.
    *sets : Patches
        One set, or several of which each batch takes equally many, as in training: the smaller
        ones are shown again. None: nothing changes.
    batch_size : int
        Crops in a batch, a multiple of the number of sets.

    Raises
    ------
    ValueError
        If an image is not finite, or the batch size does not fit.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms or not sets:
        return
    each, left = divmod(batch_size, len(sets))
    if each < 1 or left:
        rule = f"batch_size must be a positive multiple of the number of sets ({len(sets)})"
        raise ValueError(f"{rule}, got {batch_size}")
    if not all(np.isfinite(crops.images).all() for crops in sets):
        raise ValueError("images of patches must be finite, got NaN or infinity")
    device = next(model.parameters()).device
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum, kept = None, norm.momentum  # None: the plain mean over all batches
        norm.train()
    with torch.inference_mode():
        for step in range(max(1, max(map(len, sets)) // each)):
            index = np.arange(step * each, (step + 1) * each)
            # a set of less than a batch is seen once, not padded with itself
            parts = [s.images[np.unique(index % len(s))] for s in sets]
            model(as_tensor(np.concatenate(parts), device))
    for norm in norms:
        norm.momentum = kept
        norm.eval()
