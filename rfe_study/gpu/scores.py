"""`rfe_study.runs.scoring.scores_of` with PyTorch on any device; on a GPU in half precision."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rfe_core.evaluation import THRESHOLD, Box, brain_box
from rfe_core.metrics import SIZE_EDGES_MM3, _components
from rfe_core.patches import stack
from rfe_core.scans.subject import Subject
from rfe_core.unet import UNet
from rfe_study.tables import AT_A

CHUNK = 40  # slices looked at together

#: Steps to the 26 neighbours of a voxel.
NEIGHBOURS = [
    (x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) != (0, 0, 0)
]


@dataclass(frozen=True, kw_only=True)
class Head:
    """A labelled patient cut to its brain, as arrays that travel to a device.

    Volumes are (Z, X, Y), slices first, as the network sees them.
    """

    name: str
    domain: str
    role: str
    box: tuple[tuple[int, int], ...]  # x, y, z of the whole volume
    images: NDArray[np.float16]  # (Z, 3, X, Y)
    brain: NDArray[np.bool_]
    lesion: NDArray[np.int16]  # number of the lesion, 0 for none
    voxels: NDArray[np.int64]  # of each lesion
    mm3: NDArray[np.float64]

    @property
    def slices(self) -> Box:
        x, y, z = (slice(*ends) for ends in self.box)
        return x, y, z


def cut(subject: Subject, role: str, multiple: int) -> Head:
    """A patient as `Head`; the network sees its brain and `rfe_core.evaluation.MARGIN` around."""
    x, y, z = brain_box(subject.brain_mask | subject.lesion_mask, multiple)
    labels, n = _components(subject.lesion_mask[x, y, z])
    voxels = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    return Head(
        name=subject.name,
        domain=subject.domain,
        role=role,
        box=tuple((part.start, part.stop) for part in (x, y, z)),
        images=stack(subject)[z][:, :, x, y].astype(np.float16),
        brain=np.ascontiguousarray(subject.brain_mask[x, y, z].transpose(2, 0, 1)),
        lesion=np.ascontiguousarray(labels.transpose(2, 0, 1).astype(np.int16)),
        voxels=voxels,
        mm3=voxels * float(np.prod(subject.voxel_size_mm)),
    )


class OnDevice:
    """A head's arrays on a device."""

    def __init__(self, head: Head, device: str) -> None:
        self.head = head
        images = torch.from_numpy(head.images).to(device)
        self.images = images.contiguous(memory_format=torch.channels_last)
        self.brain = torch.from_numpy(head.brain).to(device)
        self.lesion = torch.from_numpy(head.lesion).to(device)
        self.truth = self.lesion > 0


@torch.inference_mode()
def probability(model: UNet, head: OnDevice) -> Tensor:
    """Lesion probability (Z, X, Y) inside the brain; half-precision convolutions on a GPU."""
    device = head.images.device.type
    parts = []
    for some in head.images.split(CHUNK):
        with torch.autocast(device, torch.float16, enabled=device == "cuda"):
            logits = model(some if device == "cuda" else some.float()).logits
        parts.append(logits[:, 0].float().sigmoid())
    return torch.cat(parts) * head.brain


@torch.inference_mode()
def scores_of(found: Tensor, head: OnDevice, threshold_a: float | None) -> dict[str, Any]:
    """As `rfe_study.runs.scoring.scores_of`."""
    row = {"subject": head.head.name, "domain": head.head.domain}
    row |= _score(found > THRESHOLD, head)
    row["average_precision"] = average_precision(found[head.brain], head.truth[head.brain])
    if threshold_a is not None:
        at_a = _score(found > threshold_a, head)
        row |= {"threshold_a": threshold_a, **{f"{k}_a": at_a[k] for k in AT_A}}
    return row


def _score(prediction: Tensor, head: OnDevice) -> dict[str, Any]:
    of = head.head
    hits = prediction & head.truth
    n = len(of.voxels)
    counted = torch.bincount(head.lesion[hits].long(), minlength=n + 1)[1:]
    false_alarms = false_components(prediction, head.truth)
    marked, both, *per_lesion = torch.cat(
        [torch.stack([prediction.sum(), hits.sum()]), counted]
    ).tolist()
    there, per_lesion = int(of.voxels.sum()), np.array(per_lesion, np.int64)
    found = (per_lesion > 0) & (per_lesion >= 0.1 * of.voxels)
    row: dict[str, Any] = {
        "f_score": 2 * both / (marked + there) if marked + there else 1.0,
        "precision": both / marked if marked else float(there == 0),
        "recall": both / there if there else float(marked == 0),
        "fp_components": false_alarms,
        "fp_per_slice": false_alarms / int(of.brain.any(axis=(1, 2)).sum()),
        "lesions": n,
        "detected": int(found.sum()),
    }
    for low, high in pairwise(SIZE_EDGES_MM3):
        of_size = (low <= of.mm3) & (of.mm3 < high)
        row[f"lesions_{low:g}_{high:g}"] = int(of_size.sum())
        row[f"detected_{low:g}_{high:g}"] = int((found & of_size).sum())
    return row


def detected(prediction: Tensor, head: OnDevice) -> NDArray[np.bool_]:
    """Which lesions are detected, in the order of `rfe_core.metrics.detected_lesions`."""
    hits = torch.bincount(
        head.lesion[prediction & head.truth].long(), minlength=len(head.head.voxels) + 1
    )[1:].cpu()
    return (hits.numpy() > 0) & (hits.numpy() >= 0.1 * head.head.voxels)


def false_components(prediction: Tensor, truth: Tensor) -> int:
    """Predicted 26-connected components without a lesion voxel.

    Each voxel takes the largest number among its neighbours, again and again, and follows the
    numbers it points to, until nothing changes.
    """
    shape = tuple(n + 2 for n in prediction.shape)
    strides = (shape[1] * shape[2], shape[2], 1)
    at = prediction.nonzero()
    if len(at) == 0:
        return 0
    flat = ((at + 1) * torch.tensor(strides, device=at.device)).sum(1)
    place = torch.full((shape[0] * shape[1] * shape[2],), -1, dtype=torch.int32, device=at.device)
    own = torch.arange(len(flat), dtype=torch.int32, device=at.device)
    place[flat] = own
    steps = [sum(s * n for s, n in zip(step, strides, strict=True)) for step in NEIGHBOURS]
    beside = place[flat[:, None] + torch.tensor(steps, device=at.device)]
    beside = torch.where(beside < 0, own[:, None], beside).long()
    label = own.long()
    while True:
        best = torch.maximum(label, label[beside].amax(1))
        best = best[best]
        best = best[best]
        if torch.equal(best, label):
            break
        label = best
    touched = torch.zeros(len(flat), dtype=torch.bool, device=at.device)
    touched[label[truth[prediction]]] = True
    return int(((label == own) & ~touched).sum())


def average_precision(score: Tensor, truth: Tensor) -> float:
    """As `rfe_core.metrics.average_precision`, of (n,) each."""
    _, hits, marked = _at_each_threshold(score, truth)
    steps = torch.diff(hits, prepend=hits.new_zeros(1)) / hits[-1]
    return float((steps * hits / marked).sum())


def best_threshold(score: Tensor, truth: Tensor) -> float:
    """As `rfe_core.prior.best_threshold`, of (n,) each."""
    thresholds, hits, marked = _at_each_threshold(score, truth)
    dice = 2 * hits / (marked + hits[-1])
    return float(thresholds[dice.argmax()])


def _at_each_threshold(score: Tensor, truth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Different scores from the highest on; lesions and all that is marked at each."""
    score, order = score.sort(descending=True)
    last = torch.ones_like(truth)
    last[:-1] = score[1:] != score[:-1]
    at = last.nonzero().squeeze(1)
    return score[at], truth[order].cumsum(0)[at].double(), at + 1
