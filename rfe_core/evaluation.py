"""From a network to masks of whole patients, and from these to rows of scores (Section 3).

`predict` gives probabilities, `segment` a mask inside the brain, `score` what `rfe_core.metrics`
says of a mask, `evaluate` all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from rfe_core import metrics
from rfe_core.patches import Patches, stack
from rfe_core.unet import UNet

if TYPE_CHECKING:  # a patient that is at hand needs no reader of files
    from rfe_core.scans.subject import Subject

THRESHOLD = 0.5  # Deviation: the release's 0.99 goes with its own loss; 0.5 needs no tuning


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
    slices : sequence of int, optional
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
    chosen = np.arange(len(images)) if slices is None else np.asarray(slices, dtype=int)
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


def segment(
    model: UNet,
    subject: Subject,
    *,
    threshold: float = THRESHOLD,
    images: NDArray[np.float32] | None = None,
) -> NDArray[np.bool_]:
    """Predicted lesion mask (X, Y, Z) of a patient: probability > threshold, inside the brain.

    `images` saves making ``stack(subject)`` again for several networks.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be in [0, 1], got {threshold}")
    images = stack(subject) if images is None else images
    with_brain = np.flatnonzero(subject.brain_mask.any(axis=(0, 1)))
    probability = predict(model, images, slices=with_brain)  # (Z, X, Y)
    mask: NDArray[np.bool_] = probability.transpose(1, 2, 0) > threshold
    return mask & subject.brain_mask


def patch_f_score(model: UNet, patches: Patches, *, threshold: float = THRESHOLD) -> float:
    """F-score pooled over the valid pixels of all patches."""
    prediction = predict(model, patches.images, batch_size=12) > threshold
    return metrics.f_score(prediction[patches.valid], patches.labels[patches.valid])


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
    by_size = metrics.lesion_detection(
        prediction, truth, voxel_volume_mm3=float(np.prod(subject.voxel_size_mm))
    )
    row["lesions"] = sum(d.lesions for d in by_size)
    row["detected"] = sum(d.detected for d in by_size)
    for d in by_size:
        row[f"lesions_{d.lower:g}_{d.upper:g}"] = d.lesions
        row[f"detected_{d.lower:g}_{d.upper:g}"] = d.detected
    return row


def evaluate(
    model: UNet, subjects: Sequence[Subject], *, threshold: float = THRESHOLD
) -> list[dict[str, Any]]:
    """Score a network on the full slices of labelled patients; one `score` for each."""
    return [score(segment(model, s, threshold=threshold), s) for s in subjects]
