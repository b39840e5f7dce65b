"""The population's brain: MNI maps of tissue on our grid, and smooth warps that make it a person's.

Maps: ICBM 152 (2009a) as nilearn ships them (Fonov et al. 2011).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from nilearn.datasets import (
    load_mni152_brain_mask,
    load_mni152_gm_template,
    load_mni152_wm_template,
)
from scipy import ndimage

from rfe_study.phantom.scanner import smooth_field

SHAPE = (160, 192, 160)

#: Voxel (i, j, k) lies at MNI (i - 80, j - 113, k - 74) mm before the patient's own warp.
AFFINE = np.array([[1.0, 0, 0, -80], [0, 1.0, 0, -113], [0, 0, 1.0, -74], [0, 0, 0, 1.0]])


@lru_cache(maxsize=1)
def maps() -> dict[str, np.ndarray]:
    """MNI maps on our grid, depth in the brain, distance from the ventricles and its gradient."""
    files = {
        "gm": load_mni152_gm_template(resolution=1),
        "wm": load_mni152_wm_template(resolution=1),
        "brain": load_mni152_brain_mask(resolution=1),
    }
    atlas = {}
    for name, image in files.items():
        offset = np.round(AFFINE[:3, 3] - image.affine[:3, 3]).astype(int)
        padded = np.pad(np.asarray(image.dataobj, dtype=np.float32), 4)
        at = tuple(slice(o + 4, o + 4 + n) for o, n in zip(offset, SHAPE, strict=True))
        atlas[name] = padded[at]
    brain = atlas["brain"] > 0.5
    csf = np.clip(1 - atlas["gm"] - atlas["wm"], 0, 1) * brain
    atlas["depth"] = ndimage.distance_transform_edt(brain).astype(np.float32)
    parts, _ = ndimage.label((csf > 0.5) & (atlas["depth"] > 25))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    ventricles = np.isin(parts, np.argsort(sizes)[-2:])  # left and right
    outside = ndimage.distance_transform_edt(~ventricles)
    atlas["distance"] = outside.astype(np.float32)
    signed = outside - ndimage.distance_transform_edt(ventricles)
    gradient = np.stack(np.gradient(ndimage.gaussian_filter(signed, 2)))
    # Falls to nothing 25 mm away, so that a large ventricle does not push the skull.
    atlas["push"] = (gradient * np.exp(-(outside**2) / (2 * 12.0**2))).astype(np.float32)
    return atlas


def warp(rng: np.random.Generator, atlas) -> tuple[np.ndarray, ...]:
    """Where each voxel of the patient lies in the atlas, (3, X, Y, Z) in voxels."""
    centre = (np.array(SHAPE) - 1) / 2
    scale = rng.uniform(0.90, 1.0, 3)
    rx, ry, rz = np.deg2rad(rng.uniform(-5, 5, 3))
    rotation = _rotation(0, rx) @ _rotation(1, ry) @ _rotation(2, rz)
    matrix = rotation / scale
    ventricle_mm = rng.uniform(-1.0, 4.0)
    axes = [
        np.arange(n, dtype=np.float32) - np.float32(c) for n, c in zip(SHAPE, centre, strict=True)
    ]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    coordinates = []
    for i in range(3):
        a, b, c = matrix[i].astype(np.float32)
        u = 2.5 * smooth_field(SHAPE, 40, rng) + 0.8 * smooth_field(SHAPE, 14, rng)
        u -= np.float32(ventricle_mm) * atlas["push"][i]
        coordinates.append(u + (a * x + b * y + c * z + np.float32(centre[i])))
    return tuple(coordinates)


def _rotation(axis: int, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    i, j = [k for k in range(3) if k != axis]
    matrix[[i, j], [i, j]] = c
    matrix[i, j], matrix[j, i] = -s, s
    return matrix
