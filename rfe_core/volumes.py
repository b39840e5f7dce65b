"""A patient as arrays (`Subject`), read from and written to folders of NIfTI files.

Every array is in RAS+ orientation with axes (X, Y, Z); axial slice ``z`` of a volume is ``volume[:, :, z]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class VolumeError(ValueError):
    """A file or folder of images breaks a rule; the message names the file, the rule and the value."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """One patient: co-registered images of one head with its masks, all on one grid in RAS+.

    Attributes
    ----------
    name
        Label without the ``sub-`` prefix, e.g. ``"Atrain1"``.
    images
        Modality (``"t1"``, ``"t2"``, ``"flair"``) to float32 array (X, Y, Z), in the file's own units.
    lesion_mask
        Bool (X, Y, Z), or None for a patient nobody has labelled.
    brain_mask
        Bool (X, Y, Z).
    affine
        Float64 (4, 4), voxel index to millimetres.
    domain
        Scanner domain letter (Table 1 of the paper), or None if unknown.
    """

    name: str
    images: dict[str, NDArray[np.float32]]
    lesion_mask: NDArray[np.bool_] | None
    brain_mask: NDArray[np.bool_]
    affine: NDArray[np.float64]
    domain: str | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Grid size (X, Y, Z) in voxels."""
        return self.brain_mask.shape

    @property
    def voxel_size_mm(self) -> NDArray[np.float64]:
        """Edge lengths (3,) of a voxel in millimetres."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)
