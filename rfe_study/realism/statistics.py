"""What a scan looks like, in numbers: the same figures from real and from phantom patients.

Nothing but numbers leaves these functions, so they may be kept and shown where images of patients
may not. No registration is needed: tissues are told apart by T1 alone, the same way everywhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_multiotsu

from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.subject import Subject

#: Widths in voxels between which texture is measured: finer than the first, then between two.
SCALES = {"fine": 1.0, "medium": 2.0, "coarse": 4.0}

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)

#: Bins of the histograms: intensity over the median of white matter.
EDGES = np.linspace(0, 4, 81)

SMALLEST_SPOT = 3  # voxels

#: Voxels around each tissue class that are left out; CSF is often thinner than a border.
BORDERS = {"csf": 0, "gray": 1, "white": 2}


def without_negatives(subject: Subject) -> Subject:
    """The same patient, every image 0 where it was negative and outside the brain.

    Magnitude images have no negative values. Interpolation between voxels makes some, at sharp
    edges; `rfe_core.patches.normalise` would take the lowest of them for air and raise all else.
    """
    images = {
        modality: np.where(subject.brain_mask, np.maximum(image, 0), np.float32(0))
        for modality, image in subject.images.items()
    }
    return replace(subject, images=images)


def tissue_masks(subject: Subject) -> dict[str, NDArray[np.bool_]]:
    """CSF, gray and white matter: three classes of smoothed T1 (Otsu), without their borders.

    Lesions, two voxels around them and three at the brain's rim are left out. The classes are
    rough (vessels and deep nuclei fall somewhere), but alike on every scan.

    Raises
    ------
    ValueError
        If a tissue has no voxel.
    """
    t1, brain = subject.images["t1"], subject.brain_mask
    smooth = ndimage.gaussian_filter(t1, 0.7)
    low, high = threshold_multiotsu(smooth[brain], classes=3)
    inner = ndimage.binary_erosion(brain, iterations=3)
    if subject.lesion_mask is not None:
        inner &= ~ndimage.binary_dilation(subject.lesion_mask, iterations=2)
    classes = {
        "csf": smooth < low,
        "gray": (smooth >= low) & (smooth < high),
        "white": smooth >= high,
    }
    masks = {}
    for name, mask in classes.items():
        if BORDERS[name]:
            mask = ndimage.binary_erosion(mask, iterations=BORDERS[name])
        masks[name] = inner & mask
        if not masks[name].any():
            raise ValueError(f"{subject.name}: T1 must show three tissues, got no {name}")
    return masks


def robust_sd(values: NDArray) -> float:
    """Standard deviation by the median absolute deviation, which a few outliers cannot move."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def texture(image: NDArray, where: NDArray[np.bool_]) -> dict[str, float]:
    """Robust standard deviation of an image between scales, in its units.

    ``fine``: what a Gaussian of the first of `SCALES` removes, mostly noise; ``medium`` and
    ``coarse``: what lies between one width and the next, mostly anatomy and uneven tissue.
    """
    found, finer = {}, image
    for name, width in SCALES.items():
        coarser = ndimage.gaussian_filter(image, width)
        found[name] = robust_sd((finer - coarser)[where])
        finer = coarser
    return found


def image_statistics(
    subject: Subject,
) -> tuple[list[dict[str, object]], dict[str, NDArray[np.float64]]]:
    """Figures of a patient's three images, each over the median of its white matter.

    Returns
    -------
    rows : list of dict
        ``modality``, ``group``, ``figure`` and ``value``. Group "contrast": ``gray``, ``csf`` and
        (labelled patients) ``lesion``, medians; "texture": `texture` of white matter; "edges":
        median length of the gradient in the brain, over one voxel; "range": percentiles in the
        brain; "spots" (labelled patients, FLAIR): `bright_spots`.
    histograms : dict of (80,) float64
        Share of the brain in each bin of `EDGES`, by modality; what lies outside is in none.

    Raises
    ------
    ValueError
        As `tissue_masks`.
    """
    masks = tissue_masks(subject)
    inner = masks["csf"] | masks["gray"] | masks["white"]
    lesion, rows, histograms = subject.lesion_mask, [], {}
    for modality in MODALITIES:
        image = subject.images[modality] / np.median(subject.images[modality][masks["white"]])
        contrast = {name: float(np.median(image[masks[name]])) for name in ("gray", "csf")}
        if lesion is not None and lesion.any():
            contrast["lesion"] = float(np.median(image[lesion]))
        slope = ndimage.gaussian_gradient_magnitude(image, 1.0)
        values = image[subject.brain_mask]
        percentiles = np.percentile(values, PERCENTILES)
        groups = {
            "contrast": contrast,
            "texture": texture(image, masks["white"]),
            "edges": {"gradient": float(np.median(slope[inner]))},
            "range": {f"p{p:g}": float(v) for p, v in zip(PERCENTILES, percentiles, strict=True)},
        }
        rows += [
            {"modality": modality, "group": group, "figure": figure, "value": value}
            for group, figures in groups.items()
            for figure, value in figures.items()
        ]
        histograms[modality] = np.histogram(values, EDGES)[0] / len(values)
    if lesion is not None and lesion.any():
        rows += [
            {"modality": "flair", "group": "spots", "figure": figure, "value": value}
            for figure, value in bright_spots(subject).items()
        ]
    return rows, histograms


def bright_spots(subject: Subject) -> dict[str, float]:
    """How much of a brain is as bright in FLAIR as its lesions' median and no lesion.

    Two voxels around lesions are left out. ``spots``: 26-connected groups of `SMALLEST_SPOT` voxels
    or more a litre of brain; ``spots_ml``: their volume in ml a litre.
    """
    flair, lesion = subject.images["flair"], subject.lesion_mask
    elsewhere = subject.brain_mask & ~ndimage.binary_dilation(lesion, iterations=2)
    bright = (flair > np.median(flair[lesion])) & elsewhere
    voxels = connected(bright)[1]
    voxels = voxels[voxels >= SMALLEST_SPOT]
    litres = subject.brain_mask.sum() * float(subject.voxel_size_mm.prod()) / 1e6
    millilitres = voxels.sum() * float(subject.voxel_size_mm.prod()) / 1000
    return {"spots": len(voxels) / litres, "spots_ml": millilitres / litres}


def connected(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Labels of the 26-connected groups of a mask, and the voxels of each."""
    labels, n = ndimage.label(mask, np.ones((3, 3, 3)))
    return labels, np.bincount(labels.ravel(), minlength=n + 1)[1:]


def lesion_statistics(subject: Subject) -> list[dict[str, object]]:
    """Number, load, size and shape of a labelled patient's lesions, as `image_statistics` rows.

    Shape is measured on lesions of 10 voxels or more, the median. ``faces``: surface in voxel
    faces over that of a ball of voxels of the same size (a ball of volume V has about
    ``7.25 V**(2/3)`` faces). ``length``: standard deviation along the longest principal axis over
    that along the shortest, in voxels.

    Raises
    ------
    ValueError
        If the patient has no lesion.
    """
    lesion = subject.lesion_mask
    if lesion is None or not lesion.any():
        raise ValueError(f"{subject.name}: lesion figures need a lesion mask with a lesion")
    labels, voxels = connected(np.pad(lesion, 1))
    mm3 = float(subject.voxel_size_mm.prod())
    figures = {"count": len(voxels), "load (ml)": voxels.sum() * mm3 / 1000}
    figures["median size (mm3)"] = float(np.median(voxels)) * mm3
    figures["brain (ml)"] = subject.brain_mask.sum() * mm3 / 1000
    large, shape = np.flatnonzero(voxels >= 10), {}
    if large.size:
        faces = np.zeros(len(voxels))
        for axis in range(3):
            for shift in (1, -1):
                open_side = (labels > 0) & (np.roll(labels, shift, axis) == 0)
                faces += np.bincount(labels[open_side], minlength=len(voxels) + 1)[1:]
        shape["faces"] = float(np.median(faces[large] / (7.25 * voxels[large] ** (2 / 3))))
        boxes = ndimage.find_objects(labels)
        shape["length"] = float(np.median([_length(labels[boxes[k]] == k + 1) for k in large]))
    return [
        {"modality": "mask", "group": group, "figure": figure, "value": float(value)}
        for group, found in (("lesions", figures), ("shape", shape))
        for figure, value in found.items()
    ]


def _length(lesion: NDArray[np.bool_]) -> float:
    """Longest over shortest principal axis; a voxel has an extent, so none is ever 0."""
    extent = np.linalg.eigvalsh(np.cov(np.argwhere(lesion).T) + np.eye(3) / 12)
    return float(np.sqrt(extent[-1] / extent[0]))
