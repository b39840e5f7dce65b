"""One person's folds from the population's blurred tissue maps, and the brain mask around them.

The MNI maps say how often a tissue stands at a place; no brain looks like that average. Tilting
their log-odds by fine random fields and sharpening the result gives folds, a thin cortex and few
mixed voxels. Settings are fitted to contrast, gradients and percentiles of the real patients 07 and
19 (`rfe_study.realism.distance`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rfe_study.phantom.scanner import smooth_field

#: Standard deviations of the fields that tilt the log-odds of CSF (deeper sulci) and of white
#: matter (fingers of it in the gyri), and their spacings in mm.
SULCI, SULCI_MM = 1.8, {3: 0.8, 6: 0.6}
GYRI, GYRI_MM = 2.0, 3

#: Factor on the odds of gray matter: below 1 the cortex is thinner.
CORTEX = 0.6

#: Depth in mm, and share of white matter within gray at that depth: thalamus and basal ganglia lie
#: between cortex and white matter in every contrast.
MYELIN = ((10.0, 20.0), (0.1, 0.5))

#: Exponent of the odds: large values leave few mixed voxels.
SHARPNESS = 3.0


def fold(
    gm: NDArray[np.float32],
    wm: NDArray[np.float32],
    depth: NDArray[np.float32],
    inside: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """CSF, gray and white fractions of one person, (3, n).

    Parameters
    ----------
    gm, wm : (n,) float32
        Probabilities `inside`.
    depth : (n,) float32
        Distance from the brain's surface in mm: deep gray matter is partly myelin.
    inside : (X, Y, Z) bool
    rng : numpy.random.Generator
    """
    sulci = sum(
        share * smooth_field(inside.shape, spacing, rng)[inside]
        for spacing, share in SULCI_MM.items()
    )
    gyri = smooth_field(inside.shape, GYRI_MM, rng)[inside]
    odds = np.stack(
        [
            np.clip(1 - gm - wm, 0.003, 1) * np.exp(SULCI * sulci),
            CORTEX * (gm + 0.003),
            (wm + 0.003) * np.exp(GYRI * gyri),
        ]
    ).astype(np.float32)
    odds **= np.float32(SHARPNESS)
    csf, gray, white = odds / odds.sum(axis=0)
    myelin = gray * np.interp(depth, *MYELIN).astype(np.float32)
    return np.stack([csf, gray - myelin, white + myelin])


def strip(solid: NDArray[np.float32], lesion_mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A tight brain mask: where tissue is, with the folds between it closed, lesions included.

    It leaves out the fluid around the brain, as skull stripping does.

    Parameters
    ----------
    solid : (X, Y, Z)
        Share of a voxel that is not fluid.
    lesion_mask : (X, Y, Z) bool
    """
    tissue = ndimage.gaussian_filter(solid, 1.0) > 0.5
    closed = ndimage.binary_closing(tissue, iterations=4)
    outside, _ = ndimage.label(~closed)
    return (outside != outside[0, 0, 0]) | closed | lesion_mask


def rim(brain_mask: NDArray[np.bool_], width: float) -> NDArray[np.float32]:
    """How the edge of a stripped brain fades by interpolation: 0 at the edge, 1 within."""
    soft = ndimage.gaussian_filter(brain_mask.astype(np.float32), width)
    return np.clip(2 * soft - 1, 0, 1) * brain_mask
