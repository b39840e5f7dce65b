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

from rfe_core.domains import MODALITIES
from rfe_core.subject import Subject

#: Widths in voxels between which texture is measured: finer than the first, then between two.
SCALES = {"fine": 1.0, "medium": 2.0, "coarse": 4.0}
PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
#: Bins of the histograms: intensity over the median of white matter.
EDGES = np.linspace(0, 4, 81)
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
        brain.
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
    return rows, histograms


def lesion_statistics(subject: Subject) -> list[dict[str, object]]:
    """Number, load, size and shape of a labelled patient's lesions, as `image_statistics` rows.

    ``faces``: surface of the lesions of 10 voxels or more, in voxel faces, over that of a ball of
    voxels of their size (a ball of volume V has about ``7.25 V**(2/3)`` faces), the median.

    Raises
    ------
    ValueError
        If the patient has no lesion.
    """
    lesion = subject.lesion_mask
    if lesion is None or not lesion.any():
        raise ValueError(f"{subject.name}: lesion figures need a lesion mask with a lesion")
    labels, n = ndimage.label(lesion, np.ones((3, 3, 3)))
    voxels = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    faces = np.zeros(n + 1)
    padded = np.pad(labels, 1)
    for axis in range(3):
        for shift in (1, -1):
            neighbour = np.roll(padded, shift, axis)
            faces += np.bincount(padded[(padded > 0) & (neighbour == 0)], minlength=n + 1)
    mm3 = float(subject.voxel_size_mm.prod())
    large = voxels >= 10
    figures = {"count": n, "load (ml)": voxels.sum() * mm3 / 1000}
    figures["median size (mm3)"] = float(np.median(voxels)) * mm3
    if large.any():
        ratio = faces[1:][large] / (7.25 * voxels[large] ** (2 / 3))
        figures["faces"] = float(np.median(ratio))
    figures["brain (ml)"] = subject.brain_mask.sum() * mm3 / 1000
    return [
        {"modality": "mask", "group": "lesions", "figure": figure, "value": float(value)}
        for figure, value in figures.items()
    ]
