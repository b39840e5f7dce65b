"""What a scanner can be set to (`Domain`, of `PulseSequence`s), and such settings drawn at random.

The settings of Table 1's four scanners are data in :mod:`rfe_study.phantom.domains`; `draw_domain`
draws those of other hospitals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rfe_core.scans.layouts import MODALITIES

#: Least and largest value of what is drawn, evenly in between. Times in ms, angle in degrees, edges
#: in mm: they reach beyond the four scanners, as protocols of other hospitals do (assumed).
RANGES: dict[str, tuple[float, float]] = {
    "t1 flip angle": (10.0, 20.0),
    "t1 inversion time": (850.0, 1100.0),
    "t2 echo time": (75.0, 115.0),
    "t2 repetition time": (2500.0, 6000.0),
    "flair echo time": (85.0, 140.0),
    "flair inversion time": (2200.0, 2700.0),
    "flair repetition time": (8000.0, 11000.0),
    "slice thickness": (1.0, 4.0),
    "edge": (1.0, 1.25),
    "noise": (0.02, 0.08),
    "bias": (0.05, 0.30),
    "csf flow": (0.2, 1.0),
}


@dataclass(frozen=True, kw_only=True)
class PulseSequence:
    """One pulse sequence: times in ms, flip angle in degrees, voxel size in mm (x, y, z).

    `source` says, part by part, where each number comes from (keys of `domains.SOURCES`).
    """

    kind: Literal["spin-echo", "inversion-recovery", "mprage", "spoiled-gradient-echo"]
    repetition_time_ms: float
    echo_time_ms: float
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    voxel_size_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    source: str


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A row of Table 1: a scanner, its three sequences and how many patients it contributes.

    Attributes
    ----------
    noise : float
        Standard deviation of the complex noise, as a share of the white-matter signal of a
        1 mm3 voxel of T2 or FLAIR. It falls with the square root of the voxel volume: larger
        voxels collect more signal but are scanned in less time (assumed).
    bias : float
        Intensity non-uniformity left after correction: 0.2 means a field from 0.9 to 1.1.
    csf_flow : float
        Strength of cerebrospinal fluid that flowed in after an inversion, and so is bright.
    """

    letter: str
    scanner: str
    field_strength_t: float
    n_train: int
    n_test: int
    t1: PulseSequence
    t2: PulseSequence
    flair: PulseSequence
    noise: float
    bias: float
    csf_flow: float

    def sequence(self, modality: str) -> PulseSequence:
        """The sequence behind ``"t1"``, ``"t2"`` or ``"flair"``."""
        if modality not in MODALITIES:
            raise ValueError(f"modality must be one of {MODALITIES}, got {modality!r}")
        return getattr(self, modality)


def draw_domain(rng: np.random.Generator) -> Domain:
    """A scanner with settings drawn from `RANGES`, at 1.5 or 3 T.

    T1 is an MPRAGE or a spoiled gradient echo; T2 and FLAIR have thick slices half of the time,
    T1 never. Echo and inversion times are what moves lesion scores most (Posselt et al., 2024).
    """

    def draw(name: str) -> float:
        return float(rng.uniform(*RANGES[name]))

    def voxel(thick: bool) -> tuple[float, float, float]:
        edge = draw("edge")
        return (edge, edge, draw("slice thickness") if thick else edge)

    if rng.random() < 0.5:
        t1 = PulseSequence(
            kind="mprage",
            repetition_time_ms=2300,
            echo_time_ms=3,
            inversion_time_ms=draw("t1 inversion time"),
            voxel_size_mm=voxel(thick=False),
            source="drawn",
        )
    else:
        t1 = PulseSequence(
            kind="spoiled-gradient-echo",
            repetition_time_ms=9.0,
            echo_time_ms=4.0,
            flip_angle_deg=draw("t1 flip angle"),
            voxel_size_mm=voxel(thick=False),
            source="drawn",
        )
    t2 = PulseSequence(
        kind="spin-echo",
        repetition_time_ms=draw("t2 repetition time"),
        echo_time_ms=draw("t2 echo time"),
        voxel_size_mm=voxel(thick=rng.random() < 0.5),
        source="drawn",
    )
    flair = PulseSequence(
        kind="inversion-recovery",
        repetition_time_ms=draw("flair repetition time"),
        echo_time_ms=draw("flair echo time"),
        inversion_time_ms=draw("flair inversion time"),
        voxel_size_mm=voxel(thick=rng.random() < 0.5),
        source="drawn",
    )
    return Domain(
        letter="R",
        scanner="drawn",
        field_strength_t=(1.5, 3.0)[int(rng.integers(2))],
        n_train=0,
        n_test=0,
        t1=t1,
        t2=t2,
        flair=flair,
        noise=draw("noise"),
        bias=draw("bias"),
        csf_flow=draw("csf flow"),
    )
