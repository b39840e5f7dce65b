"""What a scan looks like, in numbers: the same figures from real and from phantom patients.

Nothing but numbers leaves these functions, so they may be kept and shown where images of patients
may not. No registration is needed: tissues are told apart by T1 alone, the same way everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_multiotsu

from rfe_core.domains import MODALITIES
from rfe_core.subject import Subject

TISSUES = ("csf", "gray", "white")
#: Widths in mm between which texture is measured: finer than the first, then between neighbours.
SCALES_MM = (1.0, 2.0, 4.0)
PERCENTILES = (1, 5, 25, 50, 75, 95, 99, 99.9)
#: Bins of the histograms: intensity over the median of white matter.
EDGES = np.linspace(0, 4, 81)


def tissue_masks(subject: Subject) -> dict[str, NDArray[np.bool_]]:
    """CSF, gray and white matter: three classes of smoothed T1 (Otsu), without their borders.

    Lesions, two voxels around them and three at the brain's rim are left out. The classes are
    rough (vessels and deep nuclei fall somewhere), but alike on every scan.
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
    margins = {"csf": 0, "gray": 1, "white": 2}  # CSF is often thinner than a border
    return {
        name: inner & (ndimage.binary_erosion(mask, iterations=k) if (k := margins[name]) else mask)
        for name, mask in classes.items()
    }


def robust_sd(values: NDArray) -> float:
    """Standard deviation by the median absolute deviation, which a few outliers cannot move."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def texture(image: NDArray, where: NDArray[np.bool_]) -> dict[str, float]:
    """Robust standard deviation of an image between scales, in its units.

    ``fine``: what a Gaussian of `SCALES_MM`'s first width removes, mostly noise; ``medium`` and
    ``coarse``: what lies between one width and the next, mostly anatomy and uneven tissue.
    """
    levels = [image] + [ndimage.gaussian_filter(image, s) for s in SCALES_MM]
    return {
        name: robust_sd((finer - coarser)[where])
        for name, finer, coarser in zip(
            ("fine", "medium", "coarse"), levels[:-1], levels[1:], strict=True
        )
    }


def image_statistics(subject: Subject) -> dict[str, float]:
    """Figures of a patient's three images, each over the median of its white matter.

    Returns
    -------
    dict
        For each modality ``gray``, ``csf`` and (labelled patients) ``lesion`` (medians),
        ``fine``, ``medium``, ``coarse`` (`texture` in white matter), ``edges`` (median length of
        the gradient at 1 mm in the brain), ``p1`` ... ``p99.9`` (percentiles in the brain), each
        after the modality and a space, as in ``"flair gray"``.

    Raises
    ------
    ValueError
        If a tissue has no voxel.
    """
    masks = tissue_masks(subject)
    if empty := [name for name, mask in masks.items() if not mask.any()]:
        raise ValueError(f"{subject.name}: T1 must show three tissues, got no {', '.join(empty)}")
    inner = masks["csf"] | masks["gray"] | masks["white"]
    row = {}
    for modality in MODALITIES:
        image = subject.images[modality] / np.median(subject.images[modality][masks["white"]])
        row[f"{modality} gray"] = float(np.median(image[masks["gray"]]))
        row[f"{modality} csf"] = float(np.median(image[masks["csf"]]))
        if subject.lesion_mask is not None and subject.lesion_mask.any():
            row[f"{modality} lesion"] = float(np.median(image[subject.lesion_mask]))
        row |= {f"{modality} {k}": v for k, v in texture(image, masks["white"]).items()}
        slope = ndimage.gaussian_gradient_magnitude(image, 1.0)
        row[f"{modality} edges"] = float(np.median(slope[inner]))
        values = np.percentile(image[subject.brain_mask], PERCENTILES)
        row |= {f"{modality} p{p:g}": float(v) for p, v in zip(PERCENTILES, values, strict=True)}
    return row
