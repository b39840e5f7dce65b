"""The phantom: an anatomy drawn from the MNI tissue maps, scanned by one of four scanners.

A patient is a head and a scanner: :func:`make_anatomy` draws the head and its lesions,
:func:`scan` scans it, :func:`make_patient` does both. Paired patients share a head, not its noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from scipy import ndimage

from rfe_core.scans.layouts import MODALITIES
from rfe_study.phantom import atlas, folds, lesions, texture
from rfe_study.phantom.atlas import AFFINE, SHAPE
from rfe_study.phantom.domains import DOMAINS, PAIRED, SOURCE, Patient
from rfe_study.phantom.protocols import Domain
from rfe_study.phantom.scanner import acquire, smooth_field

VERSION = "2.0"

#: Width in voxels over which the edge of a stripped brain fades in its images.
RIM = 0.8

#: How far (mm) and over which spacing (mm) a person's folds lie from where the best smooth warp of
#: the population puts them: fitted to what the MNI maps show at real gray matter and lesions.
OWN, OWN_MM = 4.0, 12

#: Share of fluid that moves everywhere; patches of more, up to a third, come on top (assumed).
FLOW = 0.07


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
    uneven : dict of (X, Y, Z) float32
        Factor on the signal by modality, texture and bright spots; none where it names none.
    """

    tissues: np.ndarray
    flow: np.ndarray
    wm_probability: np.ndarray
    gm_probability: np.ndarray
    ventricle_distance_mm: np.ndarray
    lesion_mask: np.ndarray
    brain_mask: np.ndarray
    uneven: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Phantom:
    """A scanned patient: `images` by modality, (X, Y, Z) float32; masks bool; affine (4, 4)."""

    images: dict[str, np.ndarray]
    lesion_mask: np.ndarray
    brain_mask: np.ndarray
    affine: np.ndarray


def make_anatomy(patient: Patient, seed: int = 0) -> Anatomy:
    """Draw a head with lesions; the same for the same head and seed, whatever the scanner."""
    rng = np.random.default_rng([seed, patient.head, 0])
    population = atlas.maps()
    coordinates = atlas.warp(rng, population)
    inside = ndimage.map_coordinates(population["brain"], coordinates, order=1) > 0.5
    registered = [c[inside] for c in coordinates]
    own = [c + OWN * smooth_field(SHAPE, OWN_MM, rng)[inside] for c in registered]
    del coordinates

    def volume(values) -> np.ndarray:
        out = np.zeros(SHAPE, np.float32)
        out[inside] = values
        return out

    def look_up(name: str, points) -> np.ndarray:
        return ndimage.map_coordinates(population[name], points, order=1)

    gm, wm, depth, distance = (look_up(name, own) for name in ("gm", "wm", "depth", "distance"))
    csf, gray, white = (volume(v) for v in folds.fold(gm, wm, depth, inside, rng))
    wm, distance = volume(wm), volume(distance)
    sizes = lesions.draw_sizes(lesions.ranks(patient, seed), rng)
    room = (wm >= 0.01) & (csf < 0.5) & inside
    labels = lesions.place(wm, distance, room, sizes, rng)
    mask = folds.strip(gray + white, labels > 0) & inside
    damage = np.maximum(lesions.damage(labels, rng), lesions.mimics(distance, gray, rng))
    damage = np.clip(damage, 0, 1)
    tissues = np.stack([csf, gray * (1 - damage), white * (1 - damage), damage * (1 - csf)])
    tissues *= mask
    return Anatomy(
        tissues=tissues,
        uneven=texture.uneven(gray + csf, rng),
        flow=FLOW + np.clip(0.15 * (smooth_field(SHAPE, 14, rng) - 0.9), 0, 0.2) * mask,
        wm_probability=volume(look_up("wm", registered)) * mask,
        gm_probability=volume(look_up("gm", registered)) * mask,
        ventricle_distance_mm=distance * mask,
        lesion_mask=labels > 0,
        brain_mask=mask,
    )


def scan(anatomy: Anatomy, domain: Domain, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """T1, T2 and FLAIR of a head from one scanner: (X, Y, Z) float32 each, 0 outside the brain."""
    rim = folds.rim(anatomy.brain_mask, RIM)
    head = anatomy.tissues, anatomy.flow
    return {
        m: rim * acquire(*head, domain, m, rng, uneven=anatomy.uneven.get(m)) for m in MODALITIES
    }


def scan_patient(anatomy: Anatomy, patient: Patient, seed: int = 0) -> Phantom:
    """A patient's head scanned: its anatomy may be kept for the head's other scanners.

    The noise depends on head, scanner and seed.
    """
    scanner = list(DOMAINS).index(patient.domain)
    rng = np.random.default_rng([seed, patient.head, 1 + scanner])
    return Phantom(
        images=scan(anatomy, DOMAINS[patient.domain], rng),
        lesion_mask=anatomy.lesion_mask.copy(),
        brain_mask=anatomy.brain_mask.copy(),
        affine=AFFINE.copy(),
    )


def make_patient(patient: Patient, seed: int = 0) -> Phantom:
    """One patient of the phantom, deterministic from (patient, seed)."""
    first = replace(patient, domain=SOURCE) if patient.role in PAIRED else patient
    return scan_patient(_kept_anatomy(first, seed), patient, seed)


@lru_cache(maxsize=1)
def _kept_anatomy(patient: Patient, seed: int) -> Anatomy:
    # the next patient asked for is often the same head on another scanner
    return make_anatomy(patient, seed)
