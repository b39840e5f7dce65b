"""From a patient to training data: normalised slices and crops around lesions.

Section 3, *Dataset*: 128 x 128 x 3 crops around lesions from axial slices of T1, T2 and FLAIR,
split into training and validation 7:3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rfe_core.checks import integer
from rfe_core.scans.layouts import MODALITIES

if TYPE_CHECKING:  # a patient that is at hand needs no reader of files
    from rfe_core.scans.subject import Subject

CROP = 128  # pixels, both sides
LARGEST = 1e37  # intensity, of either sign; float32 ends at 3.4e38

SLAB = 10  # consecutive slices that stay on one side of the split
GAP = 2  # slices at either end of a validation slab that nobody uses
VALIDATION_SLABS = (1, 4, 8)  # of every ten slabs; the other seven are for training


def normalise(volume: NDArray[Any], brain_mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Scale a volume so that its brightest brain tissue is about 1; air stays about 0.

    Subtract min(minimum, 0), then divide by the 99.9th percentile inside the brain. Nothing is
    clipped. Volume and mask are (X, Y, Z); voxels outside the brain must be finite too.

    Deviation: the released code divides by the maximum of the volume. A single bright voxel (a
    vessel, noise, fat outside the brain) then rescales the whole patient; a percentile does not
    depend on it.

    Examples
    --------
    >>> normalise(np.array([0.0, 50, 100]), np.array([False, True, True])).round(2)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    if volume.shape != brain_mask.shape or brain_mask.dtype != bool:
        rule = f"brain_mask must be bool and have the shape of volume {volume.shape}"
        raise ValueError(f"{rule}, got {brain_mask.dtype} {brain_mask.shape}")
    if not brain_mask.any():
        raise ValueError("brain_mask must hold at least one voxel, got none")
    low, high = float(volume.min()), float(volume.max())  # NaN if there is one
    if not -LARGEST <= low <= high <= LARGEST:
        rule = f"volume must be finite, of intensities within {-LARGEST:g} ... {LARGEST:g}"
        raise ValueError(f"{rule}, got {low:g} ... {high:g}")
    shifted = volume.astype(np.float32) - np.float32(min(low, 0.0))
    scale, least = float(np.percentile(shifted[brain_mask], 99.9)), shifted.max() / LARGEST
    if not scale > least:
        raise ValueError(f"the brain's 99.9th percentile must be > {least:g}, got {scale:g}")
    return shifted / np.float32(scale)


def stack(subject: Subject) -> NDArray[np.float32]:
    """All axial slices as the network sees them: (Z, 3, H, W), H = X, W = Y, (T1, T2, FLAIR)."""
    channels = [normalise(subject.images[m], subject.brain_mask) for m in MODALITIES]
    return np.ascontiguousarray(np.stack(channels).transpose(3, 0, 1, 2))


@dataclass(frozen=True, kw_only=True, eq=False)
class Patches:
    """Labelled crops and where each comes from.

    Pixels that are not `valid`, those outside the brain, count neither in the loss nor in sampling.

    Deviation: the released code ignores pixels where any normalised channel is < 0.1, which also
    drops dark lesions and all CSF of FLAIR; the brain mask means what is meant.
    """

    images: NDArray[np.float32]  # (N, 3, S, S)
    labels: NDArray[np.int8]  # (N, S, S), 1 lesion, 0 background, -1 unsure: takes no part
    valid: NDArray[np.bool_]  # (N, S, S)
    subjects: NDArray[np.str_]  # (N,), names
    slices: NDArray[np.int64]  # (N,), index of the axial slice

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, index: NDArray[Any] | slice) -> Patches:
        """The patches at `index`, in that order."""
        return Patches(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def split_slices(n_slices: int, *, offset: int = 0) -> NDArray[np.int8]:
    """Side of each axial slice: 0 training, 1 validation, -1 unused.

    The slices are cut into slabs of ten; of every ten slabs three are for validation, spread over
    the height of the head. The two slices at either end of a validation slab are left out, so a
    training and a validation slice are at least three slices apart.

    Deviation: the paper splits its crops at random. Crops of one slice overlap, and neighbouring
    slices look alike, so a random split measures memory rather than generalisation.

    `offset` shifts the pattern by slabs, so that patients differ in the heights they hold out.
    """
    z = np.arange(integer(n_slices, "n_slices", least=0))
    slabs = z // SLAB + integer(offset, "offset", least=0)
    validation = np.isin(slabs % 10, VALIDATION_SLABS)
    edge = (z % SLAB < GAP) | (z % SLAB >= SLAB - GAP)
    return np.where(validation, np.where(edge, -1, 1), 0).astype(np.int8)


def _crop(array: NDArray[Any], x: int, y: int, size: int) -> NDArray[Any]:
    """Crop the last two axes at (x, y), padded with zeros where the array is too small."""
    part = array[..., x : x + size, y : y + size]
    pad = [(0, 0)] * (array.ndim - 2) + [(0, size - part.shape[-2]), (0, size - part.shape[-1])]
    return np.pad(part, pad)


def _draw_crops(
    subjects: Sequence[Subject],
    side: int | None,
    n: int,
    generator: np.random.Generator,
    size: int,
    maps: Sequence[NDArray[np.int8] | NDArray[np.bool_] | None],
) -> Patches:
    """Draw `n` crops from the slices of one side, or of both, evenly over those with lesions."""
    sites = []  # (subject index, slice, its labels)
    for i, (subject, mask) in enumerate(zip(subjects, maps, strict=True)):
        if mask is None or mask.shape != subject.shape:
            found = "none" if mask is None else mask.shape
            raise ValueError(f"{subject.name} needs labels of shape {subject.shape}, got {found}")
        chosen = np.flatnonzero((mask == 1).any(axis=(0, 1)))
        if side is not None:
            chosen = chosen[split_slices(mask.shape[2], offset=4 * i)[chosen] == side]
        sites += [(i, z, mask[:, :, z]) for z in chosen]
    if not sites:
        name = "" if side is None else ("training ", "validation ")[side]
        raise ValueError(f"no {name}slice of {[s.name for s in subjects]} contains a lesion")

    rounds = -(-n // len(sites))  # every slice once, then every slice again, ...
    order = np.concatenate([generator.permutation(len(sites)) for _ in range(rounds)])[:n]
    images = np.empty((n, len(MODALITIES), size, size), np.float32)
    labels = np.empty((n, size, size), np.int8)
    valid = np.empty((n, size, size), bool)
    for i, subject in enumerate(subjects):  # patient by patient: one's channels in memory at a time
        channels = [normalise(subject.images[m], subject.brain_mask) for m in MODALITIES]
        for k in np.flatnonzero([sites[j][0] == i for j in order]):
            _, z, mask = sites[order[k]]
            pixel = generator.choice(np.argwhere(mask == 1))
            # Any corner that keeps the chosen pixel inside the crop and the crop in the slice.
            low = np.clip(pixel - size + 1, 0, np.maximum(np.array(mask.shape) - size, 0))
            high = np.clip(pixel, 0, np.maximum(np.array(mask.shape) - size, 0))
            x, y = generator.integers(low, high, endpoint=True)
            images[k] = _crop(np.stack([c[:, :, z] for c in channels]), x, y, size)
            labels[k] = _crop(mask, x, y, size)
            valid[k] = _crop(subject.brain_mask[:, :, z], x, y, size)
    return Patches(
        images=images,
        labels=labels,
        valid=valid,
        subjects=np.array([subjects[sites[j][0]].name for j in order]),
        slices=np.array([sites[j][1] for j in order], np.int64),
    )


def extract(
    subjects: Sequence[Subject], n: int, *, generator: np.random.Generator, size: int = CROP
) -> tuple[Patches, Patches]:
    """Crop `n` patches around lesions of a domain's patients; 7:3 training and validation.

    Each crop comes from a slice with lesion, equally many from each such slice, and contains a
    lesion pixel drawn at random; its place around that pixel is random too.

    Parameters
    ----------
    subjects : sequence of Subject
        Labelled patients of one domain.
    n : int
        Patches in all, >= 2; the training part has round(0.7 n).
    size : int
        Side of the crop in pixels. Slices smaller than that are padded with zeros that are not
        `valid`.

    Returns
    -------
    training, validation : Patches
        From different slabs of slices, see `split_slices`.

    Raises
    ------
    ValueError
        If a patient has no labels, or one side has no slice with lesion.
    """
    integer(n, "n", least=2)
    n_training = min(max(round(0.7 * n), 1), n - 1)
    masks = [subject.lesion_mask for subject in subjects]
    return (
        _draw_crops(subjects, 0, n_training, generator, size, masks),
        _draw_crops(subjects, 1, n - n_training, generator, size, masks),
    )


def extract_all(
    subjects: Sequence[Subject],
    n: int,
    *,
    generator: np.random.Generator,
    size: int = CROP,
    labels: Sequence[NDArray[np.int8]] | None = None,
) -> Patches:
    """Crop `n` patches as `extract` does, but from all slices: no part is left for validation.

    `labels`, a prior's (X, Y, Z), stand for the patients' own: 1, 0, or -1 that takes no part.
    """
    integer(n, "n", least=1)
    maps = [subject.lesion_mask for subject in subjects] if labels is None else labels
    return _draw_crops(subjects, None, n, generator, size, maps)
