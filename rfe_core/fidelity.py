"""How close the phantom is to real scans: the same figures, measured the same way on both."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from rfe_core.domains import DOMAINS, Patient
from rfe_core.phantom import make_anatomy, scan

SIZE_PERCENTILES = (5, 25, 50, 75, 95)

#: Measured on the open MS database (Lesjak et al. 2018): lesion figures on 30 masks, intensities
#: on patient 07 (others within about 10%).
REAL = {
    "lesion count, median": 79.0,
    "lesion load, median (ml)": 13.9,
    "lesion size, 5th percentile (mm3)": 1.0,
    "lesion size, 25th percentile (mm3)": 6.0,
    "lesion size, 50th percentile (mm3)": 17.0,
    "lesion size, 75th percentile (mm3)": 46.0,
    "lesion size, 95th percentile (mm3)": 261.0,
    "white-matter probability at lesions, mean": 0.72,
    "lesion / white matter, T1": 0.84,
    "lesion / white matter, T2": 1.46,
    "lesion / white matter, FLAIR": 1.34,
    "gray / white matter, T1": 0.83,
    "gray / white matter, T2": 1.10,
    "gray / white matter, FLAIR": 1.04,
}


def lesion_sizes(lesion_mask: np.ndarray) -> np.ndarray:
    """Voxels of each lesion, 26-connected, in no particular order."""
    labels, n = ndimage.label(lesion_mask, np.ones((3, 3, 3)))
    return np.bincount(labels.ravel(), minlength=n + 1)[1:]


def contrasts(images, lesion_mask, wm_probability, gm_probability, brain_mask) -> dict[str, float]:
    """Median lesion and gray matter over median white matter, for each image.

    White and gray matter are the voxels whose map exceeds 0.9 and that lie at least 3 voxels from
    any lesion. All arrays (X, Y, Z) on one grid; `images` by modality.
    """
    away = brain_mask & ~ndimage.binary_dilation(lesion_mask, iterations=2)
    white, gray = away & (wm_probability > 0.9), away & (gm_probability > 0.9)
    row = {}
    for modality, image in images.items():
        reference = np.median(image[white])
        row[f"lesion / white matter, {modality.upper()}"] = float(np.median(image[lesion_mask]) / reference)
        row[f"gray / white matter, {modality.upper()}"] = float(np.median(image[gray]) / reference)
    return row


def measure(patient: Patient, seed: int = 0) -> dict:
    """All figures of one phantom patient, lesion sizes as a list."""
    anatomy = make_anatomy(patient, seed)
    images = scan(anatomy, DOMAINS[patient.domain], np.random.default_rng([seed, patient.index, 1]))
    sizes = lesion_sizes(anatomy.lesion_mask)
    lesion_wm = anatomy.wm_probability[anatomy.lesion_mask]
    distance = anatomy.ventricle_distance_mm[anatomy.lesion_mask]
    return {
        "patient": patient.name, "domain": patient.domain,
        "count": len(sizes), "load_ml": float(sizes.sum() / 1000), "sizes": sizes.tolist(),
        "wm_sum": float(lesion_wm.sum()), "distance_median": float(np.median(distance)),
        "brain_ml": float(anatomy.brain_mask.sum() / 1000),
        **contrasts(images, anatomy.lesion_mask, anatomy.wm_probability, anatomy.gm_probability, anatomy.brain_mask),
    }
