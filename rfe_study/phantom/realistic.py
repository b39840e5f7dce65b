"""A phantom head made more like a real scan, by figures measured on a real development patient.

`rfe_study.realism.statistics` finds the phantom too smooth: folds too faint, cerebrospinal fluid
(CSF) too dark in T2, tissue too even, lesions too round, and hardly a bright spot that is none.
Here lesions are drawn anew, the anatomy from its own maps with sharper folds, the skull is stripped
tighter, contrasts follow a measured patient, and tissue gets texture and bright spots.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rfe_core.scans.layouts import MODALITIES
from rfe_core.scans.subject import Subject
from rfe_study.phantom import heads
from rfe_study.phantom.domains import DOMAINS, Domain, PulseSequence
from rfe_study.phantom.realistic_lesions import redraw
from rfe_study.phantom.scanner import smooth_field


@dataclass(frozen=True, kw_only=True)
class Realism:
    """Settings of a realistic phantom; `vary` draws most of them anew for every scan.

    Attributes
    ----------
    sharpness : float
        Exponent of the odds of the tissues: large values leave few mixed voxels.
    sulci : float
        Standard deviation of the random field that tilts the log-odds of CSF: deeper folds.
    cortex : float
        Factor on the odds of gray matter: below 1 the cortex is thinner.
    white : float
        Standard deviation of the random field that tilts the log-odds of white matter.
    stretch : float
        How far lesions are from balls (`rfe_study.phantom.realistic_lesions.redraw`).
    spots : float
        How much brighter in FLAIR the spots of cortex and CSF are that no expert marks.
    rim : float
        Width in voxels over which the brain's edge fades, as interpolation makes it.
    gray, csf, lesion : dict
        Factor on the signal of gray matter, CSF and damaged tissue, by modality.
    texture : dict
        Share by which tissue varies, by modality, over about 2 and 4 mm.
    noise, bias, csf_flow
        As in `rfe_study.phantom.domains.Domain`.
    spread : float
        Share by which settings vary from scan to scan; factors of gray matter and lesions by a
        third of it, `cortex`, `white` and `rim` not at all.
    """

    sharpness: float = 3.0
    sulci: float = 1.8
    cortex: float = 0.6
    white: float = 1.6
    stretch: float = 0.6
    spots: float = 0.4
    rim: float = 0.8
    gray: dict[str, float]
    csf: dict[str, float]
    lesion: dict[str, float]
    texture: dict[str, tuple[float, float]]
    noise: float = 0.045
    bias: float = 0.10
    csf_flow: float = 0.15
    spread: float = 0.2


FITTED = Realism(
    gray={"t1": 1.25, "t2": 1.12, "flair": 1.17},
    csf={"t1": 3.6, "t2": 0.80, "flair": 2.8},
    lesion={"t1": 1.45, "t2": 1.05, "flair": 1.31},
    texture={"t1": (0.015, 0.02), "t2": (0.06, 0.05), "flair": (0.05, 0.04)},
)

#: Spots are where a random field of unit variance exceeds this.
SPOT_ABOVE = 2.0

#: Times like those of a 3 T Siemens (MS-SMART), but T2 with a longer TR: its CSF is brighter.
PROTOCOL: Domain = replace(
    DOMAINS["C"],
    letter="F",
    scanner="fitted",
    t1=PulseSequence(
        kind="mprage",
        repetition_time_ms=2300,
        echo_time_ms=3,
        inversion_time_ms=950,
        source="assumed",
    ),
    t2=PulseSequence(
        kind="spin-echo",
        repetition_time_ms=6000,
        echo_time_ms=100,
        voxel_size_mm=(1.0, 1.0, 1.5),
        source="fitted",
    ),
    flair=replace(DOMAINS["C"].flair, voxel_size_mm=(1.0, 1.0, 1.0)),
)


def sharpen(anatomy: heads.Anatomy, settings: Realism, rng: np.random.Generator) -> heads.Anatomy:
    """The same head and lesions, its CSF, gray and white matter drawn anew with sharper folds.

    Where lesions lie little changes. The brain mask loses the CSF around the brain, as skull
    stripping takes it off.
    """
    inside = anatomy.brain_mask
    shape = inside.shape
    gm, wm = anatomy.gm_probability[inside], anatomy.wm_probability[inside]
    fine, wide = (smooth_field(shape, spacing, rng)[inside] for spacing in (3, 6))
    fold = settings.sulci * (0.8 * fine + 0.6 * wide)
    odds = np.stack(
        [
            np.clip(1 - gm - wm, 0.003, 1) * np.exp(fold),
            settings.cortex * (gm + 0.003),
            (wm + 0.003) * np.exp(settings.white * smooth_field(shape, 3, rng)[inside]),
        ]
    )
    odds **= settings.sharpness
    csf, gray, white = odds / odds.sum(axis=0)
    old = anatomy.tissues[:, inside]
    damage = old[3] / np.maximum(1 - old[0], 1e-6)  # share of the tissue that is not CSF
    drawn = np.stack([csf, gray * (1 - damage), white * (1 - damage), damage * (1 - csf)])
    near = ndimage.gaussian_filter(anatomy.lesion_mask.astype(np.float32), 1.5)[inside]
    kept = np.clip(4 * near, 0, 1)
    tissues = np.zeros_like(anatomy.tissues)
    tissues[:, inside] = kept * old + (1 - kept) * drawn
    mask = strip(tissues, anatomy.lesion_mask)
    return replace(anatomy, tissues=tissues * mask, brain_mask=mask)


def strip(tissues: NDArray[np.float32], lesion_mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where tissue is, with the folds between it closed: a tight brain mask, lesions included."""
    solid = ndimage.gaussian_filter(tissues[1:].sum(axis=0), 1.0) > 0.5
    closed = ndimage.binary_closing(solid, iterations=4)
    return ndimage.binary_fill_holes(closed) | lesion_mask


def vary(settings: Realism, rng: np.random.Generator) -> Realism:
    """The same settings, each within its spread: no two scanners are alike."""

    def about(value: float) -> float:
        return value * float(rng.uniform(1 - settings.spread, 1 + settings.spread))

    def about_one(value: float) -> float:  # contrasts move less
        return value * float(rng.uniform(1 - settings.spread / 3, 1 + settings.spread / 3))

    return replace(
        settings,
        sharpness=about(settings.sharpness),
        sulci=about(settings.sulci),
        stretch=about(settings.stretch),
        spots=about(settings.spots),
        gray={m: about_one(v) for m, v in settings.gray.items()},
        csf={m: about(v) for m, v in settings.csf.items()},
        lesion={m: about_one(v) for m, v in settings.lesion.items()},
        texture={m: (about(a), about(b)) for m, (a, b) in settings.texture.items()},
        noise=about(settings.noise),
        bias=about(settings.bias),
        csf_flow=about(settings.csf_flow),
    )


def scan(
    anatomy: heads.Anatomy, settings: Realism, rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """T1, T2 and FLAIR of a sharpened head: the phantom's scanner, then contrast, texture, spots.

    White matter stays near 1000; factors act on each voxel by its share of a tissue.
    """
    domain = replace(PROTOCOL, noise=settings.noise, bias=settings.bias, csf_flow=settings.csf_flow)
    csf, gray, _, lesion = anatomy.tissues
    uneven = [smooth_field(csf.shape, spacing, rng) for spacing in (2, 4)]
    factors = {}
    for m in MODALITIES:
        small, large = settings.texture[m]
        factor = 1 + (settings.gray[m] - 1) * gray + (settings.csf[m] - 1) * csf
        factor += (settings.lesion[m] - 1) * lesion
        factors[m] = factor * np.exp(small * uneven[0] + large * uneven[1])
        uneven = [smooth_field(csf.shape, spacing, rng) for spacing in (2, 4)]
    spot = np.clip(smooth_field(csf.shape, 2, rng) - SPOT_ABOVE, 0, 1) * (gray + csf)
    factors["flair"] *= 1 + settings.spots * spot
    soft = ndimage.gaussian_filter(anatomy.brain_mask.astype(np.float32), settings.rim)
    rim = np.clip(2 * soft - 1, 0, 1)  # 0 at the edge itself
    images = heads.scan(anatomy, domain, rng)
    return {m: (image * factors[m] * rim).astype(np.float32) for m, image in images.items()}


def realistic_subject(
    name: str, anatomy: heads.Anatomy, settings: Realism, rng: np.random.Generator
) -> Subject:
    """A labelled patient with this head, redrawn, sharpened and scanned with varied settings."""
    varied = vary(settings, rng)
    sharp = sharpen(redraw(anatomy, varied.stretch, rng), varied, rng)
    return Subject(
        name=name,
        images=scan(sharp, varied, rng),
        lesion_mask=sharp.lesion_mask,
        brain_mask=sharp.brain_mask,
        affine=heads.AFFINE.copy(),
    )
