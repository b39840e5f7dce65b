"""What makes tissue uneven: texture, and bright spots that are no lesions.

Both belong to the head, so every scanner sees the same, each at its own resolution. One relaxation
time a tissue leaves them out: iron, vessels, fibre density, pulsation. Settings are fitted to the
real patients 07 and 19 (`rfe_study.realism.statistics.texture` and ``bright_spots``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom.scanner import smooth_field

#: Share by which the signal of tissue varies, by modality, over about 2 and 4 mm.
TEXTURE = {"t1": (0.035, 0.05), "t2": (0.14, 0.12), "flair": (0.055, 0.05)}

#: Spots are where a random field of unit variance exceeds SPOT_ABOVE, in gray matter and CSF: as
#: vessels, bright cortex and inflowing fluid are in FLAIR. SPOTS: how much brighter.
SPOTS, SPOT_ABOVE, SPOT_MM = 1.4, 2.0, 2

#: Heads differ in both by up to this share.
SPREAD = 0.2


def uneven(
    not_white: NDArray[np.float32], rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """Factor on the signal, by modality, near 1.

    Parameters
    ----------
    not_white : (X, Y, Z)
        Share of a voxel that is gray matter or fluid: where spots may lie.
    rng : numpy.random.Generator
    """
    shape = not_white.shape
    much, bright = rng.uniform(1 - SPREAD, 1 + SPREAD, 2)
    factors = {}
    for modality in MODALITIES:
        fields = (smooth_field(shape, spacing, rng) for spacing in (2, 4))
        amplitudes = (np.float32(much * share) for share in TEXTURE[modality])
        factors[modality] = np.exp(sum(a * f for a, f in zip(amplitudes, fields, strict=True)))
    spots = np.clip(smooth_field(shape, SPOT_MM, rng) - SPOT_ABOVE, 0, 1) * not_white
    factors["flair"] *= 1 + np.float32(SPOTS * bright) * spots
    return factors
