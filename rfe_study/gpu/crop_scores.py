"""Scores of crops on a network's own device: how a training is watched, and its threshold."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from rfe_core.evaluation import THRESHOLD
from rfe_core.patches import Patches
from rfe_core.training import as_tensor
from rfe_core.unet import UNet
from rfe_study.gpu.scores import best_threshold


def calibrated_threshold(model: UNet, patches: Patches) -> float:
    """As `rfe_study.runs.finishing.calibrated_threshold`."""
    found, valid, truth = looked_at(model, patches)
    best = best_threshold(found[valid], truth[valid])
    return float(np.nextafter(np.float32(best), np.float32(0)))


@torch.inference_mode()
def looked_at(model: UNet, patches: Patches) -> tuple[Tensor, Tensor, Tensor]:
    """Lesion probability, valid pixels and truth of crops, (N, H, W) on the device each."""
    device, found = next(model.parameters()).device, []
    model.eval()
    for start in range(0, len(patches), 96):
        some = as_tensor(np.array(patches.images[start : start + 96]), device)
        found.append(model(some).logits[:, 0].sigmoid())
    valid, labels = (torch.from_numpy(a).to(device) for a in (patches.valid, patches.labels))
    return torch.cat(found), valid, labels == 1


def patch_f_score(model: UNet, patches: Patches) -> float:
    """As `rfe_core.evaluation.patch_f_score`."""
    was_training = model.training
    found, valid, truth = looked_at(model, patches)
    marked = (found > THRESHOLD) & valid
    counts = [(marked & truth).sum(), marked.sum(), (truth & valid).sum()]
    both, all_marked, there = torch.stack(counts).tolist()
    model.train(was_training)
    return 2 * both / (all_marked + there) if all_marked + there else 1.0
