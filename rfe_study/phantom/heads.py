"""The phantom: an anatomy drawn from the MNI tissue maps, scanned by one of four scanners.

A patient is (anatomy seed, scanner): :func:`make_anatomy` draws the head and its lesions,
:func:`rfe_study.phantom.scanner.acquire` scans it, :func:`make_patient` does both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from nilearn.datasets import (
    load_mni152_brain_mask,
    load_mni152_gm_template,
    load_mni152_wm_template,
)
from scipy import ndimage

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom import lesions
from rfe_study.phantom.domains import DOMAINS, Domain, Patient
from rfe_study.phantom.scanner import acquire, smooth_field

VERSION = "1.0"

SHAPE = (160, 192, 160)

#: Voxel (i, j, k) lies at MNI (i - 80, j - 113, k - 74) mm before the patient's own warp.
AFFINE = np.array([[1.0, 0, 0, -80], [0, 1.0, 0, -113], [0, 0, 1.0, -74], [0, 0, 0, 1.0]])


@dataclass(frozen=True, kw_only=True, eq=False)
class Anatomy:
    """A head without a scanner, on the 1 mm grid :data:`SHAPE`.

    Attributes
    ----------
    tissues : (4, X, Y, Z) float32
        Volume fractions of `scanner.TISSUES`.
    flow : (X, Y, Z) float32
        Share of CSF that moves, in [0, 1].
    wm_probability, gm_probability : (X, Y, Z) float32
        The MNI maps warped to this head: what a perfect registration would show.
    ventricle_distance_mm : (X, Y, Z) float32
    lesion_mask, brain_mask : (X, Y, Z) bool
    """

    tissues: np.ndarray
    flow: np.ndarray
    wm_probability: np.ndarray
    gm_probability: np.ndarray
    ventricle_distance_mm: np.ndarray
    lesion_mask: np.ndarray
    brain_mask: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Phantom:
    """A scanned patient: `images` by modality, (X, Y, Z) float32; masks bool; affine (4, 4)."""

    images: dict[str, np.ndarray]
    lesion_mask: np.ndarray
    brain_mask: np.ndarray
    affine: np.ndarray


@lru_cache(maxsize=1)
def _atlas() -> dict[str, np.ndarray]:
    """The MNI maps on our grid, the distance from the lateral ventricles, and its gradient."""
    maps = {
        "gm": load_mni152_gm_template(resolution=1),
        "wm": load_mni152_wm_template(resolution=1),
        "brain": load_mni152_brain_mask(resolution=1),
    }
    atlas = {}
    for name, image in maps.items():
        offset = np.round(AFFINE[:3, 3] - image.affine[:3, 3]).astype(int)
        padded = np.pad(np.asarray(image.dataobj, dtype=np.float32), 4)
        at = tuple(slice(o + 4, o + 4 + n) for o, n in zip(offset, SHAPE, strict=True))
        atlas[name] = padded[at]
    brain = atlas["brain"] > 0.5
    csf = np.clip(1 - atlas["gm"] - atlas["wm"], 0, 1) * brain
    deep = ndimage.distance_transform_edt(brain) > 25
    parts, _ = ndimage.label((csf > 0.5) & deep)
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


def _warp(rng: np.random.Generator, atlas) -> tuple[np.ndarray, ...]:
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


def make_anatomy(patient: Patient, seed: int = 0) -> Anatomy:
    """Draw a head with lesions; the same for the same patient and seed, whatever the scanner."""
    rng = np.random.default_rng([seed, patient.index, 0])
    atlas = _atlas()
    coordinates = _warp(rng, atlas)
    inside = ndimage.map_coordinates(atlas["brain"], coordinates, order=1) > 0.5
    points = [c[inside] for c in coordinates]
    gm, wm, distance = (
        ndimage.map_coordinates(atlas[name], points, order=1) for name in ("gm", "wm", "distance")
    )

    def volume(values) -> np.ndarray:
        out = np.zeros(SHAPE, np.float32)
        out[inside] = values
        return out

    csf, gray, white = _individual(gm, wm, inside, rng)
    sizes = lesions.draw_sizes(_severity(patient, seed), rng)
    labels = lesions.grow(volume(wm), volume(distance), smooth_field(SHAPE, 4, rng), sizes, rng)
    damage = np.maximum(
        _damage(labels, len(sizes), rng)[inside], _mimics(distance, gray, inside, rng)
    )
    damage = np.clip(damage, 0, 1) * (1 - csf)
    rest = 1 - damage / np.maximum(1 - csf, 1e-6)  # damage replaces gray and white alike
    tissues = np.stack([volume(csf), volume(gray * rest), volume(white * rest), volume(damage)])
    flow = np.clip(0.3 * (smooth_field(SHAPE, 14, rng)[inside] - 0.9), 0, 0.35)
    return Anatomy(
        tissues=tissues,
        flow=volume(flow),
        wm_probability=volume(wm),
        gm_probability=volume(gm),
        ventricle_distance_mm=volume(distance),
        lesion_mask=labels > 0,
        brain_mask=inside,
    )


def _individual(gm, wm, inside, rng) -> list[np.ndarray]:
    """CSF, gray and white fractions of one person, drawn from the population's probabilities.

    Tilting the log-odds by fine random fields and sharpening turns the blurred average cortex
    into folds.
    """
    csf_field, wm_field = (smooth_field(SHAPE, spacing, rng)[inside] for spacing in (4, 5))
    odds = [
        np.clip(1 - gm - wm, 0.003, 1) * np.exp(1.2 * csf_field),
        gm + 0.003,
        (wm + 0.003) * np.exp(0.6 * wm_field),
    ]
    odds = [o**2.5 for o in odds]
    total = sum(odds)
    return [o / total for o in odds]


def _severity(patient: Patient, seed: int) -> np.ndarray:
    """Ranks of count and load, (2,) in (0, 1): a Roberts (R2) sequence over all patients.

    Unlike independent draws it covers mild to severe evenly, even with three patients a domain.
    """
    start, step = np.array([0.58, 0.78]), np.array([0.7548776662466927, 0.5698402909980532])
    return np.clip((start + patient.index * step + seed * np.array([0.61, 0.37])) % 1, 0.01, 0.99)


def _damage(labels: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Fraction of demyelinated tissue: each lesion its own severity, soft edges, uneven inside.

    Around the lesions the white matter is faintly damaged too ("dirty-appearing"), and nobody
    labels that: it is why experts disagree about where a lesion ends.
    """
    severity = np.concatenate([[0], np.clip(rng.normal(0.78, 0.24, n), 0.2, 1.1)]).astype(
        np.float32
    )
    texture = smooth_field(SHAPE, 4, rng)
    lesion = ndimage.gaussian_filter(severity[labels], 0.7) * (1 + 0.2 * texture)
    halo = ndimage.gaussian_filter((labels > 0).astype(np.float32), 2.5)
    return np.maximum(lesion, halo * (0.6 + 0.4 * smooth_field(SHAPE, 7, rng)))


def _mimics(distance, gray, inside, rng) -> np.ndarray:
    """What a network wrongly takes for lesions: periventricular caps and bright cortex."""
    patchy, patchy_gray = (smooth_field(SHAPE, spacing, rng)[inside] for spacing in (12, 10))
    caps = np.exp(-((distance - 1) ** 2) / (2 * 1.5**2)) * np.clip(0.4 + 0.3 * patchy, 0, 0.9)
    cortex = gray * np.clip(0.25 * (patchy_gray - 0.6), 0, 0.5)
    return np.maximum(caps, cortex)


def scan(anatomy: Anatomy, domain: Domain, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """T1, T2 and FLAIR of a head from one scanner: (X, Y, Z) float32 each, 0 outside the brain."""
    return {
        m: acquire(anatomy.tissues, anatomy.flow, domain, m, rng) * anatomy.brain_mask
        for m in MODALITIES
    }


def make_patient(patient: Patient, seed: int = 0) -> Phantom:
    """One patient of the phantom, deterministic from (patient, seed)."""
    anatomy = make_anatomy(patient, seed)
    rng = np.random.default_rng([seed, patient.index, 1])
    return Phantom(
        images=scan(anatomy, DOMAINS[patient.domain], rng),
        lesion_mask=anatomy.lesion_mask,
        brain_mask=anatomy.brain_mask,
        affine=AFFINE.copy(),
    )
