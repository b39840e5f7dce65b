"""A rival without a loss: batch norm's statistics taken from the target's images."""

import numpy as np
import torch
from torch import nn

from rfe_core.patches import Patches
from rfe_core.training import as_tensor
from rfe_core.unet import UNet


def adapt_statistics(model: UNet, patches: Patches, *, batch_size: int = 12) -> None:
    """Replace the running statistics of batch norm by those of `patches` (Li et al., 2016).

    No weight changes. The mean over whole batches of the given order; dropout stays off.

    Raises
    ------
    ValueError
        If the network has no batch norm, or an image is not finite.
    """
    if not np.isfinite(patches.images).all():
        raise ValueError("images of patches must be finite, got NaN or infinity")
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        raise ValueError("adapting statistics needs a network with batch norm, got one without")
    device = next(model.parameters()).device
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum, kept = None, norm.momentum  # None: the plain mean over all batches
        norm.train()
    with torch.inference_mode():
        for start in range(0, max(1, len(patches) - batch_size + 1), batch_size):
            model(as_tensor(patches.images[start : start + batch_size], device))
    for norm in norms:
        norm.momentum = kept
        norm.eval()
