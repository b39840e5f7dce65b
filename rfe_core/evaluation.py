"""From a network to masks of whole patients, and from these to rows of scores (Section 3).

`predict` gives probabilities of slices, `probability_map` those of a patient, `segment` a mask
inside the brain, `score` what `rfe_core.metrics` says of a mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from rfe_core import metrics
from rfe_core.patches import Patches, stack
from rfe_core.unet import UNet

if TYPE_CHECKING:  # a patient that is at hand needs no reader of files
    from rfe_core.scans.subject import Subject

THRESHOLD = 0.5  # Deviation: the released code's 0.99 goes with its loss; 0.5 needs no tuning
MARGIN = 8  # pixels around the brain that a network sees at least, if the image has them
SLICES = 8  # looked at together

Box = tuple[slice, slice, slice]


def predict(
    model: UNet,
    images: NDArray[np.float32],
    *,
    slices: Sequence[int] | NDArray[Any] | None = None,
    batch_size: int = 8,
) -> NDArray[np.float32]:
    """Lesion probability of every pixel of whole slices.

    Parameters
    ----------
    model : UNet
        Used in evaluation mode (no dropout, running statistics); its mode is restored.
    images : float32, (Z, 3, H, W)
        As `rfe_core.patches.stack` makes them; finite, as a NaN would read as "no lesion".
    slices : sequence of int, or a bool for each slice, optional
        The slices to look at; others get probability 0.
    batch_size : int
        Slices at a time; the memory it takes.

    Returns
    -------
    float32, (Z, H, W)
    """
    if not np.isfinite(images).all():
        raise ValueError("images must be finite, got NaN or infinity")
    device, was_training = next(model.parameters()).device, model.training
    chosen = np.arange(len(images))[slice(None) if slices is None else [*slices]]
    probability = np.zeros((len(images), *images.shape[2:]), np.float32)
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(chosen), batch_size):
            index = chosen[start : start + batch_size]
            some = torch.from_numpy(images[index]).to(device)
            logits = model(some.contiguous(memory_format=torch.channels_last)).logits
            probability[index] = logits[:, 0].sigmoid().cpu().numpy()
    model.train(was_training)
    return probability


def brain_box(brain_mask: NDArray[np.bool_], multiple: int = 1) -> Box:
    """The part of a volume (X, Y, Z) that has brain, and some air around it.

    In X and Y the rectangle around all brain and `MARGIN` pixels more, between multiples of
    `multiple` or the image's end: pooling sees the windows of whole slices. In Z those with brain.
    """
    if not brain_mask.any():
        raise ValueError("brain_mask must hold at least one voxel, got none")
    found = [np.flatnonzero(brain_mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    box = [(int(at[0]), int(at[-1]) + 1) for at in found]
    for axis, (low, high) in enumerate(box[:2]):
        first, last = max(0, low - MARGIN) // multiple, -(-(high + MARGIN) // multiple)
        box[axis] = first * multiple, min(last * multiple, brain_mask.shape[axis])
    x, y, z = (slice(*ends) for ends in box)
    return x, y, z


def boxes(brain_mask: NDArray[np.bool_], multiple: int = 1) -> Iterator[Box]:
    """The `brain_box` of each `SLICES` axial slices that hold brain."""
    for start in range(0, brain_mask.shape[2], SLICES):
        some = brain_mask[:, :, start : start + SLICES]
        if some.any():
            x, y, z = brain_box(some, multiple)
            yield x, y, slice(start + z.start, start + z.stop)


def probability_map(
    model: UNet, subject: Subject, *, images: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Lesion probability (X, Y, Z) of a patient: 0 outside the brain.

    The network sees whole slices but for most of the air around them, the `boxes`. `images` saves
    making ``stack(subject)`` again for several networks.
    """
    images = stack(subject) if images is None else images
    probability = np.zeros_like(subject.brain_mask, np.float32)
    for x, y, z in boxes(subject.brain_mask, model.multiple):
        probability[x, y, z] = predict(model, images[z, :, x, y]).transpose(1, 2, 0)
    probability *= subject.brain_mask
    return probability


def segment(
    model: UNet,
    subject: Subject,
    *,
    threshold: float = THRESHOLD,
    images: NDArray[np.float32] | None = None,
) -> NDArray[np.bool_]:
    """Predicted lesion mask (X, Y, Z) of a patient: `probability_map` > threshold."""
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be in [0, 1], got {threshold}")
    return probability_map(model, subject, images=images) > threshold


def patch_f_score(model: UNet, patches: Patches, *, threshold: float = THRESHOLD) -> float:
    """F-score pooled over the valid pixels of all patches whose label is not unsure (-1)."""
    prediction = predict(model, patches.images, batch_size=12) > threshold
    part = patches.valid & (patches.labels >= 0)
    return metrics.f_score(prediction[part], patches.labels[part])


def score(prediction: NDArray[np.bool_], subject: Subject) -> dict[str, Any]:
    """All scores of a predicted mask (X, Y, Z) of a labelled patient.

    Returns
    -------
    dict
        ``subject``, ``domain``, ``f_score``, ``precision``, ``recall``, ``fp_components`` (in 3-D,
        without any lesion voxel), ``fp_per_slice`` (those per slice with brain), ``lesions`` and
        ``detected`` in all and by size in mm3 (``lesions_10_30``, ``detected_10_30``, ...).
    """
    truth = subject.lesion_mask
    if truth is None:
        raise ValueError(f"scores need a labelled patient, got {subject.name} without lesion mask")
    false_alarms = metrics.false_positive_components(prediction, truth)
    row: dict[str, Any] = {
        "subject": subject.name,
        "domain": subject.domain,
        "f_score": metrics.f_score(prediction, truth),
        "precision": metrics.precision(prediction, truth),
        "recall": metrics.recall(prediction, truth),
        "fp_components": false_alarms,
        "fp_per_slice": false_alarms / int(subject.brain_mask.any(axis=(0, 1)).sum()),
    }
    found, voxels = metrics.detected_lesions(prediction, truth)
    mm3 = voxels * float(np.prod(subject.voxel_size_mm))
    row |= {"lesions": len(found), "detected": int(found.sum())}
    for lower, upper in pairwise(metrics.SIZE_EDGES_MM3):
        of_size = (lower <= mm3) & (mm3 < upper)
        row[f"lesions_{lower:g}_{upper:g}"] = int(of_size.sum())
        row[f"detected_{lower:g}_{upper:g}"] = int((found & of_size).sum())
    return row
